package graph_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// TestDefer: a directive that would lose what it stands at is unknown.
func TestDefer(t *testing.T) {
	s := newServer(t, storetest.SQLiteURL(t))
	for _, document := range []string{
		`{ posts { ... @defer { totalCount } } }`,
		`{ ...A @defer(label: "a") } fragment A on Query { posts { totalCount } }`,
	} {
		if a := s.ask(t, "", document, nil); a.code() != "GRAPHQL_VALIDATION_FAILED" || a.Data != nil {
			t.Errorf("%s = %s, %v, want GRAPHQL_VALIDATION_FAILED", document, a.Data, a.Errors)
		}
	}
	if a := s.ask(t, "", `{ __schema { directives { name } } }`, nil); strings.Contains(string(a.Data), "defer") {
		t.Errorf("directives = %s", a.Data)
	}
}

// TestErrorsQuoteNothing: what does not fit may be a password in the wrong place. An error says where it stands, and of what kind
// it should be.
func TestErrorsQuoteNothing(t *testing.T) {
	s := newServer(t, storetest.SQLiteURL(t))
	for document, want := range map[string]string{
		`{ posts(first: "hunter2") { totalCount } }`:                    "Int cannot represent non-integer value",
		`{ posts(after: [": hunter2"]) { totalCount } }`:                "String cannot represent a non string value",
		`{ posts(filter: "a, found hunter2") { totalCount } }`:          `Expected value of type "PostFilter"`,
		`{ node(id: ["hunter2"]) { id } }`:                              "ID cannot represent a non-string and non-integer value",
		`{ node(id: null) { id } }`:                                     `Expected value of type "ID!", found null.`,
		`{ posts(after "hunter2") { totalCount } }`:                     "Expected :, found String",
		`hunter2 { posts }`:                                             "Unexpected Name",
		`fragment A hunter2 Query { posts }`:                            `Expected "on", found Name`,
		`query($r: Role = hunter2) { __typename }`:                      `The value does not exist in "Role" enum.`,
		`query($r: Role = hunter2ADMIN) { __typename }`:                 `The value does not exist in "Role" enum.`,
		`query($r: [Role!] = [ADMIN, hunter2]) { __typename }`:          `The value does not exist in "Role!" enum.`,
		`query($r: Role = ADMINN) { __typename }`:                       `The value does not exist in "Role" enum. Did you mean the enum value "ADMIN"?`,
		`query($r: Role = ": hunter2") { __typename }`:                  `Enum "Role" cannot represent non-enum value`,
		`query($r: Role = ["hunter2"]) { __typename }`:                  `Enum "Role" cannot represent non-enum value`,
		`{ posts @auth(requires: hunter2) { totalCount } }`:             `The value does not exist in "Role!" enum.`,
		`{ posts @include(if: hunter2) { totalCount } }`:                "Boolean cannot represent a non boolean value",
		`{ posts(after: "\uhunter2") { totalCount } }`:                  "Unexpected <Invalid>",
		`{ posts(after: "\u1"hunter2`:                                   "Unexpected <Invalid>",
		`{ posts(after: hunter2%) { totalCount } }`:                     "Expected Name, found <Invalid>",
		`query($v: UserLookup!) { user(by: $v) { id } }`:                "unknown field",
		`query($w: Int) { posts(first: $w) { totalCount } }`:            "cannot use string as Int",
		`query($v: Boolean!) { posts { totalCount @include(if: $v) } }`: "cannot use map as Boolean",
	} {
		a := s.ask(t, "", document, map[string]any{"v": map[string]any{"my hunter2": 1}, "w": "hunter2"})
		if len(a.Errors) == 0 || a.Errors[0].Message != want || strings.Contains(fmt.Sprint(a.Errors), "hunter2") {
			t.Errorf("%s is answered %v, want %q", document, a.Errors, want)
		}
	}
	a := s.send(t, "", []byte(`{"query":"{ posts { totalCount } }","operationName":"hunter2"}`))
	if len(a.Errors) == 0 || a.Errors[0].Message != "the document has no operation of this name" {
		t.Errorf("another operation's name is answered %v", a.Errors)
	}
}

// TestBadInput sends what no client should, and expects a clear answer of the right kind: never a 5xx, and nothing changed.
func TestBadInput(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		token := s.account(t, "author", auth.Author)
		s.account(t, "taken", auth.Author)
		created := s.ask(t, token, `mutation { createPost(input: {title: "Taken", content: "x"}) { post { id } } }`, nil)
		var post struct {
			CreatePost struct{ Post struct{ ID string } }
		}
		created.into(t, &post)
		id := post.CreatePost.Post.ID
		before := s.everything(t, token)

		for name, test := range badInput(id) {
			t.Run(name, func(t *testing.T) {
				a := s.ask(t, token, test.query, test.variables)
				if a.Status >= http.StatusInternalServerError {
					t.Errorf("status = %d, want less than 500", a.Status)
				}
				if test.code != "" {
					if a.code() != test.code {
						t.Errorf("code = %v (%v), want %s", a.code(), a.Errors, test.code)
					}
					return
				}
				if len(a.Errors) > 0 {
					t.Fatalf("errors = %v, want none at the top level", a.Errors)
				}
				var data map[string]struct{ Errors []userError }
				a.into(t, &data)
				for _, payload := range data {
					if len(payload.Errors) == 0 || payload.Errors[0].Typename != test.typename {
						t.Errorf("errors = %v, want a %s", payload.Errors, test.typename)
					}
				}
			})
		}
		if after := s.everything(t, token); after != before {
			t.Errorf("something changed:\n%s\nis now\n%s", before, after)
		}
	})
}

type userError struct {
	Typename string `json:"__typename"`
	Message  string
	Path     []string
}

// everything is what a client can see of the database.
func (s *server) everything(tb testing.TB, token string) string {
	tb.Helper()
	return string(s.ask(tb, token, `{
		posts(first: 100) { totalCount nodes { id slug title content version updatedAt author { handle name } } }
		viewer { email role user { handle name } sessions { totalCount } }
	}`, nil).Data)
}

// badCase is an operation that must fail: with a code at the top level, or with a type in the payload's errors.
type badCase struct {
	query     string
	variables map[string]any
	code      string
	typename  string
}

func badInput(postID string) map[string]badCase {
	const create = `mutation($title: String!, $content: String!, $slug: String) {
		createPost(input: {title: $title, content: $content, slug: $slug}) { errors { __typename message path } } }`
	const update = `mutation($title: String, $content: String, $slug: String) {
		updatePost(input: {postId: "%s", title: $title, content: $content, slug: $slug}) { errors { __typename message path } } }`
	const signup = `mutation($email: String!, $name: String!, $handle: String, $password: String!) {
		signup(input: {email: $email, name: $name, handle: $handle, password: $password}) { errors { __typename message path } } }`

	cases := map[string]badCase{}
	payload := func(name, typename, query string, variables map[string]any) {
		cases[name] = badCase{query: query, variables: variables, typename: typename}
	}
	top := func(name, code, query string, variables map[string]any) {
		cases[name] = badCase{query: query, variables: variables, code: code}
	}

	for name, title := range map[string]string{
		"empty": "", "blank": " \t\u00a0\u3000", "too long": strings.Repeat("é", 201), "of two lines": "a\nb",
		"of two paragraphs": "a\u2029b", "with NUL": "a\x00b", "with a control character": "a\x1bb", "invisible": "\u200b\u2060",
	} {
		payload("a title "+name, "ValidationError", create, map[string]any{"title": title, "content": "x"})
		payload("a new title "+name, "ValidationError", fmt.Sprintf(update, postID), map[string]any{"title": title})
	}
	for name, content := range map[string]string{
		"empty": "", "blank": "\n \n", "of 100,001 characters": strings.Repeat("🎉", 100_001), "with NUL": "a\x00",
	} {
		payload("content "+name, "ValidationError", create, map[string]any{"title": "x", "content": content})
		payload("new content "+name, "ValidationError", fmt.Sprintf(update, postID), map[string]any{"content": content})
	}
	for name, slug := range map[string]string{
		"empty": "", "with a space": "a b", "in capitals": "Abc", "with NUL": "a\x00", "too long": strings.Repeat("a", 101), "of hyphens": "---",
	} {
		payload("a slug "+name, "ValidationError", create, map[string]any{"title": "x", "content": "x", "slug": slug})
	}
	payload("a taken slug", "TakenError", create, map[string]any{"title": "x", "content": "x", "slug": "taken"})

	account := func(key, value string) map[string]any {
		fields := map[string]any{"email": "new@example.org", "name": "New", "password": password}
		fields[key] = value
		return fields
	}
	for name, email := range map[string]string{
		"without @": "ada", "with a space": "a da@example.org", "without a domain": "ada@", "without a name": "@example.org",
		"with NUL": "a\x00@example.org", "with a line break": "a@example.org\r\nBcc: b@example.org", "too long": strings.Repeat("a", 250) + "@example.org",
		"with two @": "a@b@example.org", "empty": "",
	} {
		payload("an email "+name, "ValidationError", signup, account("email", email))
	}
	payload("a taken email in other case", "TakenError", signup, account("email", " TAKEN@Example.org "))
	payload("a taken handle", "TakenError", signup, account("handle", "taken"))
	for name, handle := range map[string]string{"too short": "a", "in capitals": "Ada", "with an underscore": "a_b", "too long": strings.Repeat("a", 33), "in another script": "ада"} {
		payload("a handle "+name, "ValidationError", signup, account("handle", handle))
	}
	for name, pass := range map[string]string{"too short": "only14letters!", "too long": strings.Repeat("ab cd ", 22), "well known": "passwordpassword"} {
		payload("a password "+name, "ValidationError", signup, account("password", pass))
	}

	for name, id := range map[string]string{
		"unknown": "post_7zzzzzzzzzzzzzzzzzzzzzzzzz", "malformed": "nonsense", "empty": "", "with NUL": "post_\x00", "huge": strings.Repeat("a", 10_000),
		"of another type": strings.Replace(postID, "post_", "user_", 1),
	} {
		payload("an id "+name, "NotFoundError", `mutation($id: ID!) { deletePost(input: {postId: $id}) { errors { __typename } } }`, map[string]any{"id": id})
	}

	const posts = `query($first: Int, $last: Int, $after: String, $before: String, $filter: PostFilter) {
		posts(first: $first, last: $last, after: $after, before: $before, filter: $filter) { totalCount } }`
	for name, args := range map[string]map[string]any{
		"first = -1": {"first": -1}, "first = 101": {"first": 101}, "last = -1": {"last": -1}, "last = 101": {"last": 101},
		"first and last": {"first": 1, "last": 1}, "a malformed cursor": {"after": "nonsense"}, "an empty cursor": {"before": ""},
		"a cursor that is an id": {"after": postID}, "a cursor of sessions": {"after": "cwAAAAAAAAAAAAAAAAAAAAA"},
		"a cursor with NUL": {"after": "\x00"}, "a moment that is none": {"filter": map[string]any{"createdSince": "yesterday"}},
		"a moment in nanoseconds": {"filter": map[string]any{"createdSince": "2026-01-31T08:00:00.123456789Z"}},
	} {
		top(name, "BAD_USER_INPUT", posts, args)
	}
	top("an Int of 33 bits", "BAD_USER_INPUT", posts, map[string]any{"first": 1 << 32})
	top("an Int that is a String", "BAD_USER_INPUT", posts, map[string]any{"first": "1"})
	top("101 ids", "BAD_USER_INPUT", `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, map[string]any{"ids": make([]string, 101)})

	const byVariable = `query($by: PostLookup!) { post(by: $by) { id } }`
	for name, by := range map[string]map[string]any{
		"none": {}, "two": {"id": "a", "slug": "b"}, "null": {"id": nil}, "one and null": {"id": "a", "slug": nil},
	} {
		top("@oneOf as a variable with "+name, "BAD_USER_INPUT", byVariable, map[string]any{"by": by})
	}
	for name, literal := range map[string]string{
		"none": `{}`, "two": `{id: "a", slug: "b"}`, "null": `{id: null}`, "one and null": `{id: "a", slug: null}`,
	} {
		top("@oneOf as a literal with "+name, "GRAPHQL_VALIDATION_FAILED", `{ post(by: `+literal+`) { id } }`, nil)
		top("@oneOf of users as a literal with "+name, "GRAPHQL_VALIDATION_FAILED",
			`{ user(by: `+strings.ReplaceAll(literal, "slug", "handle")+`) { id } }`, nil)
	}
	return cases
}

// TestBadBody sends bodies that are no requests.
func TestBadBody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		for name, test := range map[string]struct {
			body string
			want int
		}{
			"no JSON":                    {`{"query":`, http.StatusBadRequest},
			"an array":                   {`[{"query":"{ __typename }"}]`, http.StatusBadRequest},
			"a string":                   {`"{ __typename }"`, http.StatusBadRequest},
			"null":                       {`null`, http.StatusBadRequest},
			"nothing":                    {``, http.StatusBadRequest},
			"no query":                   {`{}`, http.StatusBadRequest},
			"a query that is a number":   {`{"query": 1}`, http.StatusBadRequest},
			"variables that are a list":  {`{"query": "{ __typename }", "variables": []}`, http.StatusBadRequest},
			"more after the object":      {`{"query": "{ __typename }"} x`, http.StatusBadRequest},
			"invalid UTF-8":              {"{\"query\": \"{ __typename } # \xff\"}", http.StatusBadRequest},
			"10 MB":                      {`{"query": "{ __typename } #` + strings.Repeat("a", 10<<20) + `"}`, http.StatusRequestEntityTooLarge},
			"a document that is no such": {`{"query": "hello"}`, http.StatusOK},
		} {
			t.Run(name, func(t *testing.T) {
				a := s.send(t, "", []byte(test.body))
				if a.Status != test.want || len(a.Errors) != 1 || a.code() == nil {
					t.Errorf("answer = %d %v, want %d and one error with a code", a.Status, a.Errors, test.want)
				}
			})
		}
	})
}

// TestTextIsKept sends texts that are easily broken, and reads them back.
func TestTextIsKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		token := s.account(t, "author", auth.Author)
		for name, text := range map[string]string{
			"emoji":             "👩🏽‍🚀 🏳️‍🌈 🇪🇺",
			"right to left":     "שלום (עולם) مرحبا \u200f!",
			"combining":         "e\u0301 is not é, and Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘ is kept",
			"space at the ends": " a ",
			"quotes":            `"'` + "`; DROP TABLE posts; -- \\u0000 \\",
		} {
			t.Run(name, func(t *testing.T) {
				var data struct {
					CreatePost struct {
						Post struct{ Title, Content string }
					}
				}
				s.ask(t, token, `mutation($text: String!) { createPost(input: {title: $text, content: $text}) { post { title content } } }`,
					map[string]any{"text": text}).into(t, &data)
				if post := data.CreatePost.Post; post.Title != text || post.Content != text {
					t.Errorf("post = %q, %q, want %q", post.Title, post.Content, text)
				}
			})
		}
		long := strings.Repeat("𐍈", 100_000)
		var data struct {
			CreatePost struct{ Post struct{ Content string } }
		}
		s.ask(t, token, `mutation($text: String!) { createPost(input: {title: "Long", content: $text}) { post { content } } }`,
			map[string]any{"text": long}).into(t, &data)
		if data.CreatePost.Post.Content != long {
			t.Error("100,000 characters of four bytes did not come back as they went")
		}
	})
}
