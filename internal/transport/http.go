// Package transport is GraphQL over HTTP, WebSocket and server-sent events for gqlgen, in the place of gqlgen's own transports.
// The specification, here, is that of HTTP: https://graphql.github.io/graphql-over-http/draft/.
//
// It knows nothing of what the schema is about, and imports nothing of ours but executor.
package transport

import (
	"context"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"postern/internal/executor"
)

// HTTP answers GET and POST requests with one JSON object each, or with a stream of events.
type HTTP struct {
	// Streams answer subscriptions, if there are any.
	Streams *EventStreams
	// MaxBody is how long a request's body may be, in bytes.
	MaxBody int64
	// Variables is how much the variables, and the extensions, may have.
	Variables Shape
	// Answers are those that are kept, if any are.
	Answers *Answers
}

var _ Transport = HTTP{}

// Supports implements Transport: it takes whatever wants to be no WebSocket.
func (HTTP) Supports(r *http.Request) bool { return r.Header.Get("Upgrade") == "" }

// varies are the headers that answers depend on; by GraphQL-Cost a client asks for `extensions.cost`.
//
//nolint:gochecknoglobals // a constant, but for Go's lack of such
var varies = []string{"Accept, Accept-Encoding, Authorization, GraphQL-Cost"}

// Do implements Transport.
func (h HTTP) Do(w http.ResponseWriter, r *http.Request, exec *executor.Executor) {
	if header := w.Header(); header["Vary"] == nil {
		header["Vary"] = varies
	} else {
		header.Add("Vary", varies[0])
	}
	question, kept := h.Answers.find(r, h.MaxBody)
	if kept != nil {
		kept.write(w, r)
		return
	}
	ctx := r.Context()
	a := answer{w: w, r: r}
	var json bool
	a.media, json = negotiate(r.Header.Values("Accept"))
	stream := h.Streams.wanted(r)
	if !json {
		a.media = mediaJSON // what is refused is no stream
	}
	if !json && !stream {
		a.refuse(ctx, exec, refusal(http.StatusNotAcceptable, "the answer can be %s, %s or %s", mediaGraphQL, mediaJSON, mediaEvents))
		return
	}
	if stream && r.Method != http.MethodPost && r.ContentLength != 0 { // net/http would wait for the body, without an end
		a.refuse(ctx, exec, refusal(http.StatusBadRequest, "a %s has no body", r.Method))
		return
	}
	params, refused := h.read(w, r, question.body)
	if refused != nil {
		a.refuse(ctx, exec, refused)
		return
	}
	operation, errs := exec.CreateOperationContext(ctx, params)
	if errs != nil {
		errors := exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs)
		h.send(a, json, a.statusOf(errs), errors)
		return
	}
	switch refused := unfit(r.Method, operation.Operation.Operation, stream); {
	case refused != nil:
		a.refuse(ctx, exec, refused)
	case operation.Operation.Operation == ast.Subscription:
		h.Streams.subscribe(a, exec, operation)
	default:
		responses, ctx := exec.DispatchOperation(ctx, operation)
		response := only(ctx, exec, responses)
		if question.public && public(operation, response) {
			a.keep = func(answer *representation) { h.Answers.keep(ctx, question, answer) }
		}
		h.send(a, json, http.StatusOK, response)
	}
}

// send sends the one response there is: as an event only to who takes nothing else.
func (h HTTP) send(a answer, json bool, status int, response *graphql.Response) {
	if json {
		a.send(status, response)
		return
	}
	h.Streams.send(a, response)
}

// unfit refuses what is no query by GET, for that would let any link write (section 5.2 of the specification), and
// subscriptions that are not to be streamed, for their answers are more than one.
func unfit(method string, operation ast.Operation, stream bool) *refused {
	switch {
	case operation == ast.Subscription && !stream:
		return refusal(http.StatusNotAcceptable, "subscriptions are answered over WebSocket, and as %s", mediaEvents)
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

func (a answer) refuse(ctx context.Context, exec *executor.Executor, why *refused) {
	if why.allow != "" {
		a.w.Header().Set("Allow", why.allow)
	}
	status := why.status
	if why.operation {
		status = a.statusOf(why.list())
	}
	a.send(status, exec.DispatchError(ctx, why.list()))
}
