package limit

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// CostHeader is what a client sets to 1 to be told what its operation costs, as `extensions.cost`.
const CostHeader = "GraphQL-Cost"

// Extension holds operations to limits in gqlgen.
type Extension struct {
	limits    Limits
	documents graphql.Cache[*ast.QueryDocument]
	prices    prices
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
	return &Extension{limits: limits, documents: documents}
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
	if err := e.limits.checkVariables(params.Variables); err != nil {
		return err
	}
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
	ctx, cancel := context.WithTimeoutCause(ctx, e.limits.Time,
		refuse(CodeTime, nil, "the operation took more than %s", e.limits.Time))
	respond := next(ctx)
	return func(ctx context.Context) *graphql.Response {
		defer cancel()
		return respond(ctx)
	}
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

// checkVariables looks at the sizes of variables.
func (l Limits) checkVariables(variables map[string]any) *gqlerror.Error {
	for _, value := range variables {
		if err := l.checkValue(value, 1); err != nil {
			return err
		}
	}
	return nil
}

func (l Limits) checkValue(value any, depth int) *gqlerror.Error {
	switch v := value.(type) {
	case []any:
		if len(v) > l.VariableItems {
			return refuse(CodeVariables, nil, "a list in the variables has %d items; %d are allowed", len(v), l.VariableItems)
		}
		return l.checkChildren(depth, func(yield func(any) bool) {
			for _, item := range v {
				if !yield(item) {
					return
				}
			}
		})
	case map[string]any:
		return l.checkChildren(depth, func(yield func(any) bool) {
			for _, field := range v {
				if !yield(field) {
					return
				}
			}
		})
	}
	return nil
}

func (l Limits) checkChildren(depth int, children func(yield func(any) bool)) *gqlerror.Error {
	if depth > l.VariableDepth {
		return refuse(CodeVariables, nil, "the variables are more than %d levels deep", l.VariableDepth)
	}
	for child := range children {
		if err := l.checkValue(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}
