package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// marshalInOrder marshals a list, one element after the other, which therefore share one context. It takes the place of
// graphql.MarshalSliceConcurrently, which has a goroutine for each; no option of gqlgen's prevents that, so go:generate puts this into
// what gqlgen has generated.
//
// An element that panics is null, and so is the list if it may have no null, as with gqlgen's.
func marshalInOrder(
	ctx context.Context, length int, _ int64, _ bool, marshal func(ctx context.Context, i int) graphql.Marshaler,
) graphql.Array {
	list := make(graphql.Array, length)
	var element struct { // the one that is marshalled
		graphql.FieldContext

		index int
	}
	element.Index = &element.index
	ctx = graphql.WithFieldContext(ctx, &element.FieldContext)
	for i := range length {
		element.index = i
		list[i] = marshalElement(ctx, i, marshal)
	}
	return list
}

func marshalElement(
	ctx context.Context, i int, marshal func(ctx context.Context, i int) graphql.Marshaler,
) (element graphql.Marshaler) {
	defer func() {
		if panicked := recover(); panicked != nil {
			graphql.AddError(ctx, graphql.Recover(ctx, panicked))
			element = graphql.Null
		}
	}()
	return marshal(ctx, i)
}
