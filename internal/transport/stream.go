package transport

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"postern/internal/executor"
)

// stream is the answer to one client's subscription. One that ends because its guest may not stay, or the server does not, is cut:
// it is not complete, and clients come back.
type stream struct {
	*EventStreams
	*connection

	exec    *executor.Executor
	conn    net.Conn
	chunked bool           // the client sees from the body where it ends: it speaks HTTP/1.1
	running sync.WaitGroup // of the steps

	mu    sync.Mutex // of what is written
	pulse *time.Timer
}

// serve takes one step after the other until one of both sides has enough.
func (s *stream) serve(first step) {
	defer s.leave()
	stop := context.AfterFunc(s.ctx, s.hurry)
	walk(&s.running, first, s.take)
	s.listen()
	stop()
	s.end(context.Canceled)
	_ = s.conn.Close()
	s.running.Wait()
}

// maxIgnored is how much a client may send after its request, in bytes.
const maxIgnored = 64 << 10

// listen returns when the client is gone, or the connection is closed. What the client sends after its request is read, as its
// going away could not be seen behind that, and ignored: the head tells it that no other request will be answered (RFC 9112,
// section 9.6), but it may have sent one before it knew.
func (s *stream) listen() {
	ignored := make([]byte, readBuffer)
	for left := maxIgnored; left > 0; {
		n, err := s.conn.Read(ignored)
		if err != nil {
			return
		}
		left -= n
	}
}

// hurry lets the client read what is being written for a moment only, for the connection has ended.
func (s *stream) hurry() {
	time.AfterFunc(farewell, func() { _ = s.conn.Close() })
}

// take takes a step; one that panics is the last.
func (s *stream) take(step step) (next step) {
	defer func() {
		if panicked := recover(); panicked != nil {
			_ = s.next(&graphql.Response{Errors: gqlerror.List{recovered(s.guest.Context, s.exec, panicked)}})
			s.complete()
		}
		if next == nil {
			s.close()
		}
	}()
	return step()
}

// begin lets the client know that it is heard, and executes the subscription, unless its guest may not stay.
func (s *stream) begin(head []byte, operation *graphql.OperationContext) step {
	if s.send(append(head, s.chunk([]byte(aComment))...)) != nil {
		return nil
	}
	if s.guest.Context.Err() != nil {
		s.bow()
		return nil
	}
	s.live()
	execution := execute(s.guest.Context, s.exec, operation)
	return func() step { return s.follow(execution) }
}

// follow sends the next response.
func (s *stream) follow(execution *execution) step {
	if more, _ := execution.next(s.next); more {
		return func() step { return s.follow(execution) }
	}
	s.bow()
	return nil
}

// bow says that the stream is complete, or why its guest may not stay. If it is the server that ends, or the client is gone,
// there is nothing to say.
func (s *stream) bow() {
	ctx := s.guest.Context
	if why := context.Cause(ctx); why != nil && !errors.Is(why, ErrShutdown) && !errors.Is(why, context.Canceled) {
		_ = s.next(s.exec.DispatchError(context.WithoutCancel(ctx), gqlerror.List{gqlerror.WrapIfUnwrapped(why)}))
	}
	s.complete()
}

// complete ends the stream in good order, unless it ends because its context has.
func (s *stream) complete() {
	if s.guest.Context.Err() == nil {
		_ = s.send(append(s.chunk([]byte(completed)), s.chunk(nil)...))
	}
}

// close ends the stream; without the last chunk, it is cut.
func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pulse != nil {
		s.pulse.Stop()
	}
	_ = s.conn.Close()
}

// live begins to beat.
func (s *stream) live() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pulse = time.AfterFunc(s.Heartbeat, s.beat)
}

// beat sends a comment. If the stream is closed meanwhile, the next one cannot be sent, and is the last.
func (s *stream) beat() {
	if s.send(s.chunk([]byte(aComment))) == nil {
		s.pulse.Reset(s.Heartbeat)
	}
}

func (s *stream) next(response *graphql.Response) error {
	text, err := event(response)
	if err != nil {
		return err
	}
	return s.send(s.chunk(text))
}

// head is the head of the answer as net/http would write it. It says that the connection ends with the stream.
func (s *stream) head(header http.Header) []byte {
	describe(header)
	header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	header.Set("Connection", "close")
	if s.chunked {
		header.Set("Transfer-Encoding", "chunked")
	}
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 200 OK\r\n")
	_ = header.Write(&head) // a buffer takes everything
	head.WriteString("\r\n")
	return head.Bytes()
}

// chunk is a part of the body as it is sent (RFC 9112, section 7.1); an empty one is the last. HTTP/1.0 knows no chunks: to such
// a client, as nginx is unless told otherwise, a stream is complete when it says so.
func (s *stream) chunk(part []byte) []byte {
	if !s.chunked {
		return part
	}
	const most = 2*len("\r\n") + 16 // of digits
	text := strconv.AppendInt(make([]byte, 0, len(part)+most), int64(len(part)), 16)
	return append(append(append(text, "\r\n"...), part...), "\r\n"...)
}

// send writes at once. If it cannot, the connection is cut.
func (s *stream) send(text []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.conn.Write(text)
	return err
}
