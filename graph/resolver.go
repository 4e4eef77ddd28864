// Package graph is the GraphQL edge: it translates between the schema and the domain, and decides nothing. Each field that
// is more than a field of a domain type delegates to one method of a service.
//
// It may import the domain and what lies below, but no SQL and no other edge.
package graph

//go:generate go tool gqlgen generate
//go:generate gofmt -r "graphql.MarshalSliceConcurrently -> marshalInOrder" -w generated.go
//go:generate gofmt -r "graphql.NewFieldSet -> newObject" -w generated.go
//go:generate gofmt -r "graphql.NewDeferredGroup(ctx) -> notDeferred()" -w generated.go

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
