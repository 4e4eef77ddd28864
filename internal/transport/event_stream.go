package transport

import (
	"bytes"
	"context"
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

// stream is one client's stream of events.
type stream struct {
	*EventStreams
	*connection

	response *http.ResponseController
	w        http.ResponseWriter

	mu    sync.Mutex // of what is written
	pulse *time.Timer
}

// answer executes the operation, unless there were errors before, and sends what comes of it.
func (e *EventStreams) answer(
	w http.ResponseWriter, r *http.Request, exec *executor.Executor, operation *graphql.OperationContext, errs gqlerror.List,
) {
	entered, err := e.Connections.enter(r.Context())
	if err != nil {
		answer{w: w, r: r, media: mediaJSON}.refuse(r.Context(), exec, unavailable())
		return
	}
	defer entered.leave()
	s := &stream{EventStreams: e, connection: entered, response: http.NewResponseController(w), w: w}
	if s.begin() != nil {
		return
	}
	defer s.pulse.Stop()
	if err := s.attach(""); err != nil {
		s.end(err)
		s.cut(exec)
	}
	ctx := s.guest.Context
	if errs != nil {
		_ = s.next(exec.DispatchError(graphql.WithOperationContext(ctx, operation), errs))
	} else if s.events(ctx, exec, operation); ctx.Err() != nil {
		s.end(context.Cause(ctx))
		s.cut(exec)
	}
	_ = s.write("event: complete\ndata:\n\n")
}

// events sends the responses of the operation, or that executing it was our fault.
func (s *stream) events(ctx context.Context, exec *executor.Executor, operation *graphql.OperationContext) {
	defer func() {
		if panicked := recover(); panicked != nil {
			_ = s.next(&graphql.Response{Errors: gqlerror.List{recovered(ctx, exec, panicked)}})
		}
	}()
	_ = events(ctx, exec, operation, s.next)
}

func (s *stream) begin() error {
	header := s.w.Header()
	header.Set("Content-Type", mediaEvents+"; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // nginx would keep the events until it has a few kilobytes
	_ = s.response.SetReadDeadline(time.Time{})
	s.pulse = time.AfterFunc(s.Heartbeat, s.beat)
	return s.write(":\n\n") // the client knows that it is heard
}

// beat sends a comment, which clients ignore. One that cannot be written ends the stream.
func (s *stream) beat() {
	if s.write(":\n\n") == nil {
		s.pulse.Reset(s.Heartbeat)
	}
}

// cut ends a stream that is not complete: the client hears why, and that it was cut, by the connection. If it is the server that
// ends, there is nothing wrong with what the client asked.
func (s *stream) cut(exec *executor.Executor) {
	if why := context.Cause(s.ctx); why != ErrShutdown && why != context.Canceled { //nolint:errorlint // as they are put there
		_ = s.next(exec.DispatchError(context.WithoutCancel(s.ctx), gqlerror.List{gqlerror.Wrap(why)}))
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

// write sends events, at once.
func (s *stream) write(events string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.response.SetWriteDeadline(time.Now().Add(s.Write))
	if _, err := bytes.NewBufferString(events).WriteTo(s.w); err != nil {
		s.end(err)
		return err
	}
	if err := s.response.Flush(); err != nil {
		s.end(err)
		return err
	}
	return nil
}
