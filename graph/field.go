package graph

import (
	"bytes"
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// plain marshals a field that is no more than a field of what its object is in Go: nothing resolves it, and nothing guards it. It
// takes the place of graphql.ResolveField, which goes through interceptors of fields, of which there are none here.
//
// Only what has fields itself gets a context, by which errors below it know their path: no leaf of ours fails. What panics is null where
// the next field above it is resolved.
func plain[T any](
	ctx context.Context, field graphql.CollectedField, value T, marshal func(context.Context, ast.SelectionSet, T) graphql.Marshaler,
) graphql.Marshaler {
	if len(field.Selections) > 0 {
		ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: field.ObjectDefinition.Name, Field: field})
	}
	return marshal(ctx, field.Selections, value)
}

// later is what resolves a field of an object, when the rest of it is done. A function that gqlgen writes for it would have every
// field of every such object on the heap.
func later[T any](
	resolve func(context.Context, graphql.CollectedField, T) graphql.Marshaler, field graphql.CollectedField, obj T,
) func(context.Context) graphql.Marshaler {
	return func(ctx context.Context) graphql.Marshaler { return resolve(ctx, field, obj) }
}

// isAsked tells whether there is a field of that alias. Limits keep them few.
func isAsked(fields []graphql.CollectedField, alias string) bool {
	for i := range fields {
		if fields[i].Alias == alias {
			return true
		}
	}
	return false
}

// write writes an operation's data. A bytes.Buffer that nobody has told begins with 64 bytes, and so moves a page of posts six times.
func write(data graphql.Marshaler, buf *bytes.Buffer) {
	const least = 512
	buf.Grow(least)
	data.MarshalGQL(buf)
}
