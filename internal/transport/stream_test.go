package transport_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"postern/graph"
	"postern/internal/blog"
	"postern/internal/executor"
	"postern/internal/id"
	"postern/internal/transport"
	"postern/internal/transport/transporttest"
)

// maxMessage is how long a message of a client's may be in a bubble: longer than what it says at first.
const maxMessage = 64 << 10

// live is a server in a bubble of testing/synctest, where time passes when nothing happens: connections are pipes, which hold
// nothing. The real schema is executed, but for what the test has a hand in.
type live struct {
	*transport.Connections

	streams       *transport.EventStreams
	socket        *transport.WebSocket
	listener      listener
	feed          feed
	asked, answer chan struct{}           // of the limits: who asks for them waits for both
	guests        atomic.Int64            // who have not left
	stay          context.Context         //nolint:containedctx // as long as it lives, guests may stay
	guest         context.CancelCauseFunc // ends it
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
	s.guests.Add(1)
	return transport.Guest{Context: watched, Name: authorization, Most: 2, Leave: func() {
		s.guests.Add(-1)
		stop()
		leave(nil)
	}}, nil
}

// inBubble runs a test with a server. When it is over, nothing may be left running: synctest fails otherwise.
func inBubble(t *testing.T, run func(t *testing.T, s *live)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &live{
			listener: make(listener), feed: feed{posts: make(chan *blog.Post)},
			asked: make(chan struct{}), answer: make(chan struct{}),
		}
		s.stay, s.guest = context.WithCancelCause(t.Context())
		s.Connections = transport.NewConnections(s)
		shape := transport.Shape{Depth: 8, Items: 250}
		s.socket, s.streams = new(transport.NewWebSocket(s.Connections)), transport.NewEventStreams(s.Connections)
		s.socket.MaxMessage, s.socket.MaxSubscriptions, s.socket.Variables = maxMessage, 2, shape
		server := &http.Server{ReadTimeout: 30 * time.Second, Handler: transport.Handler{
			Executor: executor.New(executor.Options{Schema: graph.NewExecutableSchema(graph.Config{Resolvers: resolvers{new(graph.Resolver), s}})}),
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
			if stayed := s.guests.Load(); stayed != 0 {
				t.Errorf("%d guests never left", stayed)
			}
		}()
		run(t, s)
	})
}

// resolvers are the real ones, but for the subscription's and that of the limits.
type resolvers struct {
	*graph.Resolver

	live *live
}

func (r resolvers) Subscription() graph.SubscriptionResolver { return r.live.feed }

func (r resolvers) Query() graph.QueryResolver { return queries{r.Resolver.Query(), r.live} }

// feed is what subscribers hear: of whatever is sent to posts one of them does, until it is closed, and then all hear why.
type feed struct {
	posts chan *blog.Post
	why   error
}

func (f feed) PostPublished(ctx context.Context, author *id.Any) (<-chan *blog.Post, error) {
	if author != nil {
		panic("a subscription panicked")
	}
	transport.OnEnd(ctx, func() error { return f.why })
	return f.posts, nil
}

// queries are the real ones, but for that of the limits, which waits whether anybody still wants to know or not.
type queries struct {
	graph.QueryResolver

	live *live
}

func (q queries) Limits(context.Context) (*graph.Limits, error) {
	q.live.asked <- struct{}{}
	<-q.live.answer
	return &graph.Limits{PageSize: 7}, nil
}

// listener is a network of net.Pipe.
type listener chan net.Conn

func (l listener) Accept() (net.Conn, error) {
	conn, open := <-l
	if !open {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (l listener) Close() error {
	close(l)
	return nil
}

func (listener) Addr() net.Addr { return &net.TCPAddr{} }

// pipe is an end of a connection. The server's closes cut when the server closes it; the client's waits for that.
type pipe struct {
	net.Conn

	cut   chan struct{}
	close func() error
}

// Close implements net.Conn.
func (p *pipe) Close() error { return p.close() }

// connect is the client's end of a new connection, which is closed when the test ends.
func (s *live) connect(t *testing.T) *pipe {
	t.Helper()
	near, far := net.Pipe()
	cut := make(chan struct{})
	s.listener <- &pipe{far, cut, sync.OnceValue(func() error {
		close(cut)
		return far.Close()
	})}
	late := time.AfterFunc(48*time.Hour, func() { _ = near.Close() }) // for no test waits so long for anything
	t.Cleanup(func() { late.Stop(); _ = near.Close() })
	return &pipe{near, cut, near.Close}
}

// expectCut waits until the server closes the connection, which must be after a while.
func (p *pipe) expectCut(t *testing.T, while time.Duration) {
	t.Helper()
	start := time.Now()
	<-p.cut
	if waited := time.Since(start); waited != while {
		t.Errorf("cut after %s, want %s", waited, while)
	}
}

// client is an HTTP client whose every request is a connection of its own.
func (s *live) client(t *testing.T) *http.Client {
	t.Helper()
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return s.connect(t), nil },
	}}
}

// open opens a WebSocket.
func (s *live) open(t *testing.T) *websocket.Conn {
	t.Helper()
	return transporttest.Dial(t, "ws://postern/graphql", websocket.DialOptions{HTTPClient: s.client(t)})
}

// dial opens a WebSocket and says hello.
func (s *live) dial(t *testing.T) *websocket.Conn {
	t.Helper()
	conn := s.open(t)
	transporttest.Say(t, conn, hello)
	expect(t, conn, welcome)
	return conn
}

// expectUnavailable asks for a WebSocket, which the server must not have for it.
func (s *live) expectUnavailable(t *testing.T) {
	t.Helper()
	_, response, err := websocket.Dial(t.Context(), "ws://postern/graphql", &websocket.DialOptions{HTTPClient: s.client(t)})
	if err == nil || response == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("Dial = %v, %v, want 503", response, err)
	}
}

// raw opens a WebSocket without a library, and says hello, all at once; it is welcome.
func (s *live) raw(t *testing.T) *pipe {
	t.Helper()
	conn := s.connect(t)
	tell(t, conn, transporttest.Handshake+transporttest.Frame(hello))
	head := bufio.NewReader(conn) // it reads nothing else, as that is written by itself
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = head.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	read(t, conn, "\x81\x19"+welcome)
	return conn
}

// silent opens a WebSocket, sends messages, and reads nothing that they are answered with.
func (s *live) silent(t *testing.T, messages ...string) *pipe {
	t.Helper()
	conn := s.raw(t)
	for _, message := range messages {
		tell(t, conn, transporttest.Frame(message))
	}
	synctest.Wait()
	return conn
}

func tell(t *testing.T, conn io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

// read reads what comes next, which must be the text.
func read(t *testing.T, stream io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(stream, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v, want %q", got[:n], err, want)
	}
}

// expect compares the messages that come next.
func expect(t *testing.T, conn *websocket.Conn, messages ...string) {
	t.Helper()
	for _, want := range messages {
		if got := transporttest.Hear(t, conn); got != want {
			t.Fatalf("heard %s, want %s", got, want)
		}
	}
}

// works asks something, whose answer must be the next that comes.
func works(t *testing.T, conn *websocket.Conn) {
	t.Helper()
	transporttest.Say(t, conn, query)
	expect(t, conn, queryAnswer, queryOver)
}

const (
	hello       = `{"type":"connection_init"}`
	welcome     = `{"type":"connection_ack"}`
	stop        = `{"id":"1","type":"complete"}`
	follow      = `{"id":"1","type":"subscribe","payload":{"query":"subscription { postPublished { title } }"}}`
	limits      = `{"id":"1","type":"subscribe","payload":{"query":"{ limits { pageSize } }"}}`
	limitsReply = `{"type":"next","id":"1","payload":{"data":{"limits":{"pageSize":7}}}}`
	over        = `{"type":"complete","id":"1"}`
	query       = `{"id":"2","type":"subscribe","payload":{"query":"{ __typename }"}}`
	queryAnswer = `{"type":"next","id":"2","payload":{"data":{"__typename":"Query"}}}`
	queryOver   = `{"type":"complete","id":"2"}`
)

// heard is what a subscriber hears of a post.
func heard(title string) string {
	return `{"type":"next","id":"1","payload":{"data":{"postPublished":{"title":"` + title + `"}}}}`
}
