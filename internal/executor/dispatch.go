package executor

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// dispatch is an operation that is executed, and a context within which that is known.
type dispatch struct {
	context.Context //nolint:containedctx // the one that it is made of

	inner     context.Context //nolint:containedctx // what the interceptors have made of it
	responses graphql.ResponseHandler
}

type dispatchKey struct{}

// Value implements context.Context.
func (d *dispatch) Value(key any) any {
	if key == (dispatchKey{}) {
		return d
	}
	return d.Context.Value(key)
}

// of is the operation that is executed within a context.
func of(ctx context.Context) *dispatch { return ctx.Value(dispatchKey{}).(*dispatch) }

// DispatchOperation begins to execute an operation. The handler answers its responses, within the context that is returned: one of a query
// or of a mutation, and those of a subscription until there is none, which is nil. So is what it answers once that context has ended.
func (e *Executor) DispatchOperation(
	ctx context.Context, operation *graphql.OperationContext,
) (graphql.ResponseHandler, context.Context) {
	d := &dispatch{Context: graphql.WithOperationContext(ctx, operation)}
	d.inner = d
	handler := e.begin(d)
	return handler, d.inner
}

// enter is what the interceptors of operations are around, each of whom calls it once at most. The field of a subscription is resolved
// here, those of others once there is to be an answer.
func (e *Executor) enter(ctx context.Context) graphql.ResponseHandler {
	d := of(ctx)
	d.inner = ctx
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Subscription {
		resolving := graphql.WithResponseContext(ctx, e.options.Present, e.options.Recover)
		d.responses = e.options.Schema.Exec(resolving)
		if errs := graphql.GetErrors(resolving); errs != nil {
			return graphql.OneShot(&graphql.Response{Errors: errs})
		}
	}
	return e.handler
}

// next is the next response, by way of the interceptors of responses.
func (e *Executor) next(ctx context.Context) *graphql.Response {
	if ctx.Err() != nil {
		return nil
	}
	return e.respond(graphql.WithResponseContext(ctx, e.options.Present, e.options.Recover))
}

// answer is what those are around.
func (e *Executor) answer(ctx context.Context) *graphql.Response {
	d := of(ctx)
	if d.responses == nil {
		d.responses = e.options.Schema.Exec(ctx)
	}
	response := d.responses(ctx)
	if response != nil {
		response.Errors = append(response.Errors, graphql.GetErrors(ctx)...)
		response.Extensions = graphql.GetExtensions(ctx)
	}
	return response
}

// DispatchError is the response to what is not executed.
func (e *Executor) DispatchError(ctx context.Context, errs gqlerror.List) *graphql.Response {
	ctx = graphql.WithResponseContext(ctx, e.options.Present, e.options.Recover)
	for _, err := range errs {
		graphql.AddError(ctx, err)
	}
	return e.refuse(ctx)
}

// refuse is what the interceptors of responses are around then.
func refuse(ctx context.Context) *graphql.Response {
	return &graphql.Response{Errors: graphql.GetErrors(ctx), Extensions: graphql.GetExtensions(ctx)}
}

// PresentRecoveredError is what clients see of a panic.
func (e *Executor) PresentRecoveredError(ctx context.Context, panicked any) error {
	return e.options.Present(ctx, e.options.Recover(ctx, panicked))
}
