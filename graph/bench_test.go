package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
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
	for i := range 1000 {
		s.ask(b, token, `mutation($title: String!) { createPost(input: {title: $title, content: "x"}) { post { id } } }`,
			map[string]any{"title": fmt.Sprint("Post ", i)})
	}
	titles := 0 // none is used twice
	for _, operation := range []struct {
		name, token, query string
	}{
		{"page of 20 posts", "", `{ posts(first: 20) { nodes { id title createdAt author { id name } } } }`},
		{"one post", "", `{ post(by: {slug: "post-7"}) { id title createdAt author { id name } } }`},
		{"viewer", token, `{ viewer { email user { id name } } }`},
		{"createPost", token, `mutation($title: String!) { createPost(input: {title: $title, content: "x"}) { post { id slug } } }`},
	} {
		b.Run(operation.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				titles++
				body, err := json.Marshal(map[string]any{
					"query": operation.query, "variables": map[string]string{"title": fmt.Sprint("Title ", titles)},
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
