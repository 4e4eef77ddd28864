package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// TestPostPublished watches posts over a WebSocket, all and those of one author.
func TestPostPublished(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		ada, bob := s.account(t, "ada", auth.Author), s.account(t, "bob", auth.Author)
		var data struct{ User struct{ ID string } }
		s.ask(t, "", `{ user(by: {handle: "bob"}) { id } }`, nil).into(t, &data)

		publish := func(token, title string) {
			s.ask(t, token, `mutation($title: String!) { createPost(input: {title: $title, content: "x"}) { post { id } } }`,
				map[string]any{"title": title})
		}
		all := s.watch(t, `subscription { postPublished { title author { handle } } }`)
		bobs := s.watch(t, `subscription { postPublished(authorId: "`+data.User.ID+`") { title author { handle } } }`)
		nobodys := s.watch(t, `subscription { postPublished(authorId: "nonsense") { title author { handle } } }`)
		for _, w := range []*watcher{all, bobs} {
			w.awake(t, func() { publish(bob, warmUp) })
		}

		publish(ada, "One")
		publish(bob, "Two")
		if got := all.next(t) + all.next(t); got != "One by ada; Two by bob; " {
			t.Errorf("published: %q, want both", got)
		}
		if got := bobs.next(t); got != "Two by bob; " {
			t.Errorf("published by bob: %q", got)
		}
		// Messages keep their order: had anything been published, it would come before this answer.
		nobodys.send(t, message{ID: "2", Type: "subscribe", Payload: json.RawMessage(`{"query": "{ __typename }"}`)})
		if got := nobodys.receive(t, "next"); got.ID != "2" {
			t.Errorf("published by nobody: %s", got.Payload)
		}
	})
}

// TestSlowSubscriber publishes more than is kept for who reads nothing: nobody waits for it, and it is told when it reads on.
func TestSlowSubscriber(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		ada := s.account(t, "ada", auth.Author)
		publish := func(title, content string) {
			s.ask(t, ada, `mutation($title: String!, $content: String!) {
				createPost(input: {title: $title, content: $content}) { post { id } } }`, map[string]any{"title": title, "content": content})
		}
		slow, steady := s.dial(t, "", ""), s.watch(t, `subscription { postPublished { title author { handle } } }`)
		slow.SetReadLimit(-1)
		say(t, slow, `{"id":"1","type":"subscribe","payload":{"query":"subscription { postPublished { title content } }"}}`)
		awakened := make(chan struct{})
		go func() {
			defer close(awakened)
			var first message
			_ = wsjson.Read(context.WithoutCancel(t.Context()), slow, &first)
		}()
		untilClosed(t, awakened, func() { publish(warmUp, "x") })
		steady.awake(t, func() { publish(warmUp, "x") })

		const posts = 80
		long := strings.Repeat("🙂", 100_000)
		for i := range posts {
			publish(fmt.Sprintf("Post %02d", i), long)
		}
		for i := range posts {
			if got, want := steady.next(t), fmt.Sprintf("Post %02d by ada; ", i); got != want {
				t.Fatalf("the steady subscriber heard %q, want %q", got, want)
			}
		}
		heard := 0
		for {
			var m message
			if err := wsjson.Read(t.Context(), slow, &m); err != nil {
				t.Fatalf("after %d posts: %v", heard, err)
			}
			if m.Type == "error" {
				if !strings.Contains(string(m.Payload), `"code":"SLOW_SUBSCRIBER"`) {
					t.Errorf("told %s, want SLOW_SUBSCRIBER", m.Payload)
				}
				break
			}
			if strings.Contains(string(m.Payload), "Post ") {
				if want := fmt.Sprintf("Post %02d", heard); !strings.Contains(string(m.Payload[:100]), want) {
					t.Fatalf("the slow subscriber heard %s, want %s", m.Payload[:100], want)
				}
				heard++
			}
		}
		if heard == 0 || heard == posts {
			t.Errorf("the slow subscriber heard %d posts of %d", heard, posts)
		}
	})
}

// untilClosed does something again and again until the channel is closed.
func untilClosed(t *testing.T, closed <-chan struct{}, do func()) {
	t.Helper()
	for range 1000 {
		do()
		select {
		case <-closed:
			return
		default:
		}
	}
	t.Fatal("nothing came of it in 1000 times")
}

// watcher is a subscription.
type watcher struct {
	socket   *websocket.Conn
	messages chan message
}

type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// watch opens a WebSocket and subscribes.
func (s *server) watch(t *testing.T, query string) *watcher {
	t.Helper()
	socket := s.dial(t, "", "")
	w := &watcher{socket: socket, messages: make(chan message, 1000)}
	go func() {
		defer close(w.messages)
		for {
			var m message
			if wsjson.Read(context.WithoutCancel(t.Context()), socket, &m) != nil {
				return
			}
			w.messages <- m
		}
	}()
	payload, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	w.send(t, message{ID: "1", Type: "subscribe", Payload: payload})
	return w
}

// warmUp is the title of posts that only show that a subscription runs.
const warmUp = "Warm-up"

// awake publishes until the subscription has heard of it: the protocol does not say when one has begun.
func (w *watcher) awake(t *testing.T, publish func()) {
	t.Helper()
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		w.messages <- <-w.messages // it is skipped as a warm-up
	}()
	untilClosed(t, heard, publish)
}

// next is the next post that is no warm-up.
func (w *watcher) next(t *testing.T) string {
	t.Helper()
	for {
		var payload struct {
			Data struct {
				PostPublished struct {
					Title  string
					Author struct{ Handle string }
				}
			}
		}
		if err := json.Unmarshal(w.receive(t, "next").Payload, &payload); err != nil {
			t.Fatal(err)
		}
		if post := payload.Data.PostPublished; post.Title != warmUp {
			return post.Title + " by " + post.Author.Handle + "; "
		}
	}
}

func (w *watcher) send(t *testing.T, m message) {
	t.Helper()
	if err := wsjson.Write(t.Context(), w.socket, m); err != nil {
		t.Fatal(err)
	}
}

func (w *watcher) receive(t *testing.T, kind string) message {
	t.Helper()
	m, open := <-w.messages
	if !open || m.Type != kind {
		t.Fatalf("received %s %s, want %s", m.Type, m.Payload, kind)
	}
	return m
}
