package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	neturl "net/url"
	"strings"
	"testing"

	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// BenchmarkOperations measures operations in the whole handler, from the request's body to the answer's, on both databases.
func BenchmarkOperations(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkOperations(b, storetest.SQLiteURL(b)) })
	b.Run("postgres", func(b *testing.B) { benchmarkOperations(b, storetest.PostgresURL(b)) })
}

func benchmarkOperations(b *testing.B, url string) {
	s := newServer(b, url)
	token := s.account(b, "author", auth.Author)
	var last struct {
		CreatePost struct{ Post struct{ ID string } }
	}
	for i := range 1000 {
		s.ask(b, token, `mutation($title: String!, $content: String!) {
			createPost(input: {title: $title, content: $content}) { post { id } }
		}`, map[string]any{"title": fmt.Sprint("Post ", i), "content": strings.Repeat("A sentence. ", 100)}).into(b, &last)
	}
	titles := 0 // none is used twice
	for _, operation := range []struct {
		name, token, query string
	}{
		{"page of 20 posts", "", `{ posts(first: 20) { nodes { id title createdAt author { id name } } } }`},
		{"one post", "", `query($id: ID!) { post(by: {id: $id}) { id title content createdAt author { id name } } }`},
		{"viewer", token, `{ viewer { email user { id name } } }`},
		{"createPost", token, `mutation($title: String!) { createPost(input: {title: $title, content: "x"}) { post { id slug } } }`},
	} {
		b.Run(operation.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				titles++
				body, err := json.Marshal(map[string]any{
					"query": operation.query, "variables": map[string]string{"title": fmt.Sprint("Title ", titles), "id": last.CreatePost.Post.ID},
				})
				if err != nil {
					b.Fatal(err)
				}
				request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
				request.Header.Set("Content-Type", "application/json")
				if operation.token != "" {
					request.Header.Set("Authorization", "Bearer "+operation.token)
				}
				answer := httptest.NewRecorder()
				s.Config.Handler.ServeHTTP(answer, request)
				if bytes.Contains(answer.Body.Bytes(), []byte(`"errors":[{`)) {
					b.Fatal(answer.Body)
				}
			}
		})
	}
}

// BenchmarkSameQuestion measures one question again and again, in the whole handler: with what is kept of its answers, and without;
// and a handler that writes the same bytes and does nothing else.
func BenchmarkSameQuestion(b *testing.B) {
	for _, database := range []struct {
		name string
		url  func(testing.TB) string
	}{{"sqlite", storetest.SQLiteURL}, {"postgres", storetest.PostgresURL}} {
		b.Run(database.name, func(b *testing.B) { benchmarkSameQuestion(b, database.url(b)) })
	}
}

func benchmarkSameQuestion(b *testing.B, url string) {
	const query = `{ posts(first: 20) { nodes { id title createdAt author { id name } } } }`
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		b.Fatal(err)
	}
	target := "/graphql?" + neturl.Values{"query": {query}}.Encode()
	kept := newServer(b, url)
	fresh := newServerWith(b, url, options{introspection: true, pool: patient})
	token := kept.account(b, "author", auth.Author)
	for i := range 1000 {
		kept.ask(b, token, `mutation($title: String!) { createPost(input: {title: $title, content: "x"}) { post { id } } }`,
			map[string]any{"title": fmt.Sprint("Post ", i)})
	}
	answer := kept.send(b, "", body).Data
	bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(answer)
	})
	for _, handler := range []struct {
		name string
		http.Handler
	}{{"kept", kept.Config.Handler}, {"fresh", fresh.Config.Handler}, {"bare", bare}} {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			b.Run(method+" "+handler.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					var request *http.Request
					if method == http.MethodPost {
						request = httptest.NewRequestWithContext(b.Context(), method, "/graphql", bytes.NewReader(body))
						request.Header.Set("Content-Type", "application/json")
					} else {
						request = httptest.NewRequestWithContext(b.Context(), method, target, nil)
					}
					answer := httptest.NewRecorder()
					handler.ServeHTTP(answer, request)
					if answer.Code != http.StatusOK {
						b.Fatal(answer.Body)
					}
				}
			})
		}
	}
}
