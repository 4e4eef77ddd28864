package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
)

// marshalInOrder marshals a list, one element after the other. It takes the place of graphql.MarshalSliceConcurrently, which has a
// goroutine for each; no option of gqlgen's prevents that, so go:generate puts this into what gqlgen has generated.
//
// An element that panics is null, and so is the list if it may have no null, as with gqlgen's.
func marshalInOrder(
	ctx context.Context, length int, _ int64, _ bool, marshal func(ctx context.Context, i int) graphql.Marshaler,
) graphql.Array {
	list, indices, elements := make(graphql.Array, length), make([]int, length), make([]graphql.FieldContext, length)
	for i := range length {
		indices[i] = i
		elements[i].Index = &indices[i]
		list[i] = marshalElement(graphql.WithFieldContext(ctx, &elements[i]), i, marshal)
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
