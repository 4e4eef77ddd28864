package transport

import (
	"io"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"postern/internal/executor"
)

// mediaEvents is the media type of server-sent events: https://html.spec.whatwg.org/multipage/server-sent-events.html.
const mediaEvents = "text/event-stream"

// EventStreams answer by graphql-sse in its mode of distinct connections, called the protocol here:
// https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md. Clients that take nothing else get all their answers so;
// those that would rather have JSON, those of subscriptions.
type EventStreams struct {
	Connections *Connections
	// Heartbeat is how often something is sent, so that nobody on the way takes the connection for dead; Write is how long a
	// client may take to read an event.
	Heartbeat, Write time.Duration
}

// NewEventStreams returns EventStreams with the times that suit the Internet.
func NewEventStreams(connections *Connections) *EventStreams {
	return &EventStreams{Connections: connections, Heartbeat: 15 * time.Second, Write: 10 * time.Second}
}

// wanted tells whether a request takes events.
func (e *EventStreams) wanted(r *http.Request) bool {
	if e == nil || r.Method == http.MethodHead {
		return false
	}
	liked, named := quality(r.Header.Values("Accept"), mediaEvents)
	return named && liked > 0
}

const (
	aComment  = ":\n\n" // clients ignore it
	completed = "event: complete\ndata:\n\n"
)

// event is a response as one.
func event(response *graphql.Response) ([]byte, error) {
	text, err := appendResponse([]byte("event: next\ndata: "), response) // JSON has no line breaks
	return append(text, "\n\n"...), err
}

// describe says what the answer is.
func describe(header http.Header) {
	header.Set("Content-Type", mediaEvents+"; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would keep the events until it has a few kilobytes
}

// send sends the response of what has one.
func (e *EventStreams) send(a answer, response *graphql.Response) {
	next, err := event(response)
	if err != nil {
		http.Error(a.w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	describe(a.w.Header())
	_ = http.NewResponseController(a.w).SetWriteDeadline(time.Now().Add(e.Write))
	_, _ = io.WriteString(a.w, aComment+string(next)+completed) //nolint:gosec // no browser shows text/event-stream
}

// subscribe executes a subscription, and sends what comes of it until one of both sides has enough. It returns when the
// connection is taken over from net/http, which has buffers and stacks of fifty kilobytes for each: most streams are idle.
func (e *EventStreams) subscribe(a answer, exec *executor.Executor, operation *graphql.OperationContext) {
	ctx := a.r.Context()
	entered, err := e.Connections.enter(e.Connections.reception.Arrive(ctx).Context)
	if err != nil {
		a.refuse(ctx, exec, unavailable(err))
		return
	}
	s := &stream{EventStreams: e, connection: entered, exec: exec, chunked: a.r.ProtoAtLeast(1, 1)}
	defer func() {
		if s.conn == nil {
			entered.leave()
		}
	}()
	if err := entered.attach(""); err != nil {
		entered.end(err)
	}
	conn, _, err := hijack(a.w, e.Write) // what came together with the request is ignored, as what comes later is
	if err != nil {
		a.refuse(ctx, exec, refusal(http.StatusHTTPVersionNotSupported, "subscriptions are streamed over HTTP/1.1"))
		return
	}
	s.conn = conn
	head := s.head(a.w.Header())
	operation.Headers = nil // they are the request's
	go s.serve(func() step { return s.begin(head, operation) })
}
