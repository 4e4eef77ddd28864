package transport_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"postern/internal/blog"
	"postern/internal/transport"
	"postern/internal/transport/transporttest"
)

// farewell is how long a client has to take notice of the end of its connection.
const farewell = 500 * time.Millisecond

// errEnded is why a guest may not stay whom fresh credentials help.
var errEnded = &gqlerror.Error{Message: "over", Extensions: map[string]any{"code": "UNAUTHENTICATED", "reason": "SESSION_ENDED"}}

// TestInitTimeout: a client that does not say who it is may stay for ten seconds.
func TestInitTimeout(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		start := time.Now()
		conn := s.open(t)
		transporttest.ExpectClose(t, conn, 4408, "Connection initialisation timeout")
		if waited := time.Since(start); waited != s.socket.Init {
			t.Errorf("closed after %s, want %s", waited, s.socket.Init)
		}
	})
}

// TestSilentPeer: a client that is not there is pinged twice, and gone when it has missed both.
func TestSilentPeer(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.silent(t)
		pings := make(chan int, 1)
		go func() {
			rest, _ := io.ReadAll(conn)
			pings <- strings.Count(string(rest), "\x89")
		}()
		conn.expectCut(t, 3*s.socket.Ping)
		if got := <-pings; got != 2 {
			t.Errorf("pinged %d times, want 2", got)
		}
	})
}

// TestSilentPeerAfterASlowMessage: a ping that had to wait for a message longer than it could is one that was missed, and not
// the last.
func TestSilentPeerAfterASlowMessage(t *testing.T) {
	t.Parallel()
	const wait = 5 * time.Second // of a ping, in the library
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.silent(t, follow)
		post := s.socket.Ping - time.Second
		time.AfterFunc(post, func() { s.feed.posts <- &blog.Post{Title: "One"} })
		time.AfterFunc(post+s.socket.Write-time.Second, func() { _, _ = io.Copy(io.Discard, conn) })
		conn.expectCut(t, s.socket.Ping+wait+s.socket.Ping)
	})
}

// TestForgetfulPeer: one that misses a ping now and then, but never two in a row, may stay.
func TestForgetfulPeer(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.silent(t)
		for _, pings := range []string{"12", "34", "56"} {
			read(t, conn, "\x89\x01"+pings[:1])
			read(t, conn, "\x89\x01"+pings[1:])
			tell(t, conn, "\x8a\x81\x00\x00\x00\x00"+pings[1:])
		}
	})
}

// TestQuietPeer: one that answers pings may be quiet for as long as it likes.
func TestQuietPeer(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		transporttest.Say(t, conn, follow)
		time.AfterFunc(24*time.Hour, func() { s.feed.posts <- &blog.Post{Title: "One"} })
		expect(t, conn, heard("One"))
	})
}

// TestClientThatReadsNothing is cut when it has not read a message in time. Then nothing of it is left, which inBubble sees.
func TestClientThatReadsNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.silent(t, follow)
		s.feed.posts <- &blog.Post{Title: "One"}
		conn.expectCut(t, s.socket.Write)
	})
}

// TestGuestMayNotStay: what is being answered is answered, and then the socket is closed, and says why.
func TestGuestMayNotStay(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		transporttest.Say(t, conn, as("0", follow), limits)
		<-s.asked
		start := time.Now()
		s.guest(errEnded)
		synctest.Wait()
		transporttest.Say(t, conn, query) // which comes too late
		s.answer <- struct{}{}
		expect(t, conn, limitsReply, over)
		if _, text, err := conn.Read(t.Context()); websocket.CloseStatus(err) != 4403 || !strings.Contains(err.Error(), "SESSION_ENDED") {
			t.Errorf("heard %s, %v, want to be closed by 4403 SESSION_ENDED", text, err)
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("closed after %s, want it as soon as there was an answer", waited)
		}
	})
}

// TestGuestIsToldWhyItMayNotStay where fresh credentials do not help.
func TestGuestIsToldWhyItMayNotStay(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		s.guest(errors.New("enough, " + strings.Repeat("é", 100)))
		_, _, err := conn.Read(t.Context())
		want := websocket.CloseError{Code: websocket.StatusTryAgainLater, Reason: "enough, " + strings.Repeat("é", 57)} // 123 bytes may be
		if closed, _ := errors.AsType[websocket.CloseError](err); closed != want {
			t.Errorf("closed by %v, want %v", err, want)
		}
	})
}

// TestGuestMayNotStayForLong: the end waits a second for what is being answered, and then for the client for a moment.
func TestGuestMayNotStayForLong(t *testing.T) {
	t.Parallel()
	const grace = time.Second
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		transporttest.Say(t, conn, limits)
		<-s.asked
		start := time.Now()
		s.guest(errEnded)
		transporttest.ExpectClose(t, conn, 4403, "SESSION_ENDED")
		if waited := time.Since(start); waited != grace {
			t.Errorf("closed after %s without an answer, want %s", waited, grace)
		}
		s.answer <- struct{}{}
	})
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.silent(t, limits)
		<-s.asked
		s.answer <- struct{}{} // which nobody reads
		s.guest(errEnded)
		conn.expectCut(t, grace+farewell)
	})
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.silent(t, follow)
		s.guest(errEnded) // and nothing is being answered
		conn.expectCut(t, farewell)
	})
}

// TestSocketsAtShutdown are closed at once, and what comes later is told to come again.
func TestSocketsAtShutdown(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		greeted, silent := s.dial(t), s.open(t)
		transporttest.Say(t, greeted, follow)
		start := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- s.Shutdown(context.Background()) }()
		transporttest.ExpectClose(t, greeted, websocket.StatusGoingAway, transport.ErrShutdown.Error())
		transporttest.ExpectClose(t, silent, websocket.StatusGoingAway, transport.ErrShutdown.Error())
		if err := <-ended; err != nil || time.Since(start) != 0 {
			t.Errorf("Shutdown = %v after %s, want it at once", err, time.Since(start))
		}
		s.expectUnavailable(t)
	})
}

// TestShutdownWaitsForNobodyForEver: a client that does not agree to the end, or does not even read of it, is cut.
func TestShutdownWaitsForNobodyForEver(t *testing.T) {
	t.Parallel()
	for name, listen := range map[string]func(io.Reader){
		"reads on": func(conn io.Reader) { _, _ = io.Copy(io.Discard, conn) }, "reads nothing": func(io.Reader) {},
	} {
		inBubble(t, func(t *testing.T, s *live) {
			conn := s.silent(t, follow)
			go listen(conn)
			start := time.Now()
			short, cancel := context.WithTimeout(t.Context(), farewell/2)
			defer cancel()
			if err := s.Shutdown(short); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != farewell/2 {
				t.Errorf("who %s: Shutdown with a deadline = %v after %s, want it to be kept", name, err, time.Since(start))
			}
			if err := s.Shutdown(context.Background()); err != nil || time.Since(start) != farewell {
				t.Errorf("who %s: Shutdown = %v after %s, want it after %s", name, err, time.Since(start), farewell)
			}
			conn.expectCut(t, 0)
		})
	}
}
