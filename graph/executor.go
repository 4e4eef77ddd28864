package graph

import (
	"context"
	"log/slog"
	"maps"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/vektah/gqlparser/v2/ast"

	"postern/internal/auth"
	"postern/internal/executor"
)

// Options are what an executor is made from.
type Options struct {
	Resolver *Resolver
	// Authorize tells an account's role, and whether the session of its token lives.
	Authorize auth.Sessions
	// RequestID is how a request is called in the log.
	RequestID     func(context.Context) string
	Introspection bool
	// Documents keeps those that were parsed and found good.
	Documents graphql.Cache[*ast.QueryDocument]
	Log       *slog.Logger
}

// NewExecutor executes the schema. How operations come to it, and within which limits, is the caller's to add.
func NewExecutor(o Options) *executor.Executor {
	presenter := presenter{log: o.Log, requestID: o.RequestID, reticent: !o.Introspection}
	exec := executor.New(executor.Options{
		Schema: NewExecutableSchema(Config{
			Schema:     withoutDefer(parsedSchema),
			Resolvers:  o.Resolver,
			Directives: DirectiveRoot{Auth: guard{o.Authorize}.auth},
		}),
		Present:   presenter.present,
		Recover:   presenter.recover,
		Rules:     validationRules(o.Introspection),
		Documents: o.Documents,
	})
	exec.Use(&variables{})
	if o.Introspection {
		exec.Use(extension.Introspection{})
	}
	exec.Use(anonymity{})
	return exec
}

// Exclusive are the mutations of which an operation may have one: they hash, try a secret, or write to somebody.
func Exclusive() []string {
	return []string{
		"login", "signup", "refreshToken", "changePassword", "changeEmail", "undoEmailChange", "verifyEmail",
		"requestEmailVerification", "requestPasswordReset", "resetPassword", "deleteAccount", "exportAccount",
	}
}

// withoutDefer is the schema without the directive @defer, which gqlgen adds: what it defers is null in the first response, and
// there is no second one.
func withoutDefer(schema *ast.Schema) *ast.Schema {
	without := *schema
	without.Directives = maps.Clone(schema.Directives)
	delete(without.Directives, "defer")
	return &without
}

// anonymity lets a client know that its token was of no use even where none was needed, so that it refreshes rather than keeps an answer
// that was meant for an anonymous caller.
type anonymity struct{}

var _ interface {
	graphql.HandlerExtension
	graphql.ResponseInterceptor
} = anonymity{}

// ExtensionName implements graphql.HandlerExtension.
func (anonymity) ExtensionName() string { return "Anonymity" }

// Validate implements graphql.HandlerExtension.
func (anonymity) Validate(graphql.ExecutableSchema) error { return nil }

// InterceptResponse implements graphql.ResponseInterceptor.
func (anonymity) InterceptResponse(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if refusal := auth.FromContext(ctx).Refusal; refusal != "" && refusal != auth.TokenMissing {
		graphql.RegisterExtension(ctx, "auth", map[string]string{"reason": string(refusal)})
	}
	return next(ctx)
}
