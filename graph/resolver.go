// Package graph is the GraphQL edge: it translates between the schema and the domain, and decides nothing. Each field that
// is more than a field of a domain type delegates to one method of a service.
//
// It may import the domain and what lies below, but no SQL and no other edge.
package graph

//go:generate go tool gqlgen generate
//
//go:generate gofmt -r "graphql.MarshalSliceConcurrently -> marshalInOrder" -w generated.go
//go:generate gofmt -r "graphql.CollectFields(ec.OperationContext, s, i) -> ec.collect(ec.OperationContext, s, i)" -w generated.go
//go:generate gofmt -r "struct{ *graphql.ExecutionContextState[a, b, c] } -> struct{ *graphql.ExecutionContextState[a, b, c]; collected; objects }" -w generated.go
//go:generate gofmt -r "graphql.NewFieldSet -> ec.newObject" -w generated.go
//go:generate gofmt -r "graphql.NewDeferredGroup(ctx) -> notDeferred()" -w generated.go
//go:generate gofmt -r "make(chan graphql.DeferredResult) -> nil" -w generated.go
//go:generate gofmt -r "graphql.WithRootFieldContext(ctx, a) -> ctx" -w generated.go
//go:generate gofmt -r "graphql.WithLazyInputUnmarshalerIndex -> unindexed" -w generated.go
//go:generate gofmt -r "graphql.ResolveField(ctx, ec.OperationContext, field, c, func(ctx context.Context) (any, error) { return x, nil }, nil, func(ctx context.Context, selections ast.SelectionSet, v t) graphql.Marshaler { return m(ctx, selections, v) }, r, n) -> plain(ctx, &ec.collected, field, x, m)" -w generated.go
//go:generate gofmt -r "graphql.ResolveField(ctx, ec.OperationContext, field, c, func(ctx context.Context) (any, error) { return f() }, nil, func(ctx context.Context, selections ast.SelectionSet, v t) graphql.Marshaler { return m(ctx, selections, v) }, r, n) -> told(ctx, &ec.collected, field, f, m)" -w generated.go
//go:generate gofmt -r "graphql.ResolveField(ctx, ec.OperationContext, field, c, f, nil, m, true, n) -> resolve(ctx, ec.OperationContext, field, c, f, m, n)" -w generated.go
//go:generate gofmt -r "func() *graphql.InputUnmarshalerIndex { return i } -> noIndex" -w generated.go
//go:generate gofmt -r "graphql.ProcessArgField -> argument" -w generated.go
//go:generate gofmt -r "graphql.WithPathContext(ctx, graphql.NewPathWithField(k)) -> at(ctx, k)" -w generated.go
//go:generate gofmt -r "func(ctx context.Context) graphql.Marshaler { return f(ctx, field, obj) } -> later(f, field, obj)" -w generated.go
//go:generate gofmt -r "data.MarshalGQL(&buf) -> write(data, &buf)" -w generated.go

import (
	"context"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
)

// Resolver is the root of all resolvers.
type Resolver struct {
	Accounts *account.Service
	Posts    *blog.Service
	Limits   Limits
}

// viewer is the account that asks; for an anonymous caller it is nobody, who may do nothing.
func viewer(ctx context.Context) auth.Viewer {
	if v := auth.FromContext(ctx).Viewer; v != nil {
		return *v
	}
	return auth.Viewer{}
}

// ref makes a pointer of what a method returned.
func ref[T any](value T, err error) (*T, error) { return &value, err }
