package transport

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

type endKey struct{}

// OnEnd has why called when the subscription that ctx is the resolver's of has sent all that it will: the error, if there is
// one, is the last that the client is told. It stands in the place of gqlgen's transport.AddSubscriptionError.
func OnEnd(ctx context.Context, why func() error) {
	if end, ok := ctx.Value(endKey{}).(*func() error); ok {
		*end = why
	}
}

// events executes an operation, and yields each of its responses until ctx ends or yield fails, which is the error; a query
// and a mutation have one. One without data is the last: it says why there is no more.
func events(
	ctx context.Context, exec *executor.Executor, operation *graphql.OperationContext, yield func(*graphql.Response) error,
) error {
	why := func() error { return nil }
	responses, ctx := exec.DispatchOperation(context.WithValue(ctx, endKey{}, &why), operation)
	if operation.Operation.Operation != ast.Subscription {
		return yield(only(ctx, exec, responses))
	}
	for response := responses(ctx); response != nil; response = responses(ctx) {
		if err := yield(response); err != nil {
			return err
		}
	}
	if err := why(); err != nil && ctx.Err() == nil {
		return yield(exec.DispatchError(ctx, gqlerror.List{gqlerror.WrapIfUnwrapped(err)}))
	}
	return context.Cause(ctx)
}

// only is the response of what has one.
func only(ctx context.Context, exec *executor.Executor, responses graphql.ResponseHandler) *graphql.Response {
	response := responses(ctx)
	if response == nil { // its time was over before it began
		response = exec.DispatchError(ctx, gqlerror.List{gqlerror.WrapIfUnwrapped(context.Cause(ctx))})
	}
	return response
}

// recovered is what a client is told of a panic.
func recovered(ctx context.Context, exec *executor.Executor, panicked any) *gqlerror.Error {
	err, ok := exec.PresentRecoveredError(ctx, panicked).(*gqlerror.Error) //nolint:errorlint // the presenter's own
	if !ok {
		err = gqlerror.Errorf("internal error")
		errcode.Set(err, codeInternal)
	}
	return err
}

const codeInternal = "INTERNAL_SERVER_ERROR" // our fault; it is in the log
