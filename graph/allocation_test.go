//go:build !race

package graph_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// TestAllocations counts what each operation allocates in the whole handler, on SQLite: a count is the same on every machine, which
// a time is not. Whoever brings one down writes the new one here, so that it does not grow again unnoticed.
func TestAllocations(t *testing.T) {
	s := newServerWith(t, storetest.SQLiteURL(t), options{pool: patient}) // which keeps no answers
	token := s.account(t, "author", auth.Author)
	for i := range 100 {
		s.ask(t, token, `mutation($title: String!) { createPost(input: {title: $title, content: "x"}) { post { id } } }`,
			map[string]any{"title": fmt.Sprint("Post ", i)})
	}
	for _, test := range []struct {
		name, token, query string
		want               float64
	}{
		{"a page of 20 posts", "", `{ posts(first: 20) { nodes { id title createdAt author { id name } } } }`, 308},
		{"one post", "", `{ post(by: {slug: "post-7"}) { id title createdAt author { id name } } }`, 91},
		{"the viewer", token, `{ viewer { email user { id name } } }`, 81},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := fmt.Sprintf(`{"query":%q}`, test.query)
			got := testing.AllocsPerRun(200, func() {
				request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", strings.NewReader(body))
				request.Header.Set("Content-Type", "application/json")
				if test.token != "" {
					request.Header.Set("Authorization", "Bearer "+test.token)
				}
				answer := httptest.NewRecorder()
				s.Config.Handler.ServeHTTP(answer, request)
				if answer.Code != http.StatusOK || strings.Contains(answer.Body.String(), `"errors"`) {
					t.Fatal(answer.Body)
				}
			})
			const more = 1.05
			if got > test.want*more || got < test.want/more {
				t.Errorf("%s takes %.0f allocations, want %.0f: within 5 %%", test.name, got, test.want)
			}
		})
	}
}
