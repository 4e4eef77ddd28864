package transport_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/coder/websocket"

	"postern/internal/blog"
	"postern/internal/transport/transporttest"
)

// TestSocket runs operations of each kind at once, ends one, and uses its id again.
func TestSocket(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		transporttest.Say(t, conn, `{"type":"ping","payload":{"a":1}}`)
		expect(t, conn, `{"type":"pong"}`)
		transporttest.Say(t, conn, follow, query)
		expect(t, conn, queryAnswer, queryOver)
		s.feed.posts <- &blog.Post{Title: "One"}
		expect(t, conn, heard("One"))
		transporttest.Say(t, conn, stop, follow, query) // the answer is the proof that there is no complete for 1
		expect(t, conn, queryAnswer, queryOver)
		synctest.Wait()
		s.feed.posts <- &blog.Post{Title: "Two"}
		expect(t, conn, heard("Two"))
		close(s.feed.posts)
		expect(t, conn, over)
		if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
			t.Errorf("Close() = %v, want the server to agree", err)
		}
	})
}

// TestLongMessages: a message may be as long as it may; the first ones, as a greeting may be.
func TestLongMessages(t *testing.T) {
	t.Parallel()
	const maxGreeting = 16 << 10
	long := func(kind string, bytes int) string {
		return `{"type":"` + kind + `","payload":{"x":"` + strings.Repeat("x", bytes-len(`{"type":"`+kind+`","payload":{"x":""}}`)) + `"}}`
	}
	for _, test := range []struct {
		name                  string
		most, first, greeting int
	}{
		{"as ever", maxMessage, maxGreeting, maxMessage},
		{"where few bytes are allowed", maxGreeting / 2, maxGreeting / 2, maxGreeting / 2},
	} {
		inBubble(t, func(t *testing.T, s *live) {
			s.socket.MaxMessage = int64(test.most)
			conn := s.open(t)
			transporttest.Say(t, conn, long("ping", test.first))
			expect(t, conn, `{"type":"pong"}`)
			transporttest.Say(t, conn, long("connection_init", test.first))
			expect(t, conn, welcome)
			transporttest.Say(t, conn, long("ping", test.most))
			expect(t, conn, `{"type":"pong"}`)
			transporttest.Say(t, conn, long("ping", test.most+1))
			transporttest.ExpectClose(t, conn, websocket.StatusMessageTooBig, fmt.Sprintf("more than %d bytes", test.most))

			early := s.open(t)
			transporttest.Say(t, early, long("connection_init", test.first+1))
			transporttest.ExpectClose(t, early, websocket.StatusMessageTooBig, fmt.Sprintf("more than %d bytes", test.first))
		})
	}
}

// TestMessageWithoutEnd: of what is too long no more is read than shows it.
func TestMessageWithoutEnd(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.silent(t)
		go func() {
			_, _ = io.WriteString(conn, "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00") // a frame of eight exabytes
			_, _ = io.WriteString(conn, strings.Repeat("x", maxMessage+1))
		}()
		read(t, conn, "\x88\x27\x03\xf1the message has more than 65536 bytes")
		conn.expectCut(t, farewell)
	})
}

// TestArrivals: as many may be at the door as may, and who has said who it is makes room there.
func TestArrivals(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		_ = s.dial(t)
		arrived := make([]*websocket.Conn, 5)
		for i := range arrived {
			arrived[i] = s.open(t)
		}
		s.expectUnavailable(t)
		for _, conn := range arrived {
			transporttest.ExpectClose(t, conn, 4408, "")
		}
		synctest.Wait()
		works(t, s.dial(t))
	})
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
		transporttest.Say(t, conn, named("down"))
		transporttest.ExpectClose(t, conn, websocket.StatusTryAgainLater, "the database is down") // there is no presenter to hide it

		for range 3 {
			one, two, three, other := s.open(t), s.open(t), s.open(t), s.open(t)
			for _, conn := range []*websocket.Conn{one, two} {
				transporttest.Say(t, conn, named("ada"))
				expect(t, conn, welcome)
			}
			transporttest.Say(t, three, named("ada"))
			transporttest.ExpectClose(t, three, websocket.StatusTryAgainLater, "2 connections may be open at a time")
			transporttest.Say(t, other, named("bob"))
			expect(t, other, welcome)
			for _, conn := range []*websocket.Conn{one, two, other} {
				_ = conn.CloseNow()
			}
			synctest.Wait()
		}
	})
}

// TestCutFrames cuts connections in the middle of a frame: nothing is left of them.
func TestCutFrames(t *testing.T) {
	t.Parallel()
	whole := transporttest.Frame(hello) + transporttest.Frame(query) + transporttest.Frame(stop) + transporttest.Goodbye
	for length := range len(whole) {
		inBubble(t, func(t *testing.T, s *live) {
			conn := s.connect(t)
			go func() { _, _ = io.Copy(io.Discard, conn) }()
			tell(t, conn, transporttest.Handshake)
			tell(t, conn, whole[:length])
			synctest.Wait()
			_ = conn.Close()
			conn.expectCut(t, 0)
		})
	}
}

// TestPanicOutsideOfOperations closes the socket, and nothing else.
func TestPanicOutsideOfOperations(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.open(t)
		transporttest.Say(t, conn, `{"type":"connection_init","payload":{"authorization":"panic"}}`)
		transporttest.ExpectClose(t, conn, websocket.StatusInternalError, "internal")
		works(t, s.dial(t))
	})
}
