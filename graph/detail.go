package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"postern/internal/blog"
)

// detail is how much of the posts in a list an operation shows.
func detail(ctx context.Context) blog.Detail {
	if shows(ctx, "content") {
		return blog.Whole
	}
	return blog.Outline
}

// shows tells whether an operation has a field of that name. Whatever in its document has it counts, also in fragments, and in operations
// that are not asked for now: what could be missed is never worth what is saved.
func shows(ctx context.Context, name string) bool {
	document := graphql.GetOperationContext(ctx).Doc
	for _, operation := range document.Operations {
		if selects(operation.SelectionSet, name) {
			return true
		}
	}
	for _, fragment := range document.Fragments {
		if selects(fragment.SelectionSet, name) {
			return true
		}
	}
	return false
}

// selects tells whether any field in a selection has that name, whatever it is called in the answer and whether or not it is included.
// What fragments that are spread have is theirs.
func selects(set ast.SelectionSet, name string) bool {
	for _, selection := range set {
		switch s := selection.(type) {
		case *ast.Field:
			if s.Name == name || selects(s.SelectionSet, name) {
				return true
			}
		case *ast.InlineFragment:
			if selects(s.SelectionSet, name) {
				return true
			}
		}
	}
	return false
}
