package graph

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/99designs/gqlgen/graphql/handler/extension"
)

// TestListsAreMarshalledInOrder looks at a field that has arguments, as others go through no interceptor. It also fails where the race detector runs, if elements are marshalled at the same time.
func TestListsAreMarshalledInOrder(t *testing.T) {
	exec := executor.New(NewExecutableSchema(Config{Resolvers: &Resolver{}}))
	exec.Use(extension.Introspection{})
	seen := 0
	exec.AroundFields(func(ctx context.Context, next graphql.Resolver) (any, error) {
		if index := graphql.GetFieldContext(ctx).Parent.Index; index != nil {
			if *index != seen {
				t.Errorf("element %d comes after %d others", *index, seen)
			}
			seen++
		}
		return next(ctx)
	})
	ctx := graphql.StartOperationTrace(t.Context())
	operation, errs := exec.CreateOperationContext(ctx, &graphql.RawParams{Query: `{ __schema { types { fields { name } } } }`})
	if errs != nil {
		t.Fatal(errs)
	}
	responses, ctx := exec.DispatchOperation(ctx, operation)
	if response := responses(ctx); len(response.Errors) != 0 {
		t.Fatal(response.Errors)
	}
	if types := len(parsedSchema.Types); seen != types {
		t.Errorf("%d elements were marshalled, want %d", seen, types)
	}
}

// TestElementsThatPanic are null, each with an error, and the others are as they should be.
func TestElementsThatPanic(t *testing.T) {
	ctx := graphql.WithResponseContext(t.Context(), graphql.DefaultErrorPresenter,
		func(_ context.Context, panicked any) error { return fmt.Errorf("panic: %v", panicked) })
	list := marshalInOrder(ctx, 3, 0, false, func(_ context.Context, i int) graphql.Marshaler {
		if i == 1 {
			panic("no element")
		}
		return graphql.MarshalInt(i)
	})
	var text bytes.Buffer
	list.MarshalGQL(&text)
	errs := graphql.GetErrors(ctx)
	if text.String() != "[0,null,2]" || len(errs) != 1 || errs[0].Path.String() != "[1]" {
		t.Errorf("list = %s with %v, want [0,null,2] with an error of [1]", &text, errs)
	}
}
