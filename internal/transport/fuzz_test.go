package transport_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzRequest sends whatever it likes: the answer is JSON, never a 5xx, and data only where the request was one.
func FuzzRequest(f *testing.F) {
	for _, body := range []string{
		typename, `{"query":"{","variables":{}}`, `[]`, `{"query":"{ __typename }"} x`, `{"query":null}`, "\xff", `{"QUERY":"{ __typename }"}`,
		` { "query" : "\"{}[]," , "a" : [ { } , [ ] , { "b" : [ "\\" , 1 ] } ] , "variables" : { "c" : { } } } `, `{"\u0071uery":"{a}","query":1}`,
		`{"extensions":{"persistedQuery":{"sha256Hash":"A"}}}`, `{"documentId":"sha256:a","query":"{ __typename }"}`,
	} {
		f.Add(body, "query={__typename}")
	}
	f.Add("", "query=%zz&variables={}&extensions=1")
	server := newServer()
	f.Fuzz(func(t *testing.T, body, query string) {
		post := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(body))
		post.Header.Set("Content-Type", "application/json")
		get := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/graphql", http.NoBody)
		get.URL.RawQuery = query
		for _, request := range []*http.Request{post, get} {
			answer := httptest.NewRecorder()
			server.ServeHTTP(answer, request)
			if answer.Code >= http.StatusInternalServerError || !json.Valid(answer.Body.Bytes()) {
				t.Errorf("%s %q %q = %d %q", request.Method, body, query, answer.Code, answer.Body)
			}
		}
	})
}
