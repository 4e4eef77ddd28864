package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestLimitSettings sets each limit to less than an operation has: it is refused with the limit's code, and Query.limits
// tells what was set.
func TestLimitSettings(t *testing.T) {
	const posts = `{ posts(first: 3) { nodes { id } totalCount } }`
	for _, test := range []struct {
		setting, value, shown, query, code string
	}{
		{"LIMIT_DOCUMENT_LENGTH", "40", "documentLength", posts, "DOCUMENT_LENGTH_LIMIT"},
		{"LIMIT_TOKENS", "12", "tokens", posts, "TOKEN_LIMIT"},
		{"LIMIT_DEPTH", "2", "depth", posts, "DEPTH_LIMIT"},
		{"LIMIT_INTROSPECTION_DEPTH", "1", "introspectionDepth", `{ __schema { types { name } } }`, "DEPTH_LIMIT"},
		{"LIMIT_ALIASES", "1", "aliases", `{ a: __typename b: __typename }`, "ALIAS_LIMIT"},
		{"LIMIT_ROOT_FIELDS", "1", "rootFields", `{ viewer { email } posts { totalCount } }`, "ROOT_FIELD_LIMIT"},
		{"LIMIT_MUTATION_ROOT_FIELDS", "1", "mutationRootFields", `mutation { logout { endedSessionId } revokeOtherSessions { revokedSessionIds } }`, "ROOT_FIELD_LIMIT"},
		{"LIMIT_DIRECTIVES", "1", "directives", `{ __typename @skip(if: false) posts @skip(if: false) { totalCount } }`, "DIRECTIVE_LIMIT"},
		{"LIMIT_DIRECTIVES_AT_ONCE", "1", "directivesAtOnce", `{ __typename @skip(if: false) @include(if: true) }`, "DIRECTIVE_LIMIT"},
		{"LIMIT_REPEATED_FIELDS", "1", "repeatedFields", `{ __typename __typename }`, "REPEATED_FIELD_LIMIT"},
		{"LIMIT_COST", "40", "cost", posts, "COST_LIMIT"},
		{"LIMIT_PAGE_SIZE", "2", "pageSize", posts, "BAD_USER_INPUT"},
		{"LIMIT_TIME", "1ns", "time", posts, "TIME_LIMIT"},
	} {
		t.Run(test.setting, func(t *testing.T) {
			p := start(t, environment{"DATA_DIR": t.TempDir(), test.setting: test.value})
			answer := p.post(t, "", test.query)
			if !strings.Contains(answer, `"code":"`+test.code+`"`) {
				t.Errorf("%s with %s=%s = %s, want %s", test.query, test.setting, test.value, answer, test.code)
			}
			if test.setting == "LIMIT_TIME" {
				return // it stops the next one, too
			}
			if shown := p.post(t, "", `{ limits { `+test.shown+` } }`); !strings.HasPrefix(shown, `{"data":{"limits":{"`+test.shown+`":`+test.value+`}}`) {
				t.Errorf("limits = %s, want %s %s", shown, test.shown, test.value)
			}
		})
	}
}

// TestLimitsOfRequests sends what is too much before it is an operation: a body, variables, headers.
func TestLimitsOfRequests(t *testing.T) {
	p := start(t, environment{
		"DATA_DIR": t.TempDir(), "LIMIT_BODY": "300", "LIMIT_VARIABLE_DEPTH": "2", "LIMIT_VARIABLE_ITEMS": "2",
	})
	for name, test := range map[string]struct {
		body, header string
		status       int
		code         string
	}{
		"a body":          {`{"query":"{ __typename }"}` + strings.Repeat(" ", 300), "", http.StatusRequestEntityTooLarge, "BAD_REQUEST"},
		"deep variables":  {`{"query":"{ __typename }","variables":{"a":{"b":{"c":{}}}}}`, "", http.StatusOK, "VARIABLE_LIMIT"},
		"long variables":  {`{"query":"{ __typename }","variables":{"a":[1,2,3]}}`, "", http.StatusOK, "VARIABLE_LIMIT"},
		"headers":         {`{"query":"{ __typename }"}`, strings.Repeat("h", 21<<10), http.StatusRequestHeaderFieldsTooLarge, ""},
		"within the rest": {`{"query":"{ __typename }","variables":{"a":[1,{"b":2}]}}`, strings.Repeat("h", 12<<10), http.StatusOK, ""},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/graphql", strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("X-Long", test.header)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != test.status || test.code != "" && !strings.Contains(string(answer), test.code) {
			t.Errorf("%s = %d %s, want %d %s", name, response.StatusCode, answer, test.status, test.code)
		}
	}
}

// TestCosts asks what operations cost, by the sums that PROTOCOL describes: a statement of SQL is 25, an object is 1, and only
// what the list holds counts as often as it is long.
func TestCosts(t *testing.T) {
	p := start(t, environment{"DATA_DIR": t.TempDir()})
	for query, want := range map[string]int{
		`{ __typename }`: 0,
		`{ posts(first: 100) { edges { node { author { name } } } pageInfo { endCursor } totalCount } }`: 25 + 100*3 + 1 + 25,
		`{ posts(first: 0) { totalCount } }`:                                            50,
		`{ posts { nodes { id } } }`:                                                    25 + 20,
		`{ posts(last: 7) { nodes { content } } }`:                                      25 + 7*(1+5),
		`{ nodes(ids: ["a", "b", "c"]) { id } }`:                                        100 + 3,
		`{ posts(first: 3) { nodes { author { posts(first: 2) { nodes { id } } } } } }`: 25 + 3*(1+1+25+2),
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/graphql",
			strings.NewReader(`{"query":`+quoted(query)+`}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("GraphQL-Cost", "1")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var answer struct {
			Extensions struct {
				Cost struct{ Requested, Limit int }
			}
		}
		err = json.NewDecoder(response.Body).Decode(&answer)
		_ = response.Body.Close()
		if got := answer.Extensions.Cost; err != nil || got.Requested != want || got.Limit != 2000 {
			t.Errorf("%s costs %d of %d, %v, want %d of 2000", query, got.Requested, got.Limit, err, want)
		}
	}
}

func quoted(text string) string {
	encoded, _ := json.Marshal(text) // a text always can be
	return string(encoded)
}
