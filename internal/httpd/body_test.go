package httpd_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
)

// problem is what an answer says went wrong, and by which code; "" if it is no error of GraphQL.
func problem(t *testing.T, answer *httptest.ResponseRecorder) (message, code string) {
	t.Helper()
	var response struct {
		Data   *json.RawMessage
		Errors []struct {
			Message    string
			Extensions map[string]string
		}
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &response); err != nil || len(response.Errors) != 1 || response.Data != nil {
		return "", ""
	}
	return response.Errors[0].Message, response.Errors[0].Extensions["code"]
}

func TestJSONBodyPasses(t *testing.T) {
	t.Parallel()
	s := newSite(t, echo)
	exactly := func(length int) string {
		body := `{"query":"`
		return body + strings.Repeat("a", length-len(body)-2) + `"}`
	}
	for name, body := range map[string]string{
		"a query":              `{"query":"{a}"}`,
		"all there is":         ` {"query": "{a}", "operationName": "A", "variables": {"a": [1, {"b": null}]}, "extensions": {}} ` + "\n",
		"nulls":                `{"query":"{a}","operationName":null,"variables":null,"extensions":null}`,
		"unknown members":      `{"query":"{a}","id":[1]}`,
		"other scripts":        `{"query":"# привет 🙂\n{a}","variables":{"a":"\u0000\ud83d\ude42"}}`,
		"a lone surrogate":     `{"query":"{a}","variables":{"a":"\ud800"}}`,
		"nested":               `{"query":"{a}","variables":{"a":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}}`,
		"a megabyte exactly":   exactly(1 << 20),
		"two queries of a key": `{"query":"{a}","query":"{b}"}`, // the last counts, here as in GraphQL's decoder
	} {
		for _, media := range []string{"application/json", "application/json; charset=utf-8", "APPLICATION/JSON ;charset=UTF-8"} {
			answer := s.ask(t, http.MethodPost, "/graphql", body, "Content-Type: "+media)
			if answer.Code != http.StatusOK || answer.Body.String() != body {
				t.Errorf("POST %s as %s = %d %.200q, want it to pass as it is", name, media, answer.Code, answer.Body)
			}
		}
	}
}

func TestJSONBodyRefuses(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(http.ResponseWriter, *http.Request) { t.Error("GraphQL was asked, want it not to be") })
	const secret = "hunter2"
	deep := strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)
	for _, test := range []struct {
		name, body string
		status     int
		message    string
	}{
		{"empty", "", 400, "the body is not valid JSON"},
		{"blank", " \n", 400, "the body is not valid JSON"},
		{"text", secret, 400, "the body is not valid JSON"},
		{"GraphQL", "{ " + secret + " }", 400, "the body is not valid JSON"},
		{"cut", `{"query":"` + secret, 400, "the body is not valid JSON"},
		{"trailing data", `{"query":"{a}"} ` + secret, 400, "the body is not valid JSON"},
		{"two objects", `{"query":"{a}"}{"query":"{a}"}`, 400, "the body is not valid JSON"},
		{"a byte order mark", "\ufeff" + `{"query":"{a}"}`, 400, "the body is not valid JSON"},
		{"UTF-16", "{\x00\"\x00q\x00\"\x00:\x001\x00}\x00", 400, "the body is not valid JSON"},
		{"a control character", "{\"query\":\"" + secret + "\x00\"}", 400, "the body is not valid JSON"},
		{"too deep", `{"query":"{a}","variables":{"a":` + deep + `}}`, 400, "the body is not valid JSON"},
		{"not UTF-8", `{"query":"` + secret + "\xff\"}", 400, "the body is not valid UTF-8"},
		{"a surrogate in UTF-8", "{\"query\":\"\xed\xa0\x80\"}", 400, "the body is not valid UTF-8"},
		{"a list", `["` + secret + `"]`, 400, "the body must be an object"},
		{"a batch", `[{"query":"{a}"},{"query":"{b}"}]`, 400, "the body must be an object"},
		{"a string", `"` + secret + `"`, 400, "the body must be an object"},
		{"a number", `5`, 400, "the body must be an object"},
		{"a query of another type", `{"query":["` + secret + `"]}`, 400, "the body must be an object"},
		{"variables in a list", `{"query":"{a}","variables":["` + secret + `"]}`, 400, "the body must be an object"},
		{"variables in a string", `{"query":"{a}","variables":"{}"}`, 400, "the body must be an object"},
		{"a name of another type", `{"query":"{a}","operationName":5}`, 400, "the body must be an object"},
		{"extensions of another type", `{"query":"{a}","extensions":true}`, 400, "the body must be an object"},
		{"null", `null`, 400, "the body has no query"},
		{"nothing in it", `{}`, 400, "the body has no query"},
		{"no query", `{"variables":{"password":"` + secret + `"}}`, 400, "the body has no query"},
		{"a null query", `{"query":null}`, 400, "the body has no query"},
		{"an empty query", `{"query":""}`, 400, "the body has no query"},
		{"a byte too long", `{"query":"` + strings.Repeat("a", 1<<20-11) + `"}`, 413, "the body is longer than 1 MB"},
		{"much too long", strings.Repeat(secret, 1<<19), 413, "the body is longer than 1 MB"},
	} {
		answer := s.post(t, test.body)
		message, code := problem(t, answer)
		if answer.Code != test.status || !strings.HasPrefix(message, test.message) || code != "BAD_REQUEST" {
			t.Errorf("POST %s = %d %q, want %d, BAD_REQUEST and %q", test.name, answer.Code, answer.Body, test.status, test.message)
		}
		if got := answer.Header().Get("Content-Type"); got != "application/json; charset=utf-8" || strings.Contains(answer.Body.String(), secret) {
			t.Errorf("POST %s = %s %q, want JSON that quotes nothing", test.name, got, answer.Body)
		}
	}
}

func TestJSONBodyWantsItsContentType(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(http.ResponseWriter, *http.Request) { t.Error("GraphQL was asked, want it not to be") })
	for _, media := range []string{
		"", "text/plain", "text/plain; application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
		"application/graphql", "application/json5", "application/json, text/plain", "application", "application/json; charset",
	} {
		answer := s.ask(t, http.MethodPost, "/graphql", `{"query":"{a}"}`, "Content-Type: "+media)
		if message, code := problem(t, answer); answer.Code != 415 || code != "BAD_REQUEST" || message != "the body must be application/json" {
			t.Errorf("POST as %q = %d %q, want 415", media, answer.Code, answer.Body)
		}
	}
	if answer := s.ask(t, http.MethodPost, "/graphql", `{"query":"{a}"}`); answer.Code != 415 {
		t.Errorf("POST without Content-Type = %d, want 415", answer.Code)
	}
}

func TestJSONBodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(http.ResponseWriter, *http.Request) { t.Error("GraphQL was asked, want it not to be") })
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", iotest.ErrReader(errors.New("hunter2 is gone")))
	r.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	s.ServeHTTP(answer, r)
	if message, _ := problem(t, answer); answer.Code != 400 || message != "the body could not be read" {
		t.Errorf("POST of a body that breaks off = %d %q, want 400", answer.Code, answer.Body)
	}
}

func TestJSONBodyIsForPOSTOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t, echo)
	for _, method := range []string{http.MethodGet, http.MethodOptions, http.MethodPut} {
		if answer := s.ask(t, method, "/graphql?query=%7Ba%7D", "anything"); answer.Code != 200 || answer.Body.String() != "anything" {
			t.Errorf("%s = %d %q, want it to be GraphQL's question", method, answer.Code, answer.Body)
		}
	}
}
