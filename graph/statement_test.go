package graph_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/limit"
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
			{"the viewer, whose session was looked up a moment ago", token, `{ viewer { email user { name } } }`, nil, 1},
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

// TestLookUpsOfSessions counts the statements of requests whose session was looked up at some time before.
func TestLookUpsOfSessions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		token := s.account(t, "ada", auth.Author)
		for _, test := range []struct {
			later time.Duration
			want  int64
		}{{0, 1}, {0, 0}, {1900 * time.Millisecond, 0}, {100 * time.Millisecond, 1}, {0, 0}} {
			s.clock.Add(test.later.Microseconds())
			before := s.statements.Load()
			s.ask(t, token, `{ __typename }`, nil)
			if got := s.statements.Load() - before; got != test.want {
				t.Errorf("%v later: %d statements, want %d", test.later, got, test.want)
			}
		}
	})
}

// TestStatementsArePaidFor runs operations that need many statements, and mutations at their worst: each statement is paid for
// by 25 of what the operation costs, so that none runs more than the limit of cost allows.
func TestStatementsArePaidFor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		token := s.account(t, "ada", auth.Author)
		var made struct {
			CreatePost struct{ Post struct{ ID string } }
			Viewer     struct {
				User     struct{ ID string }
				Sessions struct{ Nodes []struct{ ID string } }
				Activity struct{ Nodes []struct{ ID string } }
			}
			Login struct{ Tokens struct{ RefreshToken string } }
		}
		const create = `mutation { createPost(input: {title: "Taken", content: "x"}) { post { id title author { name } } errors { message } } }`
		for range 5 { // so that the next one finds all numbered slugs taken
			s.ask(t, token, create, nil).into(t, &made)
		}
		const signup = `mutation($email: String!, $password: String!) {
			signup(input: {email: $email, password: $password, name: "Taken"}) { viewer { email } errors { message } } }`
		for i := range 5 {
			s.ask(t, "", signup, map[string]any{"email": fmt.Sprintf("taken-%d@example.org", i), "password": password})
		}
		credentials := map[string]any{"email": "ada@example.org", "password": password, "new": "another " + password}
		s.ask(t, token, `{ viewer { user { id } sessions { nodes { id } } activity { nodes { id } } } }`, nil).into(t, &made)
		s.ask(t, "", `mutation($email: String!, $password: String!) { login(input: {email: $email, password: $password}) { tokens { refreshToken } } }`,
			map[string]any{"email": "ada@example.org", "password": password}).into(t, &made)
		taken, err := s.store.CredentialsByEmail(t.Context(), "taken-0@example.org")
		if err != nil {
			t.Fatal(err)
		}
		mailed := func(kind account.MailKind, email string) map[string]any {
			return map[string]any{"token": s.tokenOfMail(t, kind, taken.ID, email), "new": "another " + password}
		}
		ids := []string{
			made.CreatePost.Post.ID, made.Viewer.User.ID, made.Viewer.Sessions.Nodes[0].ID, made.Viewer.Activity.Nodes[0].ID,
		}
		for _, test := range []struct {
			query     string
			variables map[string]any
		}{
			{`query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, map[string]any{"ids": ids}},
			{`query($id: ID!) { node(id: $id) { id } }`, map[string]any{"id": ids[2]}},
			{`{ viewer { sessions { totalCount } activity(first: 30) { totalCount nodes { id kind } } } }`, nil},
			{`{ posts(first: 30) { totalCount nodes { author { posts(first: 0) { totalCount } } } } }`, nil},
			{create, nil},
			{signup, map[string]any{"email": "new@example.org", "password": password}},
			{signup, map[string]any{"email": "new@example.org", "password": password}}, // which is taken now
			{`mutation($email: String!, $password: String!) { login(input: {email: $email, password: $password}) { viewer { email } } }`, credentials},
			{`mutation($token: String!) { refreshToken(input: {refreshToken: $token}) { viewer { email } } }`, map[string]any{"token": made.Login.Tokens.RefreshToken}},
			{`mutation($id: ID!) { updatePost(input: {postId: $id, title: "T"}) { post { id } } }`, map[string]any{"id": ids[0]}},
			{`mutation { updateProfile(input: {name: "A", handle: "taken"}) { viewer { email } } }`, nil},
			{`mutation($id: ID!) { deletePost(input: {postId: $id}) { deletedPostId } }`, map[string]any{"id": ids[0]}},
			{`mutation($password: String!, $new: String!) { changePassword(input: {currentPassword: $password, newPassword: $new}) { viewer { email } } }`, credentials},
			{`mutation($email: String!) { requestPasswordReset(input: {email: $email}) { errors { message } } }`, credentials},
			{`mutation { requestEmailVerification { errors { message } } }`, nil},
			{
				`mutation($password: String!) { changeEmail(input: {password: $password, newEmail: "new-ada@example.org"}) { errors { message } } }`,
				map[string]any{"password": "another " + password},
			},
			{
				`mutation($token: String!, $new: String!) { resetPassword(input: {token: $token, newPassword: $new}) { errors { message } } }`,
				mailed(account.MailResetPassword, "taken-0@example.org"),
			},
			{
				`mutation($token: String!) { verifyEmail(input: {token: $token}) { errors { message } } }`,
				mailed(account.MailConfirmEmail, "newer@example.org"),
			},
			{
				`mutation($token: String!, $new: String!) { undoEmailChange(input: {token: $token, newPassword: $new}) { errors { message } } }`,
				mailed(account.MailEmailChanged, "taken-0@example.org"),
			},
			{`mutation { revokeOtherSessions { revokedSessionIds } }`, nil},
			{`mutation($new: String!) { exportAccount(input: {password: $new}) { export } }`, credentials},
			{`mutation($new: String!) { deleteAccount(input: {password: $new}) { deletedUserId } }`, credentials},
		} {
			before := s.statements.Load()
			cost := s.cost(t, token, test.query, test.variables)
			if ran := s.statements.Load() - before; ran*25 > cost {
				t.Errorf("%s runs %d statements and costs %d, want 25 for each", test.query, ran, cost)
			}
		}
	})
}

// cost runs an operation and returns what it costs.
func (s *server) cost(t *testing.T, token, query string, variables map[string]any) int64 {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set(limit.CostHeader, "1")
	recorder := httptest.NewRecorder()
	s.Config.Handler.ServeHTTP(recorder, request)
	var a struct {
		Errors     []any
		Extensions struct{ Cost struct{ Requested int64 } }
	}
	if err := json.Unmarshal(recorder.Body.Bytes(), &a); err != nil || len(a.Errors) > 0 {
		t.Fatalf("%s = %s, %v", query, recorder.Body, err)
	}
	return a.Extensions.Cost.Requested
}
