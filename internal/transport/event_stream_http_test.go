package transport_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"postern/graph"
	"postern/internal/blog"
	"postern/internal/executor"
	"postern/internal/transport"
)

// followByHand asks for posts as events without a library.
func followByHand(version string) string {
	return "GET /graphql?query=" + url.QueryEscape(followPosts) + " " + version + "\r\nHost: postern\r\nAccept: " + events + "\r\n\r\n"
}

// streamByHand says something on a new connection, and answers the head of what comes back. The rest is the test's to read.
func (s *live) streamByHand(t *testing.T, text string) (conn net.Conn, stream *bufio.Reader, head string) {
	t.Helper()
	conn = s.connect(t)
	t.Cleanup(func() { _ = conn.Close() })
	tell(t, conn, text)
	stream = bufio.NewReader(conn)
	for !strings.HasSuffix(head, "\r\n\r\n") {
		line, err := stream.ReadString('\n')
		if err != nil {
			t.Fatalf("read the head %q, %v", head+line, err)
		}
		head += line
	}
	return conn, stream, head
}

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// expectNoStream tells whether the guest, who may have two streams open, has none. It is the last of a test.
func (s *live) expectNoStream(t *testing.T) {
	t.Helper()
	synctest.Wait()
	var streams [2]*bufio.Reader
	for i := range streams {
		_, streams[i], _ = s.streamByHand(t, followByHand("HTTP/1.1"))
	}
	close(s.feed.posts)
	for _, stream := range streams {
		read(t, stream, chunk(alive)+chunk(complete)+chunk(""))
	}
}

// TestEventStreamOnTheWire: what is complete ends as such, and what is cut does not, where HTTP can tell.
func TestEventStreamOnTheWire(t *testing.T) {
	t.Parallel()
	const (
		begin = "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Type: text/event-stream; charset=utf-8\r\n" +
			"Date: Sat, 01 Jan 2000 00:00:00 GMT\r\n"
		chunked = "Transfer-Encoding: chunked\r\n"
		end     = "Vary: Accept, Accept-Encoding, Authorization, GraphQL-Cost\r\nX-Accel-Buffering: no\r\n\r\n"
	)
	post, enough := next(`{"data":{"postPublished":{"title":"One"}}}`), next(`{"errors":[{"message":"enough"}]}`)
	over := func(s *live) { close(s.feed.posts) }
	ended := func(s *live) { s.guest(errors.New("enough")) }
	for name, test := range map[string]struct {
		version, head string
		end           func(*live)
		body          string
	}{
		"complete, by HTTP/1.1": {"HTTP/1.1", begin + chunked + end, over, chunk(alive) + chunk(post) + chunk(complete) + chunk("")},
		"cut, by HTTP/1.1":      {"HTTP/1.1", begin + chunked + end, ended, chunk(alive) + chunk(post) + chunk(enough)},
		"complete, by HTTP/1.0": {"HTTP/1.0", begin + end, over, alive + post + complete},
		"cut, by HTTP/1.0":      {"HTTP/1.0", begin + end, ended, alive + post + enough},
	} {
		inBubble(t, func(t *testing.T, s *live) {
			_, stream, head := s.streamByHand(t, followByHand(test.version))
			if head != test.head {
				t.Errorf("%s: the head is %q, want %q", name, head, test.head)
			}
			s.feed.posts <- &blog.Post{Title: "One"}
			before, _, _ := strings.Cut(test.body, "One")
			read(t, stream, before)
			test.end(s)
			if rest, err := io.ReadAll(stream); err != nil || before+string(rest) != test.body {
				t.Errorf("%s: read %q and %q, %v, want %q", name, before, rest, err, test.body)
			}
		})
	}
}

// TestEventStreamOfAClientThatIsGoneAtOnce: nobody sends it anything before that is noticed.
func TestEventStreamOfAClientThatIsGoneAtOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		for range 2 {
			conn := s.connect(t)
			tell(t, conn, followByHand("HTTP/1.1"))
			_ = conn.Close()
		}
		for range 2 {
			conn, _, _ := s.streamByHand(t, followByHand("HTTP/1.1"))
			_ = conn.Close()
		}
		s.expectNoStream(t)
	})
}

// TestEventStreamOfAClientThatGoesOnTalking: what it says is ignored, in particular other requests, and hides nothing.
func TestEventStreamOfAClientThatGoesOnTalking(t *testing.T) {
	t.Parallel()
	for name, words := range map[string]struct{ with, after string }{
		"nonsense":             {"", "nonsense"},
		"much":                 {"", strings.Repeat("x", 60<<10)},
		"a request, pipelined": {followByHand("HTTP/1.1"), ""},
		"a request, later":     {"", followByHand("HTTP/1.1")},
		"both":                 {followByHand("HTTP/1.1"), "GET /graphql?query={__typename} HTTP/1.1\r\nHost: postern\r\n\r\n"},
	} {
		inBubble(t, func(t *testing.T, s *live) {
			conn, stream, _ := s.streamByHand(t, followByHand("HTTP/1.1")+words.with)
			read(t, stream, chunk(alive))
			tell(t, conn, words.after)
			s.feed.posts <- &blog.Post{Title: "One"}
			read(t, stream, chunk(next(`{"data":{"postPublished":{"title":"One"}}}`)))
			_ = conn.Close()
			s.expectNoStream(t)
		})
		inBubble(t, func(t *testing.T, s *live) {
			conn, stream, _ := s.streamByHand(t, followByHand("HTTP/1.1")+words.with)
			tell(t, conn, words.after)
			close(s.feed.posts)
			want := chunk(alive) + chunk(complete) + chunk("")
			if got, err := io.ReadAll(stream); err != nil || string(got) != want {
				t.Errorf("%s: read %q, %v, want %q", name, got, err, want)
			}
		})
	}
}

// TestEventStreamOfAClientThatTalksTooMuch is cut.
func TestEventStreamOfAClientThatTalksTooMuch(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn, stream, _ := s.streamByHand(t, followByHand("HTTP/1.1"))
		read(t, stream, chunk(alive))
		if said, err := io.WriteString(conn, strings.Repeat("x", 1<<20)); !errors.Is(err, io.ErrClosedPipe) || said > 100<<10 {
			t.Errorf("said %d bytes, %v, want it to be cut before", said, err)
		}
		if rest, err := io.ReadAll(stream); err != nil || len(rest) != 0 {
			t.Errorf("read %q, %v, want nothing", rest, err)
		}
		s.expectNoStream(t)
	})
}

// TestEventStreamOfHugeEvents: whoever reads them gets them whole; whoever leaves within one is gone.
func TestEventStreamOfHugeEvents(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		title := strings.Repeat("x", 4<<20)
		_, stream := s.stream(t, followPosts, events)
		read(t, stream, alive)
		for range 2 {
			go func() { s.feed.posts <- &blog.Post{Title: title} }()
			read(t, stream, next(`{"data":{"postPublished":{"title":"`+title+`"}}}`))
		}
		close(s.feed.posts)
		read(t, stream, complete)
	})
	inBubble(t, func(t *testing.T, s *live) {
		response, stream := s.stream(t, followPosts, events)
		read(t, stream, alive)
		s.feed.posts <- &blog.Post{Title: strings.Repeat("x", 1<<20)}
		read(t, stream, "event: next\n")
		_ = response.Body.Close()
		s.expectNoStream(t)
	})
}

// unspeakable panics when it is to be told.
type unspeakable struct{}

func (unspeakable) Error() string { panic("it cannot be told") }

// TestEventStreamThatPanicsAtItsEnd, where nobody but it could answer for that: the client is told, and the server lives.
func TestEventStreamThatPanicsAtItsEnd(t *testing.T) {
	t.Parallel()
	told := alive + next(`{"errors":[{"message":"internal system error"}]}`)
	inBubble(t, func(t *testing.T, s *live) {
		s.feed.why = unspeakable{}
		_, stream := s.stream(t, followPosts, events)
		close(s.feed.posts)
		if got, err := io.ReadAll(stream); err != nil || string(got) != told+complete {
			t.Errorf("the subscription ended: read %q, %v, want %q", got, err, told+complete)
		}
	})
	inBubble(t, func(t *testing.T, s *live) {
		_, stream := s.stream(t, followPosts, events)
		s.guest(unspeakable{})
		if got, err := io.ReadAll(stream); !errors.Is(err, io.ErrUnexpectedEOF) || string(got) != told {
			t.Errorf("the guest ended: read %q, %v, want %q and that it was cut", got, err, told)
		}
	})
}

// panicking is a reception that nobody gets past.
type panicking struct{ *live }

func (panicking) Attach(context.Context, string) (transport.Guest, error) { panic("at the door") }

// TestEventStreamThatNeverBegins is answered by the status, and leaves nothing open: Shutdown would wait for it.
func TestEventStreamThatNeverBegins(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		reception func(*live) transport.Reception
		status    int
		message   string
	}{
		"nothing to take over": {func(s *live) transport.Reception { return s }, http.StatusHTTPVersionNotSupported, "HTTP/1.1"},
		"a panic":              {func(s *live) transport.Reception { return panicking{s} }, http.StatusInternalServerError, "internal"},
	} {
		inBubble(t, func(t *testing.T, s *live) {
			connections := transport.NewConnections(test.reception(s))
			handler := transport.Handler{
				Executor:   executor.New(executor.Options{Schema: graph.NewExecutableSchema(graph.Config{Resolvers: &graph.Resolver{}})}),
				Transports: []transport.Transport{transport.HTTP{Streams: transport.NewEventStreams(connections)}},
			}
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/graphql?query="+url.QueryEscape(followPosts), http.NoBody)
			request.Header.Set("Accept", events)
			answer := httptest.NewRecorder()
			handler.ServeHTTP(answer, request)
			if answer.Code != test.status || !strings.Contains(answer.Body.String(), test.message) {
				t.Errorf("%s: answered %d %s, want %d", name, answer.Code, answer.Body, test.status)
			}
			if err := connections.Shutdown(context.Background()); err != nil {
				t.Errorf("%s: Shutdown = %v", name, err)
			}
		})
	}
}
