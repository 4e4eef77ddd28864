package transport_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"postern/internal/blog"
	"postern/internal/transport"
)

// TestSocket runs operations of each kind at once, ends one, and uses its id again.
func TestSocket(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		say(t, conn, `{"type":"ping","payload":{"a":1}}`)
		expect(t, conn, `{"type":"pong"}`)
		say(t, conn, follow, query)
		expect(t, conn, queryAnswer, queryOver)
		s.feed.posts <- &blog.Post{Title: "One"}
		expect(t, conn, heard("One"))
		say(t, conn, `{"id":"1","type":"complete"}`, follow, query) // the answer is the proof that there is no complete for 1
		expect(t, conn, queryAnswer, queryOver)
		synctest.Wait()
		s.feed.posts <- &blog.Post{Title: "Two"}
		expect(t, conn, heard("Two"))
		close(s.feed.posts)
		expect(t, conn, `{"type":"complete","id":"1"}`)
		_ = conn.Close(websocket.StatusNormalClosure, "")
	})
}

// TestSocketErrors: what goes wrong with an operation ends that operation, and nothing else.
func TestSocketErrors(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		for _, test := range []struct{ payload, want string }{
			{`{"query":"{"}`, "GRAPHQL_PARSE_FAILED"},
			{`{"query":"{ nothing }"}`, "GRAPHQL_VALIDATION_FAILED"},
			{`{"query":"subscription { postPublished { id } __typename }"}`, "GRAPHQL_VALIDATION_FAILED"},
			{`{"query":1}`, "BAD_REQUEST"},
			{`[]`, "BAD_REQUEST"},
			{`null`, "BAD_REQUEST"},
			{`{}`, "BAD_REQUEST"},
			{`{"query":"subscription { postPublished(authorId: \"1\") { id } }"}`, "internal system error"}, // it panics
		} {
			say(t, conn, `{"id":"1","type":"subscribe","payload":`+test.payload+`}`)
			got := hear(t, conn)
			if !strings.HasPrefix(got, `{"type":"error","id":"1","payload":[{"message":`) || !strings.Contains(got, test.want) {
				t.Errorf("%s: heard %s, want %s", test.payload, got, test.want)
			}
		}
		say(t, conn, `{"id":"1","type":"subscribe"}`) // without a payload
		if got := hear(t, conn); !strings.Contains(got, "BAD_REQUEST") {
			t.Errorf("heard %s, want BAD_REQUEST", got)
		}
		say(t, conn, query)
		expect(t, conn, queryAnswer, queryOver)
		_ = conn.CloseNow()
	})
}

// TestSubscriptionTellsWhyItEnds: the reason is the last message.
func TestSubscriptionTellsWhyItEnds(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		s.feed.why = errors.New("you read too slowly")
		conn := s.dial(t)
		say(t, conn, follow)
		close(s.feed.posts)
		expect(t, conn, `{"type":"error","id":"1","payload":[{"message":"you read too slowly"}]}`)
		say(t, conn, query)
		expect(t, conn, queryAnswer, queryOver)
		_ = conn.CloseNow()
	})
}

// TestSubscriptionsOfASocket: there may be two in this test, however many there were before.
func TestSubscriptionsOfASocket(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		other := func(id string) string { return strings.Replace(follow, `"1"`, `"`+id+`"`, 1) }
		for range 3 {
			say(t, conn, follow, other("a"))
			synctest.Wait()
			say(t, conn, other("b"))
			if got := hear(t, conn); !strings.Contains(got, "OPERATION_LIMIT") || !strings.Contains(got, "2 subscriptions") {
				t.Errorf("heard %s, want OPERATION_LIMIT", got)
			}
			say(t, conn, query)
			expect(t, conn, queryAnswer, queryOver)
			say(t, conn, `{"id":"1","type":"complete"}`, `{"id":"a","type":"complete"}`, `{"id":"b","type":"complete"}`)
			synctest.Wait()
		}
		_ = conn.CloseNow()
	})
}

// TestSubscriptionIsReplaced where there may be no more: what was ended leaves its place to what is asked next.
func TestSubscriptionIsReplaced(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		say(t, conn, follow, strings.Replace(follow, `"1"`, `"0"`, 1))
		synctest.Wait()
		for i := range 100 {
			id, next := strconv.Itoa(i), strconv.Itoa(i+2)
			say(t, conn, `{"id":"`+id+`","type":"complete"}`, strings.Replace(follow, `"1"`, `"`+next+`"`, 1))
		}
		say(t, conn, query)
		expect(t, conn, queryAnswer, queryOver)
		_ = conn.CloseNow()
	})
}

// TestInitTimeout: a client that does not say who it is may stay for ten seconds.
func TestInitTimeout(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		start := time.Now()
		conn := s.open(t)
		expectClose(t, conn, 4408, "Connection initialisation timeout")
		if waited := time.Since(start); waited != s.socket.Init {
			t.Errorf("closed after %s, want %s", waited, s.socket.Init)
		}
	})
}

// TestSilentPeer: a client that is not there is pinged twice, and gone when it has missed both.
func TestSilentPeer(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		start := time.Now()
		conn, reader := s.raw(t, hello)
		defer func() { _ = conn.Close() }()
		rest, _ := io.ReadAll(reader)
		if pings := strings.Count(string(rest), "\x89"); pings != 2 {
			t.Errorf("read %q with %d pings, want 2", rest, pings)
		}
		if waited := time.Since(start); waited != 3*s.socket.Ping {
			t.Errorf("gone after %s, want %s", waited, 3*s.socket.Ping)
		}
	})
}

// TestQuietPeer: one that answers pings may be quiet for as long as it likes.
func TestQuietPeer(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		say(t, conn, follow)
		day := time.AfterFunc(24*time.Hour, func() { s.feed.posts <- &blog.Post{Title: "One"} })
		defer day.Stop()
		expect(t, conn, heard("One"))
		_ = conn.CloseNow()
	})
}

// TestClientThatReadsNothing holds a pipe that is full: it is cut when it has not read a message in time. Then nothing of it is
// left, which inBubble sees.
func TestClientThatReadsNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn, reader := s.raw(t, hello)
		defer func() { _ = conn.Close() }()
		if _, err := reader.Discard(len(welcome) + 2); err != nil {
			t.Fatal(err)
		}
		tell(t, conn, frame(follow))
		synctest.Wait()
		start := time.Now()
		s.feed.posts <- &blog.Post{Title: "One"} // which is not blocked, as it is buffered by nobody else
		time.Sleep(s.socket.Write)               //nolint:forbidigo // it is the bubble's time
		synctest.Wait()
		if rest, err := io.ReadAll(reader); err != nil || len(rest) != 0 {
			t.Errorf("read %q, %v after %s, want nothing", rest, err, time.Since(start))
		}
	})
}

// TestSilentPeerAfterASlowMessage: a ping that had to wait for a message longer than it could is one that was missed, and not
// the last.
func TestSilentPeerAfterASlowMessage(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn, reader := s.raw(t, hello)
		defer func() { _ = conn.Close() }()
		if _, err := reader.Discard(len(welcome) + 2); err != nil {
			t.Fatal(err)
		}
		tell(t, conn, frame(follow))
		time.Sleep(s.socket.Ping - time.Second) //nolint:forbidigo // it is the bubble's time
		s.feed.posts <- &blog.Post{Title: "One"}
		time.Sleep(s.socket.Write - time.Second) //nolint:forbidigo // it is the bubble's time
		start := time.Now()
		_, _ = io.Copy(io.Discard, reader)
		if waited := time.Since(start); waited > 2*s.socket.Ping {
			t.Errorf("gone after %s", waited)
		}
	})
}

// TestManyPostsForClientThatReadsNothing: what waits to be written is bounded, whatever the number of subscriptions.
func TestManyPostsForClientThatReadsNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn, reader := s.raw(t, hello)
		defer func() { _ = conn.Close() }()
		if _, err := reader.Discard(len(welcome) + 2); err != nil {
			t.Fatal(err)
		}
		tell(t, conn, frame(follow))
		tell(t, conn, frame(strings.Replace(follow, `"1"`, `"2"`, 1)))
		synctest.Wait()
		start := time.Now()
		for range 2 { // one is being written, the other waits
			s.feed.posts <- &blog.Post{Title: strings.Repeat("x", 9<<20)}
		}
		if rest, err := io.ReadAll(reader); err != nil || time.Since(start) != 0 {
			t.Errorf("read %d bytes, %v after %s, want to be cut at once", len(rest), err, time.Since(start))
		}
	})
}

// TestPanicOutsideOfOperations closes the socket, and nothing else.
func TestPanicOutsideOfOperations(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.open(t)
		say(t, conn, `{"type":"connection_init","payload":{"authorization":"panic"}}`)
		expectClose(t, conn, websocket.StatusInternalError, "internal")
		_ = s.dial(t).CloseNow()
	})
}

// TestArrivals: as many may be at the door as may, and what they say is short.
func TestArrivals(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		for range 5 {
			s.open(t)
		}
		_, response, err := websocket.Dial(t.Context(), "ws://postern/graphql", &websocket.DialOptions{HTTPClient: s.client()})
		if err == nil || response == nil || response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("Dial = %v, %v, want 503", response, err)
		}
		time.Sleep(s.socket.Init + time.Second) //nolint:forbidigo // it is the bubble's time
		conn := s.open(t)
		long := `{"type":"connection_init","payload":{"x":"` + strings.Repeat("x", 16<<10) + `"}}`
		go func() { _ = conn.Write(context.Background(), websocket.MessageText, []byte(long)) }() // it is not read to its end
		expectClose(t, conn, websocket.StatusMessageTooBig, "")
	})
}

// TestCutFrames cuts connections in the middle of a frame: nothing is left of them.
func TestCutFrames(t *testing.T) {
	t.Parallel()
	whole := frame(hello) + frame(query) + frame(`{"id":"1","type":"complete"}`)
	for length := range len(whole) {
		inBubble(t, func(t *testing.T, s *live) {
			conn, reader := s.raw(t)
			go func() { _, _ = io.Copy(io.Discard, reader) }()
			tell(t, conn, whole[:length])
			_ = conn.Close()
		})
	}
}

// TestGuestsOfASocket: nobody gets in whom nobody can look up, or who has as many connections open as may be; when one of them
// has ended, another may be.
func TestGuestsOfASocket(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		named := func(name string) string {
			return `{"type":"connection_init","payload":{"authorization":"` + name + `"}}`
		}
		conn := s.open(t)
		say(t, conn, named("down"))
		expectClose(t, conn, websocket.StatusTryAgainLater, "the database is down") // there is no presenter to hide it

		for range 3 {
			one, two, three, other := s.open(t), s.open(t), s.open(t), s.open(t)
			for _, conn := range []*websocket.Conn{one, two} {
				say(t, conn, named("ada"))
				expect(t, conn, welcome)
			}
			say(t, three, named("ada"))
			expectClose(t, three, websocket.StatusTryAgainLater, "2 connections may be open at a time")
			say(t, other, named("bob"))
			expect(t, other, welcome)
			for _, conn := range []*websocket.Conn{one, two, other} {
				_ = conn.CloseNow()
			}
			synctest.Wait()
		}
	})
}

// TestGuestMayNotStay: the socket is closed, and says why. What is asked for is answered before: see graph's tests.
func TestGuestMayNotStay(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		say(t, conn, follow)
		synctest.Wait()
		s.guest(errors.New("enough"))
		expectClose(t, conn, websocket.StatusTryAgainLater, "enough")
	})
}

// TestSocketsAtShutdown are closed at once, and what comes later is told to come again.
func TestSocketsAtShutdown(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		greeted, silent := s.dial(t), s.open(t)
		say(t, greeted, follow)
		start := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- s.Shutdown(context.Background()) }()
		expectClose(t, greeted, websocket.StatusGoingAway, transport.ErrShutdown.Error())
		expectClose(t, silent, websocket.StatusGoingAway, transport.ErrShutdown.Error())
		if err := <-ended; err != nil || time.Since(start) != 0 {
			t.Errorf("Shutdown = %v after %s, want it at once", err, time.Since(start))
		}
		_, response, err := websocket.Dial(t.Context(), "ws://postern/graphql", &websocket.DialOptions{HTTPClient: s.client()})
		if err == nil || response == nil || response.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("Dial = %v, %v, want 503", response, err)
		}
	})
}

// TestShutdownWaitsForNobodyForEver: a client that does not agree to the end is cut.
func TestShutdownWaitsForNobodyForEver(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn, reader := s.raw(t, hello)
		defer func() { _ = conn.Close() }()
		go func() { _, _ = io.Copy(io.Discard, reader) }()
		synctest.Wait()
		start := time.Now()
		if err := s.Shutdown(context.Background()); err != nil || time.Since(start) > time.Second {
			t.Errorf("Shutdown = %v after %s, want it within a second", err, time.Since(start))
		}
	})
}
