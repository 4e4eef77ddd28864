package limit_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"postern/internal/limit"
)

// TestOvertimeIsARefusalEachTime looks for what each who asks why an operation ended is told: a refusal of its own, that it may write
// into.
func TestOvertimeIsARefusalEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := limit.Default()
		extension := limit.NewExtension(limits, graphql.NoCache[*ast.QueryDocument]{})
		ctx := graphql.WithOperationContext(t.Context(), &graphql.OperationContext{Operation: &ast.OperationDefinition{Operation: ast.Query}})
		extension.InterceptOperation(ctx, func(ctx context.Context) graphql.ResponseHandler {
			<-ctx.Done()
			const want = "the operation took more than 10s"
			cause := context.Cause(ctx)
			first, ok := errors.AsType[*gqlerror.Error](cause)
			second := gqlerror.WrapIfUnwrapped(cause)
			if !ok || first == second || first.Message != want || second.Message != want || first.Extensions["code"] != limit.CodeTime {
				t.Errorf("the cause is %v and %v, want %q twice", first, second, want)
			}
			if cause.Error() != first.Error() {
				t.Errorf("the cause says %q, want %q", cause.Error(), first.Error())
			}
			return func(context.Context) *graphql.Response { return nil }
		})(ctx)
	})
}
