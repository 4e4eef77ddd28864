package graph

import (
	"context"
	"log/slog"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"postern/internal/auth"
)

// Options are what a handler is made from.
type Options struct {
	Resolver *Resolver
	// Authenticate finds the viewer of a WebSocket by what stands for its Authorization header.
	Authenticate func(ctx context.Context, header []string) (*auth.Viewer, auth.Reason, error)
	// Authorize tells an account's role, and whether the session of its token lives.
	Authorize auth.Sessions
	// RequestID is how a request is called in the log.
	RequestID     func(context.Context) string
	Introspection bool
	// Documents keeps those that were parsed and found good.
	Documents graphql.Cache[*ast.QueryDocument]
	Log       *slog.Logger
}

const (
	webSocketPing = 20 * time.Second
	webSocketInit = 10 * time.Second // how long a client may take to say who it is
)

// NewServer executes the schema, and serves it over WebSocket. What else is to be served over, and within which limits,
// is the caller's to add.
func NewServer(o Options) *handler.Server {
	server := handler.New(NewExecutableSchema(Config{
		Resolvers:  o.Resolver,
		Directives: DirectiveRoot{Auth: guard{o.Authorize}.auth},
	}))
	server.AddTransport(transport.Websocket{
		KeepAlivePingInterval: webSocketPing,
		PingPongInterval:      webSocketPing,
		InitTimeout:           webSocketInit,
		InitFunc:              authenticateSocket(o.Authenticate, o.Log),
	})

	presenter := presenter{log: o.Log, requestID: o.RequestID, reticent: !o.Introspection}
	server.SetErrorPresenter(presenter.present)
	server.SetRecoverFunc(presenter.recover)
	server.SetQueryCache(o.Documents)
	server.Use(&variables{})
	server.SetValidationRulesFn(validationRules(o.Introspection))
	if o.Introspection {
		server.Use(extension.Introspection{})
	}
	server.AroundResponses(tellWhyAnonymous)
	return server
}

// authenticateSocket lets a WebSocket say who it is by its connection parameters, as its handshake cannot in a browser.
func authenticateSocket(
	authenticate func(context.Context, []string) (*auth.Viewer, auth.Reason, error), log *slog.Logger,
) transport.WebsocketInitFunc {
	return func(ctx context.Context, payload transport.InitPayload) (context.Context, *transport.InitPayload, error) {
		header := payload.Authorization()
		if header == "" {
			return ctx, nil, nil
		}
		caller := auth.FromContext(ctx)
		var err error
		if caller.Viewer, caller.Refusal, err = authenticate(ctx, []string{header}); err != nil {
			log.ErrorContext(ctx, "authenticate", "error", err)
			return nil, nil, errInternal // gqlgen shows the client what it says
		}
		return auth.NewContext(ctx, caller), nil, nil
	}
}

// tellWhyAnonymous lets a client know that its token was of no use even where none was needed, so that it refreshes
// rather than keeps an answer that was meant for an anonymous caller.
func tellWhyAnonymous(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	if refusal := auth.FromContext(ctx).Refusal; refusal != "" && refusal != auth.TokenMissing {
		graphql.RegisterExtension(ctx, "auth", map[string]string{"reason": string(refusal)})
	}
	return next(ctx)
}
