package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"postern/internal/auth"
	"postern/internal/fault"
)

// guard is @auth.
type guard struct {
	authorize auth.Sessions
}

// auth lets a field be resolved for accounts of a role that is high enough. Whose the thing is that the field changes is the
// service's question.
//
// The fields of a mutation are resolved one after the other, and those of a WebSocket long after its start: each asks
// anew whether the session lives, so that nothing is written after a log-out.
func (g guard) auth(ctx context.Context, _ any, next graphql.Resolver, requires auth.Role) (any, error) {
	caller := auth.FromContext(ctx)
	if caller.Viewer == nil {
		return nil, caller.Refusal
	}
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Mutation {
		role, err := g.authorize(ctx, caller.Viewer.Claims)
		if err != nil {
			return nil, err
		}
		caller.Viewer = &auth.Viewer{Claims: caller.Viewer.Claims, Role: role}
		ctx = auth.NewContext(ctx, caller)
	}
	if caller.Viewer.Role < requires {
		return nil, fault.New(fault.NotAllowed, "this needs a higher role")
	}
	return next(ctx)
}
