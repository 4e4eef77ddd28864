package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// TestContentIsNeverMissing asks for the contents of posts in all ways that there are: each is there, as often as it is due.
func TestContentIsNeverMissing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		token := s.account(t, "ada", auth.Author)
		const posts = 3
		var ids []string
		for i := range posts {
			var made struct {
				CreatePost struct{ Post struct{ ID string } }
			}
			s.ask(t, token, `mutation($title: String!) { createPost(input: {title: $title, content: "CONTENT"}) { post { id } } }`,
				map[string]any{"title": fmt.Sprint("Post ", i)}).into(t, &made)
			ids = append(ids, made.CreatePost.Post.ID)
		}
		const body, page = ` fragment Body on Post { content }`, ` fragment Page on PostConnection { nodes { ...Body } }`
		for _, test := range []struct {
			query string
			want  int
		}{
			{`{ posts { nodes { id title } } }`, 0},
			{`{ posts { nodes { content: title } } }`, 0},
			{`{ posts { nodes { content } } }`, posts},
			{`{ posts { edges { node { content } } } }`, posts},
			{`{ posts { nodes { title: content } } }`, posts},
			{`{ a: posts { nodes { id } } b: posts { nodes { content } } }`, posts},
			{`{ posts { nodes { ...Body } } }` + body, posts},
			{`{ posts { ...Page } }` + page + body, posts},
			{`{ ...All }` + body + page + ` fragment All on Query { posts { ...Page } }`, posts},
			{`{ posts { nodes { ... { content } } } }`, posts},
			{`{ posts { nodes { ... on Post { content } } } }`, posts},
			{`{ posts { nodes { ... on Node { ... on Post { content } } } } }`, posts},
			{`{ ... on Query { posts { ... on PostConnection { nodes { ... on Node { ...Body } } } } } }` + body, posts},
			{`{ posts { nodes { ...AsNode } } } fragment AsNode on Node { id ... on Post { content } }`, posts},
			{`query($yes: Boolean!) { posts { nodes { id content @include(if: $yes) } } }`, posts},
			{`query($no: Boolean!) { posts { nodes { id content @include(if: $no) } } }`, 0},
			{`query($no: Boolean!) { posts { nodes { id ...Body @skip(if: $no) } } }` + body, posts},
			{`query($no: Boolean!) { posts { nodes { id ... @skip(if: $no) { content } } } }`, posts},
			{`{ posts { nodes { id ...Body @skip(if: true) ...Body } } }` + body, posts},
			{`{ posts(first: 3) { nodes { author { posts(first: 3) { nodes { content } } } } } }`, posts * posts},
			{`{ posts { nodes { content author { posts { nodes { id } } } } } }`, posts},
			{`{ user(by: {handle: "ada"}) { posts { nodes { content } } } }`, posts},
			{`{ viewer { user { posts { edges { node { ...Body } } } } } }` + body, posts},
			{`query($ids: [ID!]!) { nodes(ids: $ids) { ... on Post { content } } }`, posts},
			{`query($ids: [ID!]!) { nodes(ids: $ids) { ... on Post { id author { posts { nodes { content } } } } } }`, posts * posts},
			{`query($id: ID!) { node(id: $id) { ... on Post { content } } }`, 1},
			{`query($id: ID!) { node(id: $id) { ... on Post { author { ... on User { posts { nodes { content } } } } } } }`, posts},
			{`query($id: ID!) { post(by: {id: $id}) { id ...Body } }` + body, 1},
			{`mutation($id: ID!) { updatePost(input: {postId: $id, title: "Other"}) { post { content } } }`, 1},
			{`mutation($id: ID!) { updatePost(input: {postId: $id, title: "Other"}) { post { author { posts { nodes { content } } } } } }`, posts},
			{`mutation($id: ID!) { updatePost(input: {postId: $id, expectedVersion: 99, title: "No"}) {
				errors { ... on ConflictError { current { content author { posts { nodes { id } } } } } } } }`, 1},
		} {
			variables := map[string]any{}
			for name, value := range map[string]any{"yes": true, "no": false, "id": ids[1], "ids": ids} {
				if strings.Contains(test.query, "$"+name+":") {
					variables[name] = value
				}
			}
			a := s.ask(t, token, test.query, variables)
			if got := strings.Count(string(a.Data), `"CONTENT"`); got != test.want || len(a.Errors) > 0 {
				t.Errorf("%s has %d contents and %v, want %d", test.query, got, a.Errors, test.want)
			}
		}
	})
}

// TestPageInfoIsNeverWrong asks where a page stands in many ways: both flags of a page in the middle are true, each time.
func TestPageInfoIsNeverWrong(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		token := s.account(t, "ada", auth.Author)
		for i := range 3 {
			s.ask(t, token, `mutation($title: String!) { createPost(input: {title: $title, content: "…"}) { post { id } } }`,
				map[string]any{"title": fmt.Sprint("Post ", i)})
			s.ask(t, "", `mutation { login(input: {email: "ada@example.org", password: "`+password+`"}) { errors { message } } }`, nil)
		}
		type first struct{ PageInfo struct{ StartCursor string } }
		var own struct {
			Viewer struct {
				User struct {
					ID    string
					Posts first
				}
				Sessions, Activity first
			}
		}
		s.ask(t, token, `{ viewer { user { id posts { ...on PostConnection { pageInfo { startCursor } } } }
			sessions { pageInfo { startCursor } } activity { pageInfo { startCursor } } } }`, nil).into(t, &own)
		const info = ` fragment Info on PageInfo { hasNextPage hasPreviousPage }`
		for _, test := range []struct {
			query string
			want  int
		}{
			{`{ posts(first: 1, after: "POST") { nodes { id } } }`, 0},
			{`{ posts(first: 1, after: "POST") { pageInfo { hasNextPage hasPreviousPage } } }`, 1},
			{`{ posts(first: 1, after: "POST") { nodes { id } info: pageInfo { a: hasNextPage b: hasPreviousPage } } }`, 1},
			{`{ posts(first: 1, after: "POST") { ... @include(if: true) { pageInfo { ...Info } } } }` + info, 1},
			{`{ posts(first: 1, after: "POST") { ...Page } } fragment Page on PostConnection { pageInfo { ...Info } }` + info, 1},
			{`{ a: posts(first: 1, after: "POST") { nodes { id } } b: posts(first: 1, after: "POST") { pageInfo { ...Info } } }` + info, 1},
			{`{ user(by: {handle: "ada"}) { posts(first: 1, after: "POST") { edges { cursor } pageInfo { ...Info } } } }` + info, 1},
			{`{ viewer { user { posts(first: 1, after: "POST") { pageInfo { ...Info } } } } }` + info, 1},
			{`{ node(id: "ADA") { ... on User { posts(first: 1, after: "POST") { pageInfo { ...Info } } } } }` + info, 1},
			{`mutation { updateProfile(input: {name: "A. L."}) {
				viewer { user { posts(first: 1, after: "POST") { pageInfo { hasNextPage hasPreviousPage } } } } } }`, 1},
			{`{ viewer { sessions(first: 1) { nodes { id } } } }`, 0},
			{`{ viewer { sessions(first: 1, after: "SESSION") { ...Page } } } fragment Page on SessionConnection { pageInfo { ...Info } }` + info, 1},
			{`{ viewer { activity(first: 1, after: "EVENT") { pageInfo { hasNextPage hasPreviousPage } } } }`, 1},
		} {
			query := strings.NewReplacer("ADA", own.Viewer.User.ID, "POST", own.Viewer.User.Posts.PageInfo.StartCursor,
				"SESSION", own.Viewer.Sessions.PageInfo.StartCursor, "EVENT", own.Viewer.Activity.PageInfo.StartCursor).Replace(test.query)
			a := s.ask(t, token, query, nil)
			if got := strings.Count(string(a.Data), `":true`); got != 2*test.want || len(a.Errors) > 0 {
				t.Errorf("%s is answered %s and %v, want %d flags that are true", test.query, a.Data, a.Errors, 2*test.want)
			}
		}
	})
}
