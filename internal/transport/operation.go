package transport

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"postern/internal/executor"
)

type endKey struct{}

// OnEnd has why called when the subscription that ctx is the resolver's of has sent all that it will: the error, if there is
// one, is the last that the client is told. It stands in the place of gqlgen's transport.AddSubscriptionError.
func OnEnd(ctx context.Context, why func() error) {
	if end, ok := ctx.Value(endKey{}).(*func() error); ok {
		*end = why
	}
}

// execution is an operation that is being executed.
type execution struct {
	exec      *executor.Executor
	ctx       context.Context //nolint:containedctx // it is the execution's
	responses graphql.ResponseHandler
	single    bool // there is one response, for it is a query or a mutation
	why       func() error
}

// execute begins to execute an operation.
func execute(ctx context.Context, exec *executor.Executor, operation *graphql.OperationContext) *execution {
	e := &execution{exec: exec, single: operation.Operation.Operation != ast.Subscription, why: func() error { return nil }}
	e.responses, e.ctx = exec.DispatchOperation(context.WithValue(ctx, endKey{}, &e.why), operation)
	return e
}

// next waits for the next response, and yields it. It tells whether there may be more; if not, the error is why the operation
// ended before it was complete: its context did, or yield failed. A response without data is the last: it says why there is no
// more.
func (e *execution) next(yield func(*graphql.Response) error) (more bool, err error) {
	if e.single {
		return false, yield(only(e.ctx, e.exec, e.responses))
	}
	if response := e.responses(e.ctx); response != nil {
		err := yield(response)
		return err == nil, err
	}
	if err := e.why(); err != nil && e.ctx.Err() == nil {
		return false, yield(e.exec.DispatchError(e.ctx, gqlerror.List{gqlerror.WrapIfUnwrapped(err)}))
	}
	return false, context.Cause(e.ctx)
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
