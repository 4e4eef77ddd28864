package transport_test

import (
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"postern/graph"
	"postern/internal/executor"
	"postern/internal/transport"
)

// TestMemory sends bodies of nearly a megabyte that would be many objects: refusing them takes 10 MB at most. It runs alone, as
// it counts what the whole process allocates.
//
//nolint:paralleltest // see above
func TestMemory(t *testing.T) {
	const megabyte, most = 1 << 20, 10 << 20
	server := transport.Handler{
		Executor:   executor.New(executor.Options{Schema: graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{}})}),
		Transports: []transport.Transport{transport.HTTP{MaxBody: megabyte, Variables: transport.Shape{Depth: 8, Items: 250}}},
	}
	fill := func(begin, item, end string) string {
		return begin + strings.Repeat(item+",", (megabyte-len(begin)-len(end)-len(item))/(len(item)+1)) + item + end
	}
	const ask = `{"query":"{ __typename }",`
	short := "[" + strings.Repeat(`{"a":0},`, 249) + `{"a":0}]` // no longer than a list may be
	wide := "[" + strings.Repeat(short+",", 249) + short + "]"
	for name, test := range map[string]struct {
		body, code string
	}{
		"objects in a variable":         {fill(ask+`"variables":{"a":[`, `{"a":0}`, "]}}"), "VARIABLE_LIMIT"},
		"variables":                     {fill(ask+`"variables":{`, `"a":{}`, "}}"), "VARIABLE_LIMIT"},
		"short lists of short lists":    {ask + `"variables":{"a":` + wide + `,"b":` + wide + "}}", "VARIABLE_LIMIT"},
		"variables that are a list":     {fill(ask+`"variables":[`, `{"a":0}`, "]}"), "VARIABLE_LIMIT"},
		"brackets":                      {ask + `"variables":{"a":` + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}}", "VARIABLE_LIMIT"},
		"more brackets":                 {ask + `"variables":{"a":` + strings.Repeat("[", 500000) + strings.Repeat("]", 500000) + "}}", "BAD_REQUEST"},
		"objects in an extension":       {fill(ask+`"extensions":{"a":[`, `{"a":0}`, "]}}"), "BAD_REQUEST"},
		"unknown members":               {fill("{", `"abcde":0`, "}"), "BAD_REQUEST"},
		"unknown members, escaped":      {fill("{", `"\u0061":0`, "}"), "BAD_REQUEST"},
		"objects in an unknown member":  {fill(`{"a":[`, `{"a":0}`, "]}"), "BAD_REQUEST"},
		"objects in place of the query": {fill(`{"query":[`, `{"a":0}`, "]}"), "BAD_REQUEST"},
		"a batch":                       {fill("[", `{"a":0}`, "]"), "BAD_REQUEST"},
	} {
		if len(test.body) > megabyte {
			t.Fatalf("%s: the body has %d bytes", name, len(test.body))
		}
		request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(test.body))
		request.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		server.ServeHTTP(answer, request)
		runtime.ReadMemStats(&after)
		if _, code := firstError(t, answer); code != test.code {
			t.Errorf("%s = %d %s, want %s", name, answer.Code, answer.Body, test.code)
		}
		allocated := after.TotalAlloc - before.TotalAlloc
		if allocated > most {
			t.Errorf("%s took %d bytes, want %d at most", name, allocated, most)
		}
		t.Logf("%s: %d bytes", name, allocated)
	}
}
