package transport_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/coder/websocket"

	"postern/graph"
	"postern/internal/blog"
	"postern/internal/id"
	"postern/internal/transport"
)

// live is a server in a bubble of testing/synctest, where time passes when nothing happens: connections are pipes, which hold
// nothing. The real schema is executed, but for its subscription, which is the test's to feed.
type live struct {
	*transport.Connections

	streams  *transport.EventStreams
	socket   transport.WebSocket
	listener pipes
	feed     feed
	stay     context.Context         //nolint:containedctx // as long as it lives, guests may stay
	guest    context.CancelCauseFunc // ends it
}

// Arrive implements transport.Reception.
func (*live) Arrive(context.Context) transport.Arrival {
	return transport.Arrival{Context: context.Background(), Most: 5}
}

// Attach implements transport.Reception. Who is called down cannot be looked up, and nobody is panic.
func (s *live) Attach(ctx context.Context, authorization string) (transport.Guest, error) {
	switch authorization {
	case "down":
		return transport.Guest{}, errors.New("the database is down")
	case "panic":
		panic(authorization)
	}
	watched, leave := context.WithCancelCause(ctx)
	stop := context.AfterFunc(s.stay, func() { leave(context.Cause(s.stay)) })
	return transport.Guest{Context: watched, Name: authorization, Most: 2, Leave: func() { stop(); leave(nil) }}, nil
}

// inBubble runs a test with a server. When it is over, nothing may be left running: synctest fails otherwise.
func inBubble(t *testing.T, run func(t *testing.T, s *live)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &live{listener: make(pipes), feed: feed{posts: make(chan *blog.Post)}}
		s.stay, s.guest = context.WithCancelCause(t.Context())
		s.Connections = transport.NewConnections(s)
		shape := transport.Shape{Depth: 8, Items: 250}
		s.socket, s.streams = transport.NewWebSocket(s.Connections), transport.NewEventStreams(s.Connections)
		s.socket.MaxMessage, s.socket.MaxSubscriptions, s.socket.Variables = maxBody, 2, shape
		server := &http.Server{ReadTimeout: 30 * time.Second, Handler: transport.Handler{
			Executor: executor.New(graph.NewExecutableSchema(graph.Config{Resolvers: resolvers{Resolver: &graph.Resolver{}, feed: &s.feed}})),
			Transports: []transport.Transport{
				s.socket, transport.HTTP{MaxBody: maxBody, Variables: shape, Streams: s.streams},
			},
		}}
		var serving sync.WaitGroup
		serving.Go(func() { _ = server.Serve(s.listener) })
		defer func() {
			_ = server.Close()
			_ = s.Shutdown(context.Background())
			serving.Wait()
		}()
		run(t, s)
	})
}

// resolvers are the real ones, but for the subscription's.
type resolvers struct {
	*graph.Resolver
	*feed
}

func (r resolvers) Subscription() graph.SubscriptionResolver { return r.feed }

// feed is what subscribers hear: whatever is sent to posts, until it is closed, and then why.
type feed struct {
	posts chan *blog.Post
	why   error
}

func (f *feed) PostPublished(ctx context.Context, author *id.Any) (<-chan *blog.Post, error) {
	if author != nil {
		panic("a subscription panicked")
	}
	transport.OnEnd(ctx, func() error { return f.why })
	mine := make(chan *blog.Post)
	go func() {
		defer close(mine)
		for {
			select {
			case post, more := <-f.posts:
				if !more {
					return
				}
				select {
				case mine <- post:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	return mine, nil
}

// pipes are a network of net.Pipe.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	conn, open := <-p
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (p pipes) Close() error {
	close(p)
	return nil
}

func (pipes) Addr() net.Addr { return &net.TCPAddr{} }

// connect is a client's end of a new connection.
func (s *live) connect() net.Conn {
	client, server := net.Pipe()
	s.listener <- server
	return client
}

// client is an HTTP client whose every request is a connection of its own.
func (s *live) client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return s.connect(), nil },
	}}
}

// dial opens a WebSocket and says hello.
func (s *live) dial(t *testing.T) *websocket.Conn {
	t.Helper()
	conn := s.open(t)
	say(t, conn, hello)
	expect(t, conn, welcome)
	return conn
}

// open opens a WebSocket.
func (s *live) open(t *testing.T) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), "ws://postern/graphql", &websocket.DialOptions{
		HTTPClient: s.client(), Subprotocols: []string{transport.WebSocketProtocol},
	})
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// raw opens a WebSocket without a library, and sends text frames. What it answers reads what comes back.
func (s *live) raw(t *testing.T, texts ...string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn := s.connect()
	tell(t, conn, "GET /graphql HTTP/1.1\r\nHost: postern\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n")
	reader := bufio.NewReader(conn)
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = reader.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range texts {
		tell(t, conn, frame(text))
	}
	return conn, reader
}

// frame is a masked text frame of up to 125 bytes (RFC 6455, section 5.2); the mask is zero.
func frame(text string) string {
	return string([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}) + text
}

func tell(t *testing.T, conn io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

// say sends messages, each a text.
func say(t *testing.T, conn *websocket.Conn, messages ...string) {
	t.Helper()
	for _, message := range messages {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
}

// hear is what comes next.
func hear(t *testing.T, conn *websocket.Conn) string {
	t.Helper()
	_, text, err := conn.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// expect compares what comes next.
func expect(t *testing.T, conn *websocket.Conn, messages ...string) {
	t.Helper()
	for _, want := range messages {
		if got := hear(t, conn); got != want {
			t.Fatalf("heard %s, want %s", got, want)
		}
	}
}

// expectClose reads until the socket is closed, which must be by the code, and for a reason that has the text.
func expectClose(t *testing.T, conn *websocket.Conn, code websocket.StatusCode, reason string) {
	t.Helper()
	for {
		_, text, err := conn.Read(t.Context())
		if err == nil {
			t.Logf("heard %s", text)
			continue
		}
		if closed, ok := errors.AsType[websocket.CloseError](err); code != websocket.CloseStatus(err) || ok && !strings.Contains(closed.Reason, reason) {
			t.Errorf("closed by %v, want %d %q", err, code, reason)
		}
		return
	}
}

const (
	hello       = `{"type":"connection_init"}`
	welcome     = `{"type":"connection_ack"}`
	follow      = `{"id":"1","type":"subscribe","payload":{"query":"subscription { postPublished { title } }"}}`
	query       = `{"id":"2","type":"subscribe","payload":{"query":"{ __typename }"}}`
	queryAnswer = `{"type":"next","id":"2","payload":{"data":{"__typename":"Query"}}}`
	queryOver   = `{"type":"complete","id":"2"}`
)

// heard is what a subscriber hears of a post.
func heard(title string) string {
	return `{"type":"next","id":"1","payload":{"data":{"postPublished":{"title":"` + title + `"}}}}`
}
