package transport_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/99designs/gqlgen/graphql"

	"postern/graph"
	"postern/internal/executor"
	"postern/internal/transport"
)

const maxBody = 1 << 10

// newServer executes the real schema; what the tests ask of it needs no resolver.
func newServer(extensions ...graphql.HandlerExtension) http.Handler {
	exec := executor.New(executor.Options{Schema: graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{}})})
	for _, extension := range extensions {
		exec.Use(extension)
	}
	return transport.Handler{Executor: exec, Transports: []transport.Transport{
		transport.HTTP{MaxBody: maxBody, Variables: transport.Shape{Depth: 8, Items: 250}},
	}}
}

// ask sends a request with headers, each as Name: value.
func ask(t *testing.T, server http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		request.Header.Add(name, value)
	}
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, request)
	return answer
}

func post(t *testing.T, server http.Handler, body string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return ask(t, server, http.MethodPost, "/graphql", body, append(header, "Content-Type: application/json")...)
}

func get(t *testing.T, server http.Handler, query string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	return ask(t, server, http.MethodGet, "/graphql?"+url.Values{"query": {query}}.Encode(), "", header...)
}

// firstError is what an answer says first that went wrong; the data must not be there.
func firstError(t *testing.T, answer *httptest.ResponseRecorder) (message, code string) {
	t.Helper()
	var response struct {
		Data   *json.RawMessage
		Errors []struct {
			Message    string
			Extensions map[string]string
		}
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &response); err != nil || len(response.Errors) == 0 || response.Data != nil {
		t.Fatalf("answer = %d %q, want errors and no data", answer.Code, answer.Body)
	}
	return response.Errors[0].Message, response.Errors[0].Extensions["code"]
}

const (
	typename = `{"query":"{ __typename }"}`
	answered = `{"data":{"__typename":"Query"}}`
)

func TestBodyPasses(t *testing.T) {
	t.Parallel()
	server := newServer()
	for name, body := range map[string]string{
		"a query":         typename,
		"all there is":    ` {"query": "query A { __typename }", "operationName": "A", "variables": {}, "extensions": {}} ` + "\n",
		"nulls":           `{"query":"{ __typename }","operationName":null,"variables":null,"extensions":null}`,
		"unknown members": `{"query":"{ __typename }","id":[1],"id":[{"query":"{"}],"Query":"{","s":"\\\"}"}`,
		"escaped names":   ` {"\u0071uery" : "{ __typename }" , "variables" : { } } `,
		"wide variables":  `{"query":"{ __typename }","variables":{"a":[` + strings.Repeat("1,", 249) + `1],"b":"[[[[[[[[[[,"}}`,
		"deep variables":  `{"query":"{ __typename }","variables":{"a":[[[[[[[[1]]]]]]]]}}`,
		"other scripts":   `{"query":"# привет 🙂\n{ __typename }"}`,
		"a full kilobyte": `{"query":"{ __typename }` + strings.Repeat(" ", maxBody-len(typename)) + `"}`,
	} {
		for _, media := range []string{"application/json", "application/json; charset=utf-8", "APPLICATION/JSON ;charset=UTF-8"} {
			answer := ask(t, server, http.MethodPost, "/graphql", body, "Content-Type: "+media)
			if answer.Code != http.StatusOK || answer.Body.String() != answered {
				t.Errorf("POST %s as %s = %d %q, want %s", name, media, answer.Code, answer.Body, answered)
			}
		}
	}
}

func TestBodyIsRefused(t *testing.T) {
	t.Parallel()
	server := newServer()
	const secret = "hunter2"
	for _, test := range []struct {
		name, body string
		status     int
	}{
		{"empty", "", http.StatusBadRequest},
		{"blank", " \n", http.StatusBadRequest},
		{"text", secret, http.StatusBadRequest},
		{"GraphQL", "{ " + secret + " }", http.StatusBadRequest},
		{"cut", `{"query":"` + secret, http.StatusBadRequest},
		{"trailing data", typename + " " + secret, http.StatusBadRequest},
		{"a bracket too many", typename + "}", http.StatusBadRequest},
		{"two objects", typename + typename, http.StatusBadRequest},
		{"a byte order mark", "\ufeff" + typename, http.StatusBadRequest},
		{"UTF-16", "{\x00\"\x00q\x00\"\x00:\x001\x00}\x00", http.StatusBadRequest},
		{"a control character", "{\"query\":\"" + secret + "\x00\"}", http.StatusBadRequest},
		{"not UTF-8", `{"query":"` + secret + "\xff\"}", http.StatusBadRequest},
		{"a batch", `[{"query":"{a}"},{"query":"{b}"}]`, http.StatusBadRequest},
		{"a string", `"` + secret + `"`, http.StatusBadRequest},
		{"a number", `5`, http.StatusBadRequest},
		{"null", `null`, http.StatusBadRequest},
		{"a query of another type", `{"query":["` + secret + `"]}`, http.StatusBadRequest},
		{"variables in a list", `{"query":"{a}","variables":["` + secret + `"]}`, http.StatusBadRequest},
		{"a name of another type", `{"query":"{a}","operationName":5}`, http.StatusBadRequest},
		{"extensions of another type", `{"query":"{a}","extensions":true}`, http.StatusBadRequest},
		{"two queries", `{"query":"{a}","query":"{ __typename }"}`, http.StatusBadRequest},
		{"two queries, one of them escaped", `{"query":"{a}","\u0071uery":"{ __typename }"}`, http.StatusBadRequest},
		{"variables twice", `{"query":"{ __typename }","variables":null,"variables":{}}`, http.StatusBadRequest},
		{"a query in capitals", `{"QUERY":"{ __typename }"}`, http.StatusBadRequest},
		{"too many members", `{"query":"{ __typename }"` + strings.Repeat(`,"a":1`, 100) + `}`, http.StatusBadRequest},
		{"deep extensions", `{"query":"{ __typename }","extensions":{"a":[[[[[[[[[1]]]]]]]]]}}`, http.StatusBadRequest},
		{"nothing in it", `{}`, http.StatusBadRequest},
		{"no query", `{"variables":{"password":"` + secret + `"}}`, http.StatusBadRequest},
		{"an empty query", `{"query":""}`, http.StatusBadRequest},
		{"a byte too long", strings.Repeat(" ", maxBody+1), http.StatusRequestEntityTooLarge},
	} {
		answer := post(t, server, test.body)
		message, code := firstError(t, answer)
		if answer.Code != test.status || code != "BAD_REQUEST" || strings.Contains(answer.Body.String(), secret) {
			t.Errorf("POST %s = %d %s %q, want %d, BAD_REQUEST, and nothing of the request", test.name, answer.Code, code, message, test.status)
		}
	}
}

func TestBodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", iotest.ErrReader(errors.New("hunter2 is gone")))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	newServer().ServeHTTP(answer, request)
	if message, _ := firstError(t, answer); answer.Code != http.StatusBadRequest || message != "the body could not be read" {
		t.Errorf("POST of a body that breaks off = %d %q, want 400", answer.Code, answer.Body)
	}
}

func TestContentTypeIsRefused(t *testing.T) {
	t.Parallel()
	server := newServer()
	for _, header := range []string{
		"Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded", "Content-Type: multipart/form-data; boundary=x",
		"Content-Type: application/graphql", "Content-Type: application/json; charset=iso-8859-1", "Content-Type: ", "X: y",
	} {
		if answer := ask(t, server, http.MethodPost, "/graphql", typename, header); answer.Code != http.StatusUnsupportedMediaType {
			t.Errorf("POST with %q = %d, want 415", header, answer.Code)
		}
	}
	if answer := post(t, server, typename, "Content-Type: application/json"); answer.Code != http.StatusUnsupportedMediaType {
		t.Errorf("POST with two content types = %d, want 415", answer.Code)
	}
	if answer := post(t, server, typename, "Content-Encoding: gzip"); answer.Code != http.StatusUnsupportedMediaType {
		t.Errorf("POST of a compressed body = %d, want 415", answer.Code)
	}
}

func TestAccept(t *testing.T) {
	t.Parallel()
	server := newServer()
	const graphQL, plain = "application/graphql-response+json; charset=utf-8", "application/json; charset=utf-8"
	for accept, want := range map[string]string{
		"":                                  plain,
		"*/*":                               plain,
		"application/*":                     plain,
		"application/json":                  plain,
		"application/graphql-response+json": graphQL,
		"application/graphql-response+json, application/json":                       graphQL,
		"application/json, application/graphql-response+json":                       graphQL,
		"application/json, application/graphql-response+json;q=0.9":                 plain,
		"application/graphql-response+json;q=0.1, */*;q=0.2":                        plain,
		"application/graphql-response+json;q=0, */*":                                plain,
		"text/html, application/graphql-response+json;charset=utf-8":                graphQL,
		"Application/GraphQL-Response+JSON, application/JSON":                       graphQL,
		"application/json;Q=0.5, application/graphql-response+json;Q=0.4":           plain,
		"application/json, application/graphql-response+json;q=0x1p-2":              plain,
		"application/json;q=0.5, application/graphql-response+json;q=.9":            plain,
		"application/json;q=0.5, */*;q=1e0":                                         plain,
		`application/json, text/plain;a=", application/graphql-response+json, \","`: plain,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8":           plain,
	} {
		if got := post(t, server, typename, "Accept: "+accept).Header().Get("Content-Type"); got != want {
			t.Errorf("Accept: %s is answered as %s, want %s", accept, got, want)
		}
	}
	for _, accept := range []string{"text/html", "application/json;q=0", "application/xml", "application/json;charset=latin1", "nonsense", "application/json;q=0x1p-2", "application/json;q=0.1234", "application/json;q=1.001"} {
		if answer := post(t, server, typename, "Accept: "+accept); answer.Code != http.StatusNotAcceptable {
			t.Errorf("Accept: %s is answered %d, want 406", accept, answer.Code)
		}
	}
}

func TestStatusOfRequestErrors(t *testing.T) {
	t.Parallel()
	server := newServer()
	for name, body := range map[string]string{
		"malformed":        `{"query":"{"}`,
		"unknown field":    `{"query":"{ nothing }"}`,
		"wrong operation":  `{"query":"query A { __typename }","operationName":"B"}`,
		"deep variables":   `{"query":"{ __typename }","variables":{"a":[[[[[[[[[]]]]]]]]]}}`,
		"long variables":   `{"query":"{ __typename }","variables":{"a":[` + strings.Repeat("1,", 250) + `1]}}`,
		"missing variable": `{"query":"query($id: ID!) { node(id: $id) { id } }"}`,
	} {
		for media, want := range map[string]int{"application/json": http.StatusOK, "application/graphql-response+json": http.StatusBadRequest} {
			answer := post(t, server, body, "Accept: "+media)
			if _, code := firstError(t, answer); answer.Code != want || code == "" {
				t.Errorf("%s as %s = %d %s, want %d and a code", name, media, answer.Code, answer.Body, want)
			}
		}
	}
}

func TestGET(t *testing.T) {
	t.Parallel()
	server := newServer()
	answer := get(t, server, "{ __typename }")
	if answer.Code != http.StatusOK || answer.Body.String() != answered {
		t.Fatalf("GET = %d %s, want %s", answer.Code, answer.Body, answered)
	}
	if other := ask(t, server, http.MethodGet, "/graphql?query={__typename}&Query={&x=1&x=2&VARIABLES=1", ""); other.Body.String() != answered {
		t.Errorf("GET with names that nobody knows = %d %s, want %s", other.Code, other.Body, answered)
	}
	etag := answer.Header().Get("ETag")
	if etag == "" || answer.Header().Get("Cache-Control") != "public, no-cache" || answer.Header().Get("Vary") != "Accept, Accept-Encoding, Authorization, GraphQL-Cost" {
		t.Errorf("headers of a public answer = %v", answer.Header())
	}
	for _, match := range []string{etag, "W/" + etag, `"x", ` + etag, "*"} {
		if again := get(t, server, "{ __typename }", "If-None-Match: "+match); again.Code != http.StatusNotModified || again.Body.Len() > 0 {
			t.Errorf("If-None-Match: %s = %d %s, want 304", match, again.Code, again.Body)
		}
	}
	if again := get(t, server, "{ __typename }", `If-None-Match: "x"`); again.Code != http.StatusOK {
		t.Errorf("another tag = %d, want 200", again.Code)
	}
	if private := get(t, server, "{ __typename }", "Authorization: Bearer x"); private.Header().Get("ETag") != "" || private.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("headers of an answer to somebody = %v, want it not to be kept", private.Header())
	}
	if failed := get(t, server, "{ nothing }"); failed.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("headers of an answer with errors = %v, want it not to be kept", failed.Header())
	}
	if head := ask(t, server, http.MethodHead, "/graphql?query={__typename}", ""); head.Code != http.StatusOK || head.Body.Len() > 0 {
		t.Errorf("HEAD = %d %s, want no body", head.Code, head.Body)
	}
}

func TestGETIsRefused(t *testing.T) {
	t.Parallel()
	server := newServer()
	if answer := get(t, server, "mutation { logout { endedSessionId } }"); answer.Code != http.StatusMethodNotAllowed || answer.Header().Get("Allow") != "POST" {
		t.Errorf("a mutation by GET = %d, Allow: %s, want 405, POST", answer.Code, answer.Header().Get("Allow"))
	}
	for name, query := range map[string]string{
		"no query": "", "variables that are no JSON": "query={__typename}&variables={", "variables in a list": "query={__typename}&variables=[]",
		"two queries": "query={__typename}&query={__typename}", "a bad escape": "query=%zz", "extensions that are no object": "query={__typename}&extensions=1",
		"a query in capitals": "Query={__typename}", "variables twice": "query={__typename}&variables={}&variables={}",
	} {
		if answer := ask(t, server, http.MethodGet, "/graphql?"+query, ""); answer.Code != http.StatusBadRequest {
			t.Errorf("GET with %s = %d, want 400", name, answer.Code)
		}
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch, http.MethodTrace} {
		if answer := ask(t, server, method, "/graphql", typename); answer.Code != http.StatusMethodNotAllowed || answer.Header().Get("Allow") == "" {
			t.Errorf("%s = %d, want 405", method, answer.Code)
		}
	}
	if answer := post(t, server, `{"query":"subscription { postPublished { id } }"}`); answer.Code != http.StatusNotAcceptable {
		t.Errorf("a subscription by POST = %d, want 406", answer.Code)
	}
}
