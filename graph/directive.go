package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"postern/internal/auth"
	"postern/internal/fault"
)

// authDirective lets a field be resolved for accounts of a role that is high enough. Whose the thing is that the field
// changes is the service's question.
func authDirective(ctx context.Context, _ any, next graphql.Resolver, requires auth.Role) (any, error) {
	caller := auth.FromContext(ctx)
	switch {
	case caller.Viewer == nil:
		return nil, caller.Refusal
	case caller.Viewer.Role < requires:
		return nil, fault.New(fault.NotAllowed, "this needs the role %s; yours is %s", requires, caller.Viewer.Role)
	}
	return next(ctx)
}
