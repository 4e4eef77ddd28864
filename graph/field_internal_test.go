package graph

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// TestResolve compares what a resolver comes to with what it does by gqlgen's way.
func TestResolve(t *testing.T) {
	t.Parallel()
	field := graphql.CollectedField{Field: &ast.Field{
		Alias: "it", Name: "node", ObjectDefinition: &ast.Definition{Name: "Query"},
		Definition: &ast.FieldDefinition{Name: "node", Type: ast.NonNullNamedType("Node", nil)},
	}}
	marshal := func(ctx context.Context, _ ast.SelectionSet, node Node) graphql.Marshaler {
		if node == nil {
			panic("it cannot be marshalled")
		}
		return MarshalString(fmt.Sprint(graphql.GetPath(ctx), node))
	}
	for name, resolver := range map[string]func(context.Context) (any, error){
		"a value":       func(context.Context) (any, error) { return Node(thing{}), nil },
		"null":          func(context.Context) (any, error) { return Node(nil), nil },
		"an error":      func(context.Context) (any, error) { return nil, errors.New("there is none") },
		"a panic":       func(context.Context) (any, error) { panic("while it is resolved") },
		"a nil pointer": func(context.Context) (any, error) { return Node((*thing)(nil)), nil },
	} {
		for _, refused := range []error{nil, errors.New("an argument does not fit")} {
			for _, nonNull := range []bool{false, true} {
				begin := func(_ context.Context, field graphql.CollectedField) (*graphql.FieldContext, error) {
					return &graphql.FieldContext{Object: "Query", Field: field}, refused
				}
				run := func(resolve func(context.Context, *graphql.OperationContext) graphql.Marshaler) string {
					ctx := graphql.WithResponseContext(t.Context(), graphql.DefaultErrorPresenter, graphql.DefaultRecover)
					var text bytes.Buffer
					resolve(ctx, &graphql.OperationContext{
						RecoverFunc:        func(_ context.Context, panicked any) error { return fmt.Errorf("panic: %v", panicked) },
						ResolverMiddleware: func(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) },
					}).MarshalGQL(&text)
					return fmt.Sprint(&text, graphql.GetErrors(ctx))
				}
				got := run(func(ctx context.Context, operation *graphql.OperationContext) graphql.Marshaler {
					return resolve(ctx, operation, field, begin, resolver, marshal, nonNull)
				})
				want := run(func(ctx context.Context, operation *graphql.OperationContext) graphql.Marshaler {
					return graphql.ResolveField(ctx, operation, field, begin, resolver, nil, marshal, true, nonNull)
				})
				if got != want {
					t.Errorf("%s (null is allowed: %t) comes to %s, want %s", name, !nonNull, got, want)
				}
			}
		}
	}
}

// thing is some object.
type thing struct{}

// IsNode implements Node.
func (thing) IsNode() {}
