package graph_test

import (
	"fmt"
	"testing"

	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// TestStatements counts the statements of SQL that operations run, whatever the size of what they answer.
func TestStatements(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		token := s.account(t, "author", auth.Author)
		var ids []string
		for i := range 30 {
			var created struct {
				CreatePost struct{ Post struct{ ID string } }
			}
			s.ask(t, token, `mutation($title: String!) { createPost(input: {title: $title, content: "x"}) { post { id } } }`,
				map[string]any{"title": fmt.Sprint("Post ", i)}).into(t, &created)
			ids = append(ids, created.CreatePost.Post.ID)
		}
		for _, test := range []struct {
			name, token, query string
			variables          map[string]any
			want               int64
		}{
			{"one post of a list", "", `{ posts(first: 1) { nodes { title author { name } } pageInfo { hasNextPage } } }`, nil, 1},
			{"thirty posts of a list", "", `{ posts(first: 30) { edges { cursor node { title content author { name handle } viewerCanUpdate } } } }`, nil, 1},
			{"a list with its count", "", `{ posts(first: 30) { nodes { title } totalCount } }`, nil, 2},
			{"nothing but a count", "", `{ posts(first: 0) { totalCount } }`, nil, 2},
			{"a post", "", `{ post(by: {slug: "post-7"}) { title author { name } } }`, nil, 1},
			{"thirty nodes", "", `query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Post { author { name } } } }`, map[string]any{"ids": ids}, 1},
			{"the viewer, with the look-up of the session", token, `{ viewer { email user { name } } }`, nil, 2},
			{"nothing of ours", "", `{ __typename }`, nil, 0},
		} {
			t.Run(test.name, func(t *testing.T) {
				before := s.statements.Load()
				if a := s.ask(t, test.token, test.query, test.variables); len(a.Errors) > 0 {
					t.Fatal(a.Errors)
				}
				if got := s.statements.Load() - before; got != test.want {
					t.Errorf("%d statements, want %d", got, test.want)
				}
			})
		}
	})
}
