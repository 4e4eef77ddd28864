package httpd_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"postern/internal/httpd"
)

// counted is a listener that counts its connections, and how often they are read and their deadlines are set.
type counted struct {
	net.Listener

	conns, reads, sets atomic.Int64
}

func (l *counted) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.conns.Add(1)
	return countedConn{conn.(*net.TCPConn), l}, nil
}

type countedConn struct {
	*net.TCPConn

	all *counted
}

func (c countedConn) Read(p []byte) (int, error) {
	c.all.reads.Add(1)
	return c.TCPConn.Read(p)
}

func (c countedConn) SetDeadline(at time.Time) error {
	c.all.sets.Add(2)
	return c.TCPConn.SetDeadline(at)
}

func (c countedConn) SetReadDeadline(at time.Time) error {
	c.all.sets.Add(1)
	return c.TCPConn.SetReadDeadline(at)
}

func (c countedConn) SetWriteDeadline(at time.Time) error {
	c.all.sets.Add(1)
	return c.TCPConn.SetWriteDeadline(at)
}

// TestDeadlinesAreOnlyNoted where nothing waits, or where there is no time left to.
func TestDeadlinesAreOnlyNoted(t *testing.T) {
	t.Parallel()
	near, far := dial(t)
	var count counted
	conn := accepted(t, countedConn{near, &count})
	for range 10 {
		_ = conn.SetDeadline(time.Now().Add(time.Hour))
		_ = conn.SetDeadline(time.Unix(1, 0))
		if n, err := conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read() = %d, %v, want a timeout", n, err)
		}
		if n, err := conn.Write([]byte("late")); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write() = %d, %v, want a timeout", n, err)
		}
	}
	if reads, sets := count.reads.Load(), count.sets.Load(); reads+sets > 0 {
		t.Errorf("it was read %d times, and had %d deadlines, want none", reads, sets)
	}
	_ = conn.SetDeadline(time.Time{})
	_, _ = io.WriteString(conn, "in time")
	_ = conn.Close()
	if text, err := io.ReadAll(far); string(text) != "in time" || err != nil {
		t.Errorf("the peer reads %q, %v, want what was written in time", text, err)
	}
}

// TestDeadlinesOfRequests counts those that are set, and not only noted, and then goes away: a client that does is still noticed.
func TestDeadlinesOfRequests(t *testing.T) {
	t.Parallel()
	waits, gone := make(chan struct{}), make(chan struct{})
	server := httpd.NewServer(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.URL.Path == "/wait" {
			close(waits)
			<-r.Context().Done()
			close(gone)
		}
		_, _ = w.Write(body)
	}), slog.New(slog.DiscardHandler))
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	count := counted{Listener: l}
	served := make(chan error, 1)
	go func() { served <- server.Serve(httpd.NewListener(&count)) }()
	client := &http.Client{Transport: &http.Transport{}}
	post := func(ctx context.Context, path string) (string, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+l.Addr().String()+path, strings.NewReader("question"))
		if err != nil {
			return "", err
		}
		response, err := client.Do(request)
		if err != nil {
			return "", err
		}
		text, err := io.ReadAll(response.Body)
		return string(text), errors.Join(err, response.Body.Close())
	}
	const requests = 100
	for range requests {
		if answer, err := post(t.Context(), "/"); answer != "question" || err != nil {
			t.Fatalf("the answer is %q, %v", answer, err)
		}
	}
	leaving, leave := context.WithCancel(t.Context())
	go func() {
		<-waits
		leave()
	}()
	if answer, err := post(leaving, "/wait"); !errors.Is(err, context.Canceled) {
		t.Errorf("the answer is %q, %v, want none", answer, err)
	}
	<-gone
	if count.conns.Load() != 1 {
		t.Errorf("there were %d connections, want one that is kept", count.conns.Load())
	}
	if err := server.Shutdown(t.Context()); err != nil || !errors.Is(<-served, http.ErrServerClosed) {
		t.Errorf("Shutdown() = %v", err)
	}
	client.CloseIdleConnections()
	// While it is answered, net/http reads on, to see whether the client goes away, and sets a deadline to end that: only if it
	// had come to wait by then, which is chance, was there anything to set, and to take back. All else took one set each way.
	waited := count.reads.Load() - requests - 1
	sets := count.sets.Load()
	t.Logf("%d deadlines were set in %d requests, during %d of which something waited", sets, requests, waited)
	if sets > 2+2*waited {
		t.Errorf("%d deadlines were set in %d requests, want at most %d", sets, requests, 2+2*waited)
	}
}
