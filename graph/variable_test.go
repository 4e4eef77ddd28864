package graph_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// TestBadVariables gives variables that are of no use: the whole request is refused, with the path of what is wrong, before
// anything of it is executed.
func TestBadVariables(t *testing.T) {
	s := newServer(t, storetest.SQLiteURL(t))
	token := s.account(t, "author", auth.Author)
	const (
		posts  = `query($v: Int) { __typename posts(first: $v) { totalCount } }`
		filter = `query($v: PostFilter) { __typename posts(filter: $v) { totalCount } }`
		post   = `query($v: PostLookup!) { __typename post(by: $v) { id } }`
		nodes  = `query($v: [ID!]!) { __typename nodes(ids: $v) { id } }`
		user   = `query($v: String!) { __typename user(by: {handle: $v}) { id } }`
		skip   = `query($v: Boolean!) { __typename posts @skip(if: $v) { totalCount } }`
		create = `mutation($v: CreatePostInput!) { createPost(input: $v) { post { id } } }`
		update = `mutation($v: UpdatePostInput!) { updatePost(input: $v) { post { id } } }`
	)
	type object map[string]any
	for _, test := range []struct {
		query string
		value any
		path  []any // below the variable
	}{
		{posts, math.MaxInt32 + 1, nil},
		{posts, math.MinInt32 - 1, nil},
		{posts, 1.5, nil},
		{posts, "1", nil},
		{posts, true, nil},
		{posts, []int{1}, nil},
		{user, 5, nil},
		{user, true, nil},
		{user, object{}, nil},
		{skip, "true", nil},
		{skip, 1, nil},
		{skip, nil, nil},
		{`query($v: Boolean = true) { __typename @skip(if: $v) }`, nil, nil},
		{`query($v: Boolean = true) { __typename ...F } fragment F on Query { posts @include(if: $v) { totalCount } }`, nil, nil},
		{`query($v: PostLookup = {id: "a"}) { post(by: $v) { id } }`, nil, nil},
		{`query($v: ID = "a") { __typename node(id: $v) { id } }`, nil, nil},
		{`query($v: [ID!] = []) { __typename nodes(ids: $v) { id } }`, nil, nil},
		{`query($v: ID = "a") { __typename nodes(ids: [$v]) { id } }`, nil, nil},
		{filter, object{"createdSince": "yesterday"}, []any{"createdSince"}},
		{filter, object{"createdSince": "2026-01-31T08:00:00.1234567Z"}, []any{"createdSince"}},
		{filter, object{"createdSince": "2026-02-30T08:00:00Z"}, []any{"createdSince"}},
		{filter, object{"createdSince": "1969-12-31T23:59:59Z"}, []any{"createdSince"}},
		{filter, object{"createdBefore": 1_770_000_000}, []any{"createdBefore"}},
		{filter, object{"createdBefore": object{}}, []any{"createdBefore"}},
		{filter, object{"authorId": 1.5}, []any{"authorId"}},
		{filter, object{"authorId": true}, []any{"authorId"}},
		{filter, object{"unknown": 1}, []any{"unknown"}},
		{filter, "all", nil},
		{nodes, []any{"a", nil}, []any{1.0}},
		{nodes, []any{"a", 1.5}, []any{1.0}},
		{nodes, nil, nil},
		{post, object{}, nil},
		{post, object{"id": "a", "slug": "b"}, nil},
		{post, object{"id": nil}, nil},
		{post, object{"id": "a", "slug": nil}, nil},
		{post, object{"slug": 5}, []any{"slug"}},
		{create, object{"title": "x"}, []any{"content"}},
		{create, object{"title": nil, "content": "x"}, []any{"title"}},
		{create, object{"title": 5, "content": "x"}, []any{"title"}},
		{update, object{"postId": "a", "expectedVersion": "1"}, []any{"expectedVersion"}},
		{update, object{"postId": "a", "expectedVersion": 1 << 31}, []any{"expectedVersion"}},
	} {
		t.Run(fmt.Sprint(test.value), func(t *testing.T) {
			a := s.ask(t, token, test.query, map[string]any{"v": test.value})
			if len(a.Errors) != 1 || a.Data != nil || a.code() != "BAD_USER_INPUT" {
				t.Fatalf("answer = %s %v, want no data and BAD_USER_INPUT", a.Data, a.Errors)
			}
			if got, want := a.Errors[0].Path, append([]any{"variable", "v"}, test.path...); !reflect.DeepEqual(got, want) {
				t.Errorf("path = %v (%s), want %v", got, a.Errors[0].Message, want)
			}
		})
	}
	if a := s.ask(t, "", nodes, map[string]any{"v": "post_1"}); len(a.Errors) > 0 {
		t.Errorf("one item in the place of a list = %v, want it to be taken (GraphQL, section 3.11)", a.Errors)
	}
}

// TestBadLiterals writes values that are of no use into the document: it does not fit the schema.
func TestBadLiterals(t *testing.T) {
	s := newServer(t, storetest.SQLiteURL(t))
	for _, arguments := range []string{
		`first: 2147483648`, `first: -2147483649`, `first: 99999999999999999999`, `first: 1.0`, `first: "1"`,
		`filter: {createdSince: "yesterday"}`, `filter: {createdSince: 2026}`, `filter: {createdSince: true}`,
		`filter: {createdSince: SOON}`, `filter: {createdSince: {}}`, `filter: {createdSince: ["2026-01-31T08:00:00Z"]}`,
		`filter: {createdSince: "2026-01-31"}`,
	} {
		a := s.ask(t, "", `{ posts(`+arguments+`) { totalCount } }`, nil)
		if a.Data != nil || a.code() != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("posts(%s) = %s %v, want it to be invalid", arguments, a.Data, a.Errors)
		}
	}
	// gqlparser takes {} for whatever scalar.
	for _, document := range []string{
		`{ __typename @skip(if: {}) }`, `{ posts(first: {}) { totalCount } }`, `{ posts(filter: {authorId: {}}) { totalCount } }`,
		`{ nodes(ids: [{}]) { id } }`, `{ post(by: {slug: {}}) { id } }`, `query($v: Int = {}) { posts(first: $v) { totalCount } }`,
	} {
		if a := s.ask(t, "", document, nil); a.Data != nil || a.code() != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%s = %s %v, want it to be invalid", document, a.Data, a.Errors)
		}
	}
	if a := s.ask(t, "", `query A { __typename } query B { __typename }`, nil); a.Errors[0].Message != "the document has several operations: operationName must say which" {
		t.Errorf("two operations without a name = %v", a.Errors)
	}
	for _, arguments := range []string{
		`first: null`, `first: 0`, `filter: null`, `filter: {createdSince: null}`, `filter: {createdSince: "2026-01-31T08:00:00.123456+05:30"}`,
	} {
		if a := s.ask(t, "", `{ posts(`+arguments+`) { totalCount } }`, nil); len(a.Errors) > 0 {
			t.Errorf("posts(%s) = %v, want it to be valid", arguments, a.Errors)
		}
	}
}
