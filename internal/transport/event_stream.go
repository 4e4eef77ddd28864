package transport

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/gqlerror"
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

// send sends the response of what has one.
func (e *EventStreams) send(a answer, response *graphql.Response) {
	s := stream{EventStreams: e, w: a.w}
	if s.begin() == nil && s.next(response) == nil {
		_ = s.complete()
	}
}

// subscribe executes a subscription, and sends what comes of it until one of both sides has enough. A stream that ends because
// its guest may not stay, or the server does not, is cut: it is not complete, and clients come back.
func (e *EventStreams) subscribe(a answer, exec *executor.Executor, operation *graphql.OperationContext) {
	entered, err := e.Connections.enter(a.r.Context())
	if err != nil {
		a.refuse(a.r.Context(), exec, unavailable(err))
		return
	}
	defer entered.leave()
	err = entered.attach("")
	s := &stream{EventStreams: e, w: a.w, connection: entered}
	defer context.AfterFunc(entered.ctx, s.hurry)()
	if s.begin() != nil {
		return
	}
	if err != nil {
		entered.end(err)
		s.cut(entered.ctx, exec)
	}
	s.live()
	defer s.rest()
	ctx := entered.guest.Context
	if s.events(ctx, exec, operation); ctx.Err() != nil {
		s.cut(ctx, exec)
	}
	_ = s.complete()
}

// stream is one client's stream of events.
type stream struct {
	*EventStreams
	*connection // nil if it does not stay

	w http.ResponseWriter

	mu    sync.Mutex // of what is written
	pulse *time.Timer
	over  bool // nothing more is written
}

func (s *stream) begin() error {
	header := s.w.Header()
	header.Set("Content-Type", mediaEvents+"; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would keep the events until it has a few kilobytes
	_ = http.NewResponseController(s.w).SetReadDeadline(time.Time{})
	return s.write(":\n\n") // the client knows that it is heard
}

// live begins to beat.
func (s *stream) live() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pulse = time.AfterFunc(s.Heartbeat, s.beat)
}

// beat sends a comment, which clients ignore.
func (s *stream) beat() {
	if s.write(":\n\n") != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.pulse.Reset(s.Heartbeat)
	}
}

// hurry lets the client read what is being written for a moment only, for the connection has ended.
func (s *stream) hurry() {
	_ = http.NewResponseController(s.w).SetWriteDeadline(time.Now().Add(farewell))
}

// rest waits until nothing is written any more: the response is not ours when the handler has returned.
func (s *stream) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	s.pulse.Stop()
}

// events sends the responses of the operation, or that executing it was our fault.
func (s *stream) events(ctx context.Context, exec *executor.Executor, operation *graphql.OperationContext) {
	defer func() {
		if panicked := recover(); panicked != nil {
			_ = s.next(&graphql.Response{Errors: gqlerror.List{recovered(ctx, exec, panicked)}})
		}
	}()
	execution := execute(ctx, exec, operation)
	for more := true; more; {
		more, _ = execution.next(s.next)
	}
}

// cut cuts the connection; before, the client hears why it may not stay. If it is the server that ends, or the client is gone,
// there is nothing to say.
func (s *stream) cut(ctx context.Context, exec *executor.Executor) {
	if why := context.Cause(ctx); !errors.Is(why, ErrShutdown) && !errors.Is(why, context.Canceled) {
		_ = s.next(exec.DispatchError(context.WithoutCancel(ctx), gqlerror.List{gqlerror.WrapIfUnwrapped(why)}))
	}
	panic(http.ErrAbortHandler)
}

func (s *stream) next(response *graphql.Response) error {
	payload, err := encode(response)
	if err != nil {
		return err
	}
	return s.write("event: next\ndata: " + string(payload) + "\n\n") // JSON has no line breaks
}

func (s *stream) complete() error { return s.write("event: complete\ndata:\n\n") }

// write sends events at once. If they cannot be, the stream ends.
func (s *stream) write(events string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return errOver
	}
	response := http.NewResponseController(s.w)
	_ = response.SetWriteDeadline(time.Now().Add(s.Write))
	if s.connection != nil && s.ctx.Err() != nil {
		s.hurry()
	}
	_, err := io.WriteString(s.w, events) //nolint:gosec // no browser shows text/event-stream
	if err == nil {
		err = response.Flush()
	}
	if err != nil && s.connection != nil {
		s.end(context.Canceled)
	}
	return err
}
