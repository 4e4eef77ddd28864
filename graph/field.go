package graph

import (
	"bytes"
	"context"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// plain marshals a field that is no more than a field of what its object is in Go: nothing resolves it, and nothing guards it. It
// takes the place of graphql.ResolveField, which goes through interceptors of fields, of which there are none here.
//
// Only what has fields itself gets a context, by which errors below it know their path: no leaf of ours fails. What panics is null where
// the next field above it is resolved.
func plain[T any](
	ctx context.Context, c *collected, field graphql.CollectedField, value T,
	marshal func(context.Context, ast.SelectionSet, T) graphql.Marshaler,
) graphql.Marshaler {
	if len(field.Selections) > 0 {
		ctx = c.below(ctx, field)
	}
	return marshal(ctx, field.Selections, value)
}

// told marshals a field that a method of its object tells, or fails to.
func told[T any](
	ctx context.Context, c *collected, field graphql.CollectedField, tell func() (T, error),
	marshal func(context.Context, ast.SelectionSet, T) graphql.Marshaler,
) graphql.Marshaler {
	value, err := tell()
	if err != nil {
		ctx = c.below(ctx, field)
		graphql.AddError(ctx, graphql.AddFieldLocationToError(ctx, err))
		return graphql.Null
	}
	return plain(ctx, c, field, value, marshal)
}

// resolve marshals a field that a resolver resolves. It takes the place of graphql.ResolveField, which goes through interceptors as well.
func resolve[T any](
	ctx context.Context, operation *graphql.OperationContext, field graphql.CollectedField,
	begin func(context.Context, graphql.CollectedField) (*graphql.FieldContext, error), resolver func(context.Context) (any, error),
	marshal func(context.Context, ast.SelectionSet, T) graphql.Marshaler, nonNull bool,
) (marshalled graphql.Marshaler) {
	begun, err := begin(ctx, field)
	if err != nil {
		return graphql.Null
	}
	ctx = graphql.WithFieldContext(ctx, begun)
	defer func() {
		if panicked := recover(); panicked != nil {
			operation.Error(ctx, operation.Recover(ctx, panicked))
			marshalled = graphql.Null
		}
	}()
	resolved, err := resolver(ctx)
	if err != nil {
		operation.Error(ctx, graphql.AddFieldLocationToError(ctx, err))
		return graphql.Null
	}
	value, ok := resolved.(T)
	if !ok { // it is an interface, and nil
		if nonNull {
			graphql.AddInvalidNullError(ctx, "")
		}
		return graphql.Null
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

// argument is the one of that name, or the zero value. It takes the place of graphql.ProcessArgField, which notes where an argument
// stands before it is read; here that is done only for one that was found to be wrong, which is then read again.
func argument[T any](
	ctx context.Context, given map[string]any, name string, read func(context.Context, any) (T, error),
) (T, error) {
	value, is := given[name]
	if !is {
		var none T
		return none, nil
	}
	if argument, err := read(ctx, value); err == nil {
		return argument, nil
	}
	return graphql.ProcessArgField(ctx, given, name, read)
}

// at is where a field of an input object is read, so that an error tells where it stands: within an argument that is read again for that.
func at(ctx context.Context, name string) context.Context {
	if graphql.GetPathContext(ctx) == nil {
		return ctx
	}
	return graphql.WithPathContext(ctx, graphql.NewPathWithField(name))
}

// unindexed takes the place of what lets resolvers read input objects, which none does.
func unindexed(ctx context.Context, _ func() *graphql.InputUnmarshalerIndex) context.Context {
	return ctx
}

// noIndex takes the place of what would make the index of all input objects for those, of everything that there is.
func noIndex() *graphql.InputUnmarshalerIndex { return nil }

// buffers are those of answers, each of which grows but once.
//
//nolint:gochecknoglobals // a pool serves all
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// write writes an operation's data, by way of a buffer that has grown already: one that is new would move a page of posts six times.
func write(data graphql.Marshaler, buf *bytes.Buffer) {
	const most = 64 << 10 // what has grown to more is not kept for answers that are shorter
	grown := buffers.Get().(*bytes.Buffer)
	grown.Reset()
	data.MarshalGQL(grown)
	buf.Write(grown.Bytes())
	if grown.Cap() <= most {
		buffers.Put(grown)
	}
}
