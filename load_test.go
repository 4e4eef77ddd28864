package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"postern/internal/transport/transporttest"
)

// TestConnectionsAreCut cuts connections anywhere while posts are written.
func TestConnectionsAreCut(t *testing.T) { cutConnections(t, 200) }

// cutConnections opens connections, many at a time, and cuts each of them at random: while it is opened, in the middle of a
// frame, as soon as it has subscribed, or once it has heard a post. Meanwhile posts are written, and somebody who stays must
// hear each of them once, in order. When all are gone, nothing is left of them.
func cutConnections(t *testing.T, connections int) {
	dir := t.TempDir()
	p := start(t, environment{"DATA_DIR": dir, "LIMIT_CONNECTIONS_OF_ADDRESS": strconv.Itoa(connections)})
	token := accessToken(t, p.post(t, "", signup))
	before := measure(t, dir)
	written := 0
	write := func() {
		written++
		query := fmt.Sprintf(`mutation { createPost(input: {title: "Post %d", content: "x"}) { post { title } } }`, written)
		if answer := p.post(t, token, query); !strings.Contains(answer, fmt.Sprintf(`"Post %d"`, written)) {
			t.Fatalf("post %d is %s", written, answer)
		}
	}
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	steady := follow(ctx, t, p, write)

	var cutting sync.WaitGroup
	var next atomic.Int64
	const atOnce = 64
	for range min(atOnce, connections) {
		cutting.Go(func() {
			for i := next.Add(1); i <= int64(connections); i = next.Add(1) {
				if err := cutOne(t.Context(), p, rand.New(rand.NewPCG(1, uint64(i)))); err != nil && t.Context().Err() == nil {
					t.Errorf("connection %d: %v", i, err)
				}
			}
		})
	}
	t.Cleanup(cutting.Wait)
	over := make(chan struct{})
	go func() {
		cutting.Wait()
		close(over)
	}()
	for done := false; !done; {
		write()
		steady.catchUp(t, written-1) // one behind: that one is lost shows by the next
		select {
		case <-over:
			done = true
		default:
		}
	}
	write() // had one been heard twice, this one would not be next
	steady.catchUp(t, written)
	leave()
	before.expect(t, dir, connections)
	t.Logf("%d posts were heard while %d connections were cut", steady.heard, connections)
	p.end(t)
	for line := range strings.Lines(p.log.String()) {
		if !strings.Contains(line, `"level":"INFO"`) {
			t.Errorf("the log has the line %s", line)
		}
	}
}

// listener is somebody who hears of posts, each once and in order.
type listener struct {
	next  func() ([]byte, error)
	heard int
}

// follow subscribes to posts, and has some written until one is heard.
func follow(ctx context.Context, t *testing.T, p *process, write func()) *listener {
	t.Helper()
	l := &listener{next: p.overWebSocket(ctx, t, "")}
	first := make(chan error, 1)
	go func() { first <- l.hear() }()
	for {
		write()
		select {
		case err := <-first:
			if err != nil {
				t.Fatal(err)
			}
			return l
		default:
		}
	}
}

// hear hears of the next post.
func (l *listener) hear() error {
	event, err := l.next()
	if err != nil {
		return err
	}
	title, err := titleOf(event)
	if err != nil {
		return err
	}
	post, err := strconv.Atoi(strings.TrimPrefix(title, "Post "))
	if err != nil || l.heard != 0 && post != l.heard+1 {
		return fmt.Errorf("%s comes after post %d", event, l.heard)
	}
	l.heard = post
	return nil
}

// catchUp hears of all posts up to one.
func (l *listener) catchUp(t *testing.T, post int) {
	t.Helper()
	for l.heard < post {
		if err := l.hear(); err != nil {
			t.Fatal(err)
		}
	}
}

// cutOne says some of what a subscriber says, over a WebSocket or for an event stream, and waits for a post if that is all of
// it. Then it ends the connection, in one of the ways that there are.
func cutOne(ctx context.Context, p *process, random *rand.Rand) error {
	says, last := transporttest.Handshake+transporttest.Frame(sayHello)+transporttest.Frame(subscribing), transporttest.Goodbye
	if random.IntN(3) == 0 {
		last = ""
		says = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n" +
			"Content-Length: " + strconv.Itoa(len(everyPost)) + "\r\n\r\n" + everyPost
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // the test has failed
	if random.IntN(2) == 0 {
		_ = conn.(*net.TCPConn).SetLinger(0) // it is reset
	}
	if random.IntN(2) == 0 {
		_, err := conn.Write([]byte(says[:random.IntN(len(says)+1)]))
		return err
	}
	if _, err := conn.Write([]byte(says)); err != nil {
		return err
	}
	var heard []byte
	for part := make([]byte, 1<<10); !bytes.Contains(heard, []byte(`"title":"Post `)); {
		n, err := conn.Read(part)
		if err != nil {
			return fmt.Errorf("it ended with %w after %q", err, heard)
		}
		heard = append(heard, part[:n]...)
	}
	if random.IntN(2) == 0 || last == "" {
		return nil
	}
	if _, err := conn.Write([]byte(last)); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, conn) // until the server closes it
	return err
}

// usage is what this process has.
type usage struct {
	goroutines  goleak.Option // all but these are new
	descriptors int
	objects     uint64
}

// measure does not count descriptors of the database: there are as many as ask it at the same time.
func measure(t *testing.T, database string) usage {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	u := usage{goroutines: goleak.IgnoreCurrent()}
	for _, entry := range entries {
		file, err := os.Readlink(filepath.Join("/proc/self/fd", entry.Name()))
		if err == nil && !strings.HasPrefix(file, database) {
			u.descriptors++
		}
	}
	runtime.GC()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	u.objects = memory.HeapObjects
	return u
}

// expect waits for the end of all goroutines that are new, and finds nothing else that is left of so many connections.
func (u usage) expect(t *testing.T, database string, connections int) {
	t.Helper()
	const patience, some = 60, 10
	err := goleak.Find(u.goroutines)
	for range patience { // goleak has some of its own
		if err == nil {
			break
		}
		err = goleak.Find(u.goroutines)
	}
	if err != nil {
		t.Errorf("goroutines are left: %.2000s", err)
	}
	now := measure(t, database)
	if now.descriptors != u.descriptors {
		t.Errorf("%d descriptors are open, want %d as before", now.descriptors, u.descriptors)
	}
	if now.objects > u.objects+uint64(some*connections) { // each had more than a hundred
		t.Errorf("there are %d objects, %d before", now.objects, u.objects)
	}
	t.Logf("objects: %d, before %d", now.objects, u.objects)
}
