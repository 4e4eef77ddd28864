// Package executor parses, validates and executes operations for gqlgen, in the place of gqlgen's own executor: that one notes times
// which nobody reads, and makes its chain of interceptors anew for each operation. Extensions are gqlgen's, but for those that go around
// fields. Of what they see, Stats has no times, Variables are nil where an operation defines none, and may be the request's own.
//
// It knows nothing of what the schema is about, and imports nothing of ours.
package executor

import (
	"context"
	"fmt"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Options are what an executor is made from. What is not set is as gqlgen has it.
type Options struct {
	Schema graphql.ExecutableSchema
	// Present turns errors into what clients see, Recover panics into errors.
	Present graphql.ErrorPresenterFunc
	Recover graphql.RecoverFunc
	// Rules are those that documents are validated by.
	Rules func() *rules.Rules
	// Documents keeps those that were parsed and found good.
	Documents graphql.Cache[*ast.QueryDocument]
}

// Executor executes operations. It is safe for concurrent use once all extensions are used.
type Executor struct {
	options Options

	extensions []graphql.HandlerExtension
	parameters []graphql.OperationParameterMutator
	operations []graphql.OperationContextMutator

	// The chains of interceptors, the first extension outermost.
	begin           graphql.OperationHandler
	respond, refuse graphql.ResponseHandler

	handler graphql.ResponseHandler // next, made once
}

// New makes an executor.
func New(o Options) *Executor {
	if o.Present == nil {
		o.Present = graphql.DefaultErrorPresenter
	}
	if o.Recover == nil {
		o.Recover = graphql.DefaultRecover
	}
	if o.Rules == nil {
		o.Rules = rules.NewDefaultRules
	}
	if o.Documents == nil {
		o.Documents = graphql.NoCache[*ast.QueryDocument]{}
	}
	e := &Executor{options: o}
	e.handler = e.next
	e.chain()
	return e
}

// Use adds an extension. It panics if the extension finds that it does not fit the schema, or if it has no effect here.
func (e *Executor) Use(extension graphql.HandlerExtension) {
	if err := extension.Validate(e.options.Schema); err != nil {
		panic(err)
	}
	switch extension.(type) {
	case graphql.RootFieldInterceptor, graphql.FieldInterceptor:
		panic(fmt.Errorf("%T goes around fields", extension))
	case graphql.OperationParameterMutator, graphql.OperationContextMutator, graphql.OperationInterceptor, graphql.ResponseInterceptor:
	default:
		panic(fmt.Errorf("%T extends nothing", extension))
	}
	e.extensions = append(e.extensions, extension)
	if mutator, ok := extension.(graphql.OperationParameterMutator); ok {
		e.parameters = append(e.parameters, mutator)
	}
	if mutator, ok := extension.(graphql.OperationContextMutator); ok {
		e.operations = append(e.operations, mutator)
	}
	e.chain()
}

// chain makes the chains anew, which every operation then shares: what is its own is in its context.
func (e *Executor) chain() {
	e.begin, e.respond, e.refuse = e.enter, e.answer, refuse
	for _, extension := range slices.Backward(e.extensions) {
		if p, ok := extension.(graphql.OperationInterceptor); ok {
			next := e.begin
			e.begin = func(ctx context.Context) graphql.ResponseHandler { return p.InterceptOperation(ctx, next) }
		}
		if p, ok := extension.(graphql.ResponseInterceptor); ok {
			e.respond, e.refuse = intercepted(p, e.respond), intercepted(p, e.refuse)
		}
	}
}

func intercepted(p graphql.ResponseInterceptor, next graphql.ResponseHandler) graphql.ResponseHandler {
	return func(ctx context.Context) *graphql.Response { return p.InterceptResponse(ctx, next) }
}

// CreateOperationContext makes an operation of a request, which is validated then. With errors, there is as much of it as was found out.
func (e *Executor) CreateOperationContext(ctx context.Context, params *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	operation := &graphql.OperationContext{
		DisableIntrospection: true, RecoverFunc: e.options.Recover, ResolverMiddleware: resolve, RootResolverMiddleware: resolveRoot,
	}
	ctx = graphql.WithOperationContext(ctx, operation)
	for _, mutator := range e.parameters {
		if err := mutator.MutateOperationParameters(ctx, params); err != nil {
			return operation, gqlerror.List{err}
		}
	}
	operation.RawQuery, operation.OperationName = params.Query, params.OperationName
	operation.Extensions, operation.Headers = params.Extensions, params.Headers
	var errs gqlerror.List
	if operation.Doc, errs = e.document(ctx, params.Query); errs != nil {
		return operation, errs
	}
	if operation.Operation = operation.Doc.Operations.ForName(params.OperationName); operation.Operation == nil {
		return operation, gqlerror.List{invalid(gqlerror.Errorf("operation %s not found", params.OperationName))}
	}
	var err *gqlerror.Error
	if operation.Variables, err = coerce(e.options.Schema.Schema(), operation.Operation, params.Variables); err != nil {
		return operation, gqlerror.List{invalid(err)}
	}
	for _, mutator := range e.operations {
		if err := mutator.MutateOperationContext(ctx, operation); err != nil {
			return operation, gqlerror.List{err}
		}
	}
	return operation, nil
}

func resolve(ctx context.Context, next graphql.Resolver) (any, error) { return next(ctx) }

func resolveRoot(ctx context.Context, next graphql.RootResolver) graphql.Marshaler { return next(ctx) }

// invalid marks an error as one of validation.
func invalid(err *gqlerror.Error) *gqlerror.Error {
	errcode.Set(err, errcode.ValidationFailed)
	return err
}
