package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"postern/internal/transport/transporttest"
)

// subscriber is what somebody hears until the server ends it.
type subscriber struct {
	name string

	mu      sync.Mutex
	changed *sync.Cond
	titles  []string
	ended   error
}

// subscribe hears whatever next answers, until that is an error.
func subscribe(name string, next func() ([]byte, error)) *subscriber {
	s := &subscriber{name: name}
	s.changed = sync.NewCond(&s.mu)
	go func() {
		for s.hears(next()) {
		}
	}()
	return s
}

// hears notes what comes, and tells whether more may.
func (s *subscriber) hears(event []byte, err error) bool {
	var title string
	if err == nil {
		title, err = titleOf(event)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed.Broadcast()
	if s.ended = err; err != nil {
		return false
	}
	s.titles = append(s.titles, title)
	return true
}

// deaf tells whether nothing was heard yet, and may be.
func (s *subscriber) deaf() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.titles) == 0 && s.ended == nil
}

// await returns once a title was heard; an error is why it will not be.
func (s *subscriber) await(title string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 0; ; i++ {
		for i == len(s.titles) {
			if s.ended != nil {
				return s.ended
			}
			s.changed.Wait()
		}
		if s.titles[i] == title {
			return nil
		}
	}
}

// check waits for the end, and compares what was heard with all that was published: it is all from its beginning on.
func (s *subscriber) check(t *testing.T, published []string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.ended == nil {
		s.changed.Wait()
	}
	if websocket.CloseStatus(s.ended) != websocket.StatusGoingAway && !errors.Is(s.ended, io.ErrUnexpectedEOF) {
		t.Fatalf("%s ended with %v, want that the server goes away", s.name, s.ended)
	}
	from := slices.Index(published, s.titles[0])
	if from < 0 || !strings.HasPrefix(s.titles[0], warmUp) {
		t.Fatalf("%s heard %q first, want a warm-up", s.name, s.titles[0])
	}
	want := published[from:]
	for i := range min(len(s.titles), len(want)) {
		if s.titles[i] != want[i] {
			t.Errorf("%s heard %q as post %d, want %q", s.name, s.titles[i], i, want[i])
			return
		}
	}
	if len(s.titles) != len(want) {
		t.Errorf("%s heard %d posts, want %d", s.name, len(s.titles), len(want))
	}
}

// bearer are the headers of the owner of an access token, or of nobody.
func bearer(token string) http.Header {
	header := make(http.Header)
	if token != "" {
		header.Set("Authorization", "Bearer "+token)
	}
	return header
}

// titleOf is the title of the post of an event.
func titleOf(event []byte) (string, error) {
	var heard struct {
		Data struct{ PostPublished struct{ Title string } }
	}
	if err := json.Unmarshal(event, &heard); err != nil {
		return "", err
	}
	if heard.Data.PostPublished.Title == "" {
		return "", fmt.Errorf("it is no post: %s", event)
	}
	return heard.Data.PostPublished.Title, nil
}

const (
	// everyPost is the request that subscribes to posts.
	everyPost   = `{"query":"subscription { postPublished { title } }"}`
	sayHello    = `{"type":"connection_init"}`
	subscribing = `{"type":"subscribe","id":"1","payload":` + everyPost + `}`
)

// overWebSocket subscribes as the owner of an access token, or as nobody, for as long as ctx lives, and returns what waits for the
// next event.
func (p *process) overWebSocket(ctx context.Context, t *testing.T, token string) func() ([]byte, error) {
	t.Helper()
	conn := transporttest.Dial(t, p.url+"/graphql", websocket.DialOptions{HTTPHeader: bearer(token)})
	context.AfterFunc(ctx, func() { _ = conn.CloseNow() })
	transporttest.Say(t, conn, sayHello, subscribing)
	if text := transporttest.Hear(t, conn); text != `{"type":"connection_ack"}` {
		t.Fatalf("heard %s, want connection_ack", text)
	}
	return func() ([]byte, error) {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return nil, err
		}
		var message struct{ Payload json.RawMessage }
		return message.Payload, json.Unmarshal(text, &message)
	}
}

// overEvents does the same over an event stream.
func (p *process) overEvents(ctx context.Context, t *testing.T, token string) func() ([]byte, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+"/graphql", strings.NewReader(everyPost))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = bearer(token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	lines := bufio.NewReader(response.Body)
	return func() ([]byte, error) {
		for {
			line, err := lines.ReadBytes('\n')
			if data, found := bytes.CutPrefix(line, []byte("data: ")); found || err != nil {
				return data, err
			}
		}
	}
}
