package graph

import (
	"context"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"

	"postern/internal/blog"
)

// TestDetail: what has the field anywhere reads whole posts, and nothing else does.
func TestDetail(t *testing.T) {
	for query, want := range map[string]blog.Detail{
		`{ posts { nodes { id title author { name } } pageInfo { hasNextPage } } }`:                             blog.Outline,
		`{ posts { nodes { content: title } } }`:                                                                blog.Outline,
		`mutation { createPost(input: {title: "content", content: "content"}) { post { id } } }`:                blog.Outline,
		`{ posts { nodes { ...Some } } } fragment Some on Post { title ... on Node { id } ... { slug } }`:       blog.Outline,
		`{ posts { nodes { content } } }`:                                                                       blog.Whole,
		`{ posts { nodes { title: content } } }`:                                                                blog.Whole,
		`{ posts { nodes { content @include(if: false) } } }`:                                                   blog.Whole,
		`{ posts { nodes { id ...A } } } fragment A on Node { ...B } fragment B on Post { content }`:            blog.Whole,
		`{ posts { nodes { ... { ... on Node { ... on Post { content } } } } } }`:                               blog.Whole,
		`query A { posts { nodes { id } } } query B { posts { nodes { content } } }`:                            blog.Whole,
		`query A { posts { nodes { content } } } query B { posts { nodes { id } } }`:                            blog.Whole,
		`{ post(by: {slug: "a"}) { content } posts { nodes { id } } }`:                                          blog.Whole,
		`{ posts { nodes { author { posts { nodes { author { posts { edges { node { content } } } } } } } } }}`: blog.Whole,
		`subscription { postPublished { author { posts { nodes { content } } } } }`:                             blog.Whole,
	} {
		document, errs := gqlparser.LoadQuery(parsedSchema, query) //nolint:staticcheck // it has the default rules
		if errs != nil {
			t.Errorf("%s: %v", query, errs)
			continue
		}
		ctx := graphql.WithOperationContext(context.Background(), &graphql.OperationContext{Doc: document})
		if got := detail(ctx); got != want {
			t.Errorf("detail(%s) = %v, want %v", query, got, want)
		}
		if allocated := testing.AllocsPerRun(10, func() { detail(ctx) }); allocated > 0 {
			t.Errorf("detail(%s) allocates %v times, want never", query, allocated)
		}
	}
}
