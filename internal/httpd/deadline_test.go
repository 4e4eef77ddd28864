package httpd_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"postern/internal/httpd"
)

// offer is a listener for one connection.
type offer struct {
	net.Listener

	conn net.Conn
}

func (o offer) Accept() (net.Conn, error) { return o.conn, nil }

// accepted is the connection as it is accepted.
func accepted(t *testing.T, conn net.Conn) net.Conn {
	t.Helper()
	conn, err := httpd.NewListener(offer{conn: conn}).Accept()
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// much is more than fits into a connection.
var much = bytes.Repeat([]byte("0123456789abcdef-"), 1<<16)

// dial returns both ends of a TCP connection, which are closed when the test ends.
func dial(t *testing.T) (near, far *net.TCPConn) {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if far, err = net.DialTCP("tcp", nil, l.Addr().(*net.TCPAddr)); err != nil {
		t.Fatal(err)
	}
	if near, err = l.AcceptTCP(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	if err := errors.Join(near.SetWriteBuffer(len(much)/16), far.SetReadBuffer(len(much)/16)); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// observed is a connection that tells before it reads or writes.
type observed struct {
	net.Conn

	before func()
}

func (o observed) Read(p []byte) (int, error) {
	o.before()
	return o.Conn.Read(p)
}

func (o observed) Write(p []byte) (int, error) {
	o.before()
	return o.Conn.Write(p)
}

// TestDeadlinesComeAsTheyWould does the same to a pipe as it is and to one that was accepted, by chance but for the seed: what
// comes of it, and when, is the same.
func TestDeadlinesComeAsTheyWould(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	synctest.Test(t, func(t *testing.T) {
		for seed := range uint64(300) {
			near, far := net.Pipe()
			want := live(seed, near, far)
			near, far = net.Pipe()
			if got := live(seed, accepted(t, near), far); got != want {
				t.Fatalf("by seed %d it went\n%s\nwant\n%s", seed, got, want)
			}
			all.WriteString(want)
		}
	})
	for _, event := range []string{
		" reads \"", " reads timeout", " writes 7\n", " writes 3 timeout", " writes timeout", "peer reads \"", "peer writes 7\n",
	} {
		if n := strings.Count(all.String(), event); n < 100 {
			t.Errorf("%q came %d times, which is too seldom to tell anything", event, n)
		}
	}
}

// live lets a connection and its peer do what chance has them do until both are closed, and tells what came of it.
func live(seed uint64, conn, peer net.Conn) string {
	const length = 150 * time.Millisecond
	start := time.Now()
	time.AfterFunc(length-time.Microsecond, func() { _, _ = conn.Close(), peer.Close() })
	var actors sync.WaitGroup
	var tales [5]strings.Builder
	pace := []int{2, 8, 30}[seed%3] // of the peer
	for i, actor := range []struct {
		pause int
		act   func(*rand.Rand) string
	}{
		{4, func(dice *rand.Rand) string { return "reads " + read(conn, dice) }},
		{4, func(dice *rand.Rand) string { return "writes " + write(conn, dice) }},
		{5, func(dice *rand.Rand) string { return put(conn, dice, time.Since(start)) }},
		{pace, func(dice *rand.Rand) string { return "peer reads " + read(peer, dice) }},
		{pace, func(dice *rand.Rand) string { return "peer writes " + write(peer, dice) }},
	} {
		dice := rand.New(rand.NewPCG(seed, uint64(i)))
		actors.Go(func() {
			for {
				// Deadlines come at whole milliseconds, and all others have moments of their own, for which of two things that
				// happen at once is first would be chance.
				next := time.Since(start).Truncate(time.Millisecond) + time.Duration(1+dice.IntN(actor.pause))*time.Millisecond
				<-time.After(next + time.Duration(i+1)*100*time.Microsecond - time.Since(start))
				if time.Since(start) >= length {
					return
				}
				what := actor.act(dice)
				fmt.Fprintf(&tales[i], "%v %s\n", time.Since(start), what)
			}
		})
	}
	actors.Wait()
	var all strings.Builder
	for i := range tales {
		all.WriteString(tales[i].String())
	}
	return all.String()
}

func read(conn net.Conn, dice *rand.Rand) string {
	p := make([]byte, 1+dice.IntN(6))
	n, err := conn.Read(p)
	return told(fmt.Sprintf("%q", p[:n]), n, err)
}

func write(conn net.Conn, dice *rand.Rand) string {
	p := make([]byte, dice.IntN(12))
	for i := range p {
		p[i] = byte('a' + dice.IntN(26))
	}
	n, err := conn.Write(p)
	return told(strconv.Itoa(n), n, err)
}

// told is what came of reading or writing.
func told(what string, n int, err error) string {
	if err == nil {
		return what
	}
	timeout, ok := err.(net.Error) //nolint:errorlint // as net/http asks
	if ok && timeout.Timeout() && errors.Is(err, os.ErrDeadlineExceeded) {
		err = errors.New("timeout")
	}
	if n == 0 {
		return err.Error()
	}
	return what + " " + err.Error()
}

// put sets a deadline, so long after the connection came to be.
func put(conn net.Conn, dice *rand.Rand, age time.Duration) string {
	var at time.Time
	switch now := time.Now(); dice.IntN(8) {
	case 0: // never
	case 1:
		at = time.Unix(1, 0)
	case 2:
		at = now
	default:
		at = now.Add(time.Duration(1+dice.IntN(12))*time.Millisecond - age%time.Millisecond)
	}
	set := []func(time.Time) error{conn.SetDeadline, conn.SetReadDeadline, conn.SetWriteDeadline}[dice.IntN(3)]
	return fmt.Sprint("puts ", set(at))
}

// TestDeadlinePutOffDuringAWrite has timers cut it off again and again, in the middle: it goes on where it was, until it is done or
// its time is up.
func TestDeadlinePutOffDuringAWrite(t *testing.T) {
	t.Parallel()
	const message = "0123456789"
	for name, test := range map[string]struct{ reads, puts, written int }{
		"to the end":           {10, 10, 10},
		"until time is up":     {7, 7, 7},
		"until nobody reads":   {7, 20, 7},
		"off more than needed": {10, 20, 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				conn := accepted(t, near)
				start := time.Now()
				_ = conn.SetWriteDeadline(start.Add(2 * time.Second))
				var puts sync.WaitGroup
				puts.Go(func() {
					for range test.puts {
						<-time.After(time.Second)
						_ = conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
					}
				})
				var got [len(message)]byte
				puts.Go(func() {
					for i := range test.reads {
						<-time.After(time.Second + time.Millisecond)
						_, _ = far.Read(got[i : i+1])
					}
				})
				n, err := conn.Write([]byte(message))
				took := time.Since(start)
				if done := test.written == len(message); n != test.written || done != (err == nil) {
					t.Errorf("Write() = %d, %v, want %d", n, err, test.written)
				}
				if want := time.Duration(test.puts+2) * time.Second; err != nil && (took != want || !errors.Is(err, os.ErrDeadlineExceeded)) {
					t.Errorf("it ended after %v with %v, want a timeout after %v", took, err, want)
				}
				if puts.Wait(); string(got[:test.reads]) != message[:test.reads] {
					t.Errorf("%q was read, want what was written", got[:test.reads])
				}
			})
		})
	}
}

// TestDeadlinePutOffOnTCP: a timer that comes too early ends neither a read that nothing came for nor a write of more than fits.
func TestDeadlinePutOffOnTCP(t *testing.T) {
	t.Parallel()
	for name, pass := range map[string]func(conn net.Conn, far *net.TCPConn, again <-chan struct{}) ([]byte, error){
		"read": func(conn net.Conn, far *net.TCPConn, again <-chan struct{}) ([]byte, error) {
			go func() {
				<-again
				_, _ = far.Write(much)
				_ = far.CloseWrite()
			}()
			return io.ReadAll(conn)
		},
		"write": func(conn net.Conn, far *net.TCPConn, again <-chan struct{}) ([]byte, error) {
			written := make(chan error, 1)
			go func() {
				n, err := conn.Write(much)
				if err == nil && n != len(much) {
					err = io.ErrShortWrite
				}
				written <- errors.Join(err, conn.Close())
			}()
			<-again
			got, err := io.ReadAll(far)
			return got, errors.Join(err, <-written)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			near, far := dial(t)
			var conn net.Conn
			var calls int
			again := make(chan struct{})
			proceed := sync.OnceFunc(func() { close(again) })
			time.AfterFunc(5*time.Second, proceed) // should nothing cut it off
			conn = accepted(t, observed{near, func() {
				switch calls++; calls {
				case 1: // the timer is set, and nothing but it can end what begins
					_ = conn.SetDeadline(time.Time{})
				case 2:
					proceed()
				}
			}})
			_ = conn.SetDeadline(time.Now().Add(200 * time.Millisecond))
			if got, err := pass(conn, far, again); err != nil || !bytes.Equal(got, much) {
				t.Errorf("%d bytes passed, %v, want the %d that were sent", len(got), err, len(much))
			}
		})
	}
}

// TestDeadlineOfTwoWriters has one of them cut off again and again by timers that come too early: what each writes stays together.
func TestDeadlineOfTwoWriters(t *testing.T) {
	t.Parallel()
	const size, turns = 30, 4
	near, far := net.Pipe()
	var conn net.Conn
	begun := make(chan struct{}, 1)
	conn = accepted(t, observed{near, func() {
		_ = conn.SetWriteDeadline(time.Now().Add(time.Millisecond)) // sets a timer, as it waits already
		_ = conn.SetWriteDeadline(time.Time{})
		select {
		case begun <- struct{}{}:
		default:
		}
	}})
	var writers sync.WaitGroup
	for _, letter := range []string{"a", "b"} {
		writers.Go(func() {
			for range turns {
				if n, err := io.WriteString(conn, strings.Repeat(letter, size)); n != size || err != nil {
					t.Errorf("Write() = %d, %v, want %d", n, err, size)
				}
			}
		})
	}
	go func() {
		writers.Wait()
		_ = near.Close()
		close(begun)
	}()
	var got bytes.Buffer
	for err := error(nil); err == nil; _, err = io.CopyN(&got, far, 3) {
		select { // part of it has been read when it is cut off
		case <-begun:
		case <-time.After(50 * time.Millisecond):
		}
	}
	if whole := fmt.Sprintf("^(a{%d}|b{%[1]d}){%d}$", size, 2*turns); !regexp.MustCompile(whole).Match(got.Bytes()) {
		t.Errorf("%q was read, want each in one piece: %s", &got, whole)
	}
}

// TestCloseBeforeTheDeadline ends what waits at once, with the error that it would have without NewListener.
func TestCloseBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		open func(*testing.T) net.Conn
		want error
	}{
		"pipe": {func(*testing.T) net.Conn {
			near, _ := net.Pipe()
			return near
		}, io.ErrClosedPipe},
		"TCP": {func(t *testing.T) net.Conn {
			near, _ := dial(t)
			return near
		}, net.ErrClosed},
	} {
		for what, wait := range map[string]func(net.Conn) error{
			"read": func(conn net.Conn) error {
				_, err := io.ReadAll(conn)
				return err
			},
			"write": func(conn net.Conn) error {
				_, err := conn.Write(much)
				return err
			},
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				t.Parallel()
				begun := make(chan struct{}, 1)
				conn := accepted(t, observed{test.open(t), func() { begun <- struct{}{} }})
				_ = conn.SetDeadline(time.Now().Add(time.Hour))
				ended := make(chan error, 1)
				go func() { ended <- wait(conn) }()
				<-begun
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
				if err := <-ended; !errors.Is(err, test.want) {
					t.Errorf("it ended with %v, want %v", err, test.want)
				}
			})
		}
	}
}

// TestCloseWrite closes one direction of a connection that has two that can be closed.
func TestCloseWrite(t *testing.T) {
	t.Parallel()
	type closer interface{ CloseWrite() error }
	near, far := dial(t)
	conn := accepted(t, near)
	if err := conn.(closer).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(far); len(text) > 0 || err != nil {
		t.Errorf("the peer reads %q, %v, want the end", text, err)
	}
	_, _ = io.WriteString(far, "more")
	_ = far.Close()
	if text, err := io.ReadAll(conn); string(text) != "more" || err != nil {
		t.Errorf("it reads %q, %v, want what the peer still says", text, err)
	}
	pipe, _ := net.Pipe()
	if err := accepted(t, pipe).(closer).CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("CloseWrite() = %v of a pipe, want %v", err, errors.ErrUnsupported)
	}
}
