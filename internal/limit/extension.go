package limit

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// CostHeader is what a client sets to 1 to be told what its operation costs, as `extensions.cost`; spelt as net/http does, which has
// to spell any other one anew for each request.
const CostHeader = "Graphql-Cost"

// Extension holds operations to limits in gqlgen.
type Extension struct {
	limits    Limits
	documents graphql.Cache[*ast.QueryDocument]
	prices    prices
	overtime  error // ends operations that take too long
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
	graphql.OperationContextMutator
	graphql.OperationInterceptor
	graphql.ResponseInterceptor
} = (*Extension)(nil)

// NewExtension returns an Extension. The cache is the executor's, which holds only documents that were found good.
func NewExtension(limits Limits, documents graphql.Cache[*ast.QueryDocument]) *Extension {
	return &Extension{limits: limits, documents: documents, overtime: overtime{limits.Time}}
}

// ExtensionName implements graphql.HandlerExtension.
func (*Extension) ExtensionName() string { return "Limits" }

// Validate implements graphql.HandlerExtension.
func (e *Extension) Validate(schema graphql.ExecutableSchema) error {
	e.prices = readPrices(schema.Schema())
	return nil
}

// MutateOperationParameters implements graphql.OperationParameterMutator; it changes nothing.
func (e *Extension) MutateOperationParameters(ctx context.Context, params *graphql.RawParams) *gqlerror.Error {
	if _, good := e.documents.Get(ctx, params.Query); good {
		return nil
	}
	_, err := e.limits.checkDocument(params.Query)
	return err
}

// cost is what a client is told.
type cost struct {
	Requested int `json:"requested"`
	Limit     int `json:"limit"`
}

// MutateOperationContext implements graphql.OperationContextMutator; it changes nothing but the statistics.
func (e *Extension) MutateOperationContext(_ context.Context, operation *graphql.OperationContext) *gqlerror.Error {
	estimate := estimate{
		prices: e.prices, document: operation.Doc, variables: operation.Variables, fragments: make(map[spread]int),
	}
	requested := estimate.selection(operation.Operation.SelectionSet, nil, 0)
	if operation.Headers.Get(CostHeader) == "1" {
		operation.Stats.SetExtension(e.ExtensionName(), cost{requested, e.limits.Cost})
	}
	if requested > e.limits.Cost {
		return refuse(CodeCost, operation.Operation.Position, "the operation costs %d; %d are allowed", requested, e.limits.Cost)
	}
	return nil
}

// InterceptOperation implements graphql.OperationInterceptor: an operation ends in time. The cause of its context's end is
// then the error to answer.
func (e *Extension) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	if graphql.GetOperationContext(ctx).Operation.Operation == ast.Subscription {
		return next(ctx)
	}
	d := withDeadline(ctx, time.Now().Add(e.limits.Time), e.overtime)
	respond := next(d)
	return func(ctx context.Context) *graphql.Response {
		defer d.end()
		return respond(ctx)
	}
}

// overtime is why an operation that took too long ended: a refusal to whoever asks for it as one, as it is made only then. That is
// another one each time, for gqlgen writes into errors where they occurred.
type overtime struct{ limit time.Duration }

func (o overtime) Error() string { return o.refusal().Error() }

// As is what package errors asks.
func (o overtime) As(target any) bool {
	refusal, ok := target.(**gqlerror.Error)
	if ok {
		*refusal = o.refusal()
	}
	return ok
}

func (o overtime) refusal() *gqlerror.Error {
	return refuse(CodeTime, nil, "the operation took more than %s", o.limit)
}

// InterceptResponse implements graphql.ResponseInterceptor: it tells the cost.
func (e *Extension) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if graphql.HasOperationContext(ctx) {
		if told, asked := graphql.GetOperationContext(ctx).Stats.GetExtension(e.ExtensionName()).(cost); asked {
			graphql.RegisterExtension(ctx, "cost", told)
		}
	}
	return next(ctx)
}
