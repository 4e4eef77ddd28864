package graph_test

import (
	"context"
	"encoding/json"
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
	for range 1000 {
		publish()
		select {
		case m := <-w.messages:
			if m.Type != "next" {
				t.Fatalf("received %s %s", m.Type, m.Payload)
			}
			return
		default:
		}
	}
	t.Fatal("the subscription heard of none of 1000 posts")
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
