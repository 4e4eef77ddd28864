// Package transport is GraphQL over HTTP for gqlgen: https://graphql.github.io/graphql-over-http/draft/, called the
// specification here. It knows nothing of what the schema is about, and imports nothing of ours.
package transport

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// HTTP answers GET and POST requests with one JSON object each.
type HTTP struct {
	// MaxBody is how long a request's body may be, in bytes.
	MaxBody int64
	// Variables is how much the variables, and the extensions, may have.
	Variables Shape
}

var _ graphql.Transport = HTTP{}

// Supports implements graphql.Transport: it takes whatever wants to be no WebSocket.
func (HTTP) Supports(r *http.Request) bool { return r.Header.Get("Upgrade") == "" }

// varies are the headers that answers depend on; by GraphQL-Cost a client asks for `extensions.cost`.
const varies = "Accept, Accept-Encoding, Authorization, GraphQL-Cost"

// Do implements graphql.Transport.
func (h HTTP) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	ctx := r.Context()
	a := answer{w: w, r: r}
	w.Header().Add("Vary", varies)
	var acceptable bool
	if a.media, acceptable = negotiate(r.Header.Values("Accept")); !acceptable {
		a.media = mediaJSON
		a.send(http.StatusNotAcceptable, exec.DispatchError(ctx, refusal(http.StatusNotAcceptable,
			"the answer can be %s or %s", mediaGraphQL, mediaJSON).list()))
		return
	}
	params, refused := h.read(w, r)
	if refused != nil {
		a.refuse(ctx, exec, refused)
		return
	}
	operation, errs := exec.CreateOperationContext(ctx, params)
	if errs != nil {
		a.send(a.statusOf(errs), exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs))
		return
	}
	if refused := unfit(r.Method, operation.Operation.Operation); refused != nil {
		a.refuse(ctx, exec, refused)
		return
	}
	responses, ctx := exec.DispatchOperation(ctx, operation)
	response := responses(ctx)
	if response == nil { // its time was over before it began
		response = exec.DispatchError(ctx, gqlerror.List{gqlerror.Wrap(context.Cause(ctx))})
	}
	a.send(http.StatusOK, response)
}

// unfit refuses what is no query by GET, for that would let any link write (section 5.2 of the specification), and
// subscriptions, whose answers are more than one.
func unfit(method string, operation ast.Operation) *refused {
	switch {
	case operation == ast.Subscription:
		return refusal(http.StatusNotAcceptable, "subscriptions are answered over WebSocket")
	case operation == ast.Mutation && method != http.MethodPost:
		r := refusal(http.StatusMethodNotAllowed, "mutations are sent by POST")
		r.allow = http.MethodPost
		return r
	}
	return nil
}

// refused is a request that never gets to be an operation.
type refused struct {
	status    int
	operation bool   // it is a request, but its operation is not executed: it is answered by the status of such
	allow     string // the methods that would do, if this one does not
	err       *gqlerror.Error
}

const codeBadRequest = "BAD_REQUEST" // the request is none: its body, its URL, its method or its headers

func refusal(status int, format string, args ...any) *refused {
	err := gqlerror.Errorf(format, args...)
	errcode.Set(err, codeBadRequest)
	return &refused{status: status, err: err}
}

func (r *refused) list() gqlerror.List { return gqlerror.List{r.err} }

func (a answer) refuse(ctx context.Context, exec graphql.GraphExecutor, why *refused) {
	if why.allow != "" {
		a.w.Header().Set("Allow", why.allow)
	}
	status := why.status
	if why.operation {
		status = a.statusOf(why.list())
	}
	a.send(status, exec.DispatchError(ctx, why.list()))
}
