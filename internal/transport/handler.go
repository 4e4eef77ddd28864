package transport

import (
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"postern/internal/executor"
)

// Transport carries operations to the executor, and what comes of them back.
type Transport interface {
	// Supports tells whether the request is for this transport.
	Supports(r *http.Request) bool
	// Do answers the request.
	Do(w http.ResponseWriter, r *http.Request, exec *executor.Executor)
}

// Handler gives each request to the first of its transports that supports it. It stands in the place of gqlgen's
// handler.Server, which brings transports of its own along.
type Handler struct {
	Executor   *executor.Executor
	Transports []Transport
}

var _ http.Handler = Handler{}

// ServeHTTP implements http.Handler.
func (h Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer h.recover(w, r)
	for _, transport := range h.Transports {
		if transport.Supports(r) {
			transport.Do(w, r, h.Executor)
			return
		}
	}
	answer{w: w, r: r, media: mediaJSON}.refuse(r.Context(), h.Executor,
		refusal(http.StatusBadRequest, "GraphQL is not spoken like this here"))
}

// recover answers for what panicked, unless that was to cut the connection.
func (h Handler) recover(w http.ResponseWriter, r *http.Request) {
	switch panicked := recover(); panicked {
	case nil:
	case http.ErrAbortHandler: // net/http asks for this very value
		panic(panicked)
	default:
		err := recovered(r.Context(), h.Executor, panicked)
		answer{w: w, r: r, media: mediaJSON}.send(http.StatusInternalServerError, &graphql.Response{Errors: gqlerror.List{err}})
	}
}
