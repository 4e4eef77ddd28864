package graph_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"postern/internal/auth"
	"postern/internal/store/storetest"
	"postern/internal/transport/transporttest"
)

// inTurn is a server where each socket has one operation at a time worked at: what is asked after a subscription is answered
// after that has begun, which the protocol does not tell otherwise.
var inTurn = options{introspection: true, subscriptions: 1, pool: patient}

// subscribe opens a WebSocket, and returns when a subscription on it has begun.
func (s *server) subscribe(t *testing.T, query string) *websocket.Conn {
	t.Helper()
	conn := s.dial(t, "", "")
	payload, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	transporttest.Say(t, conn, `{"id":"posts","type":"subscribe","payload":`+string(payload)+`}`)
	anythingElse(t, conn)
	return conn
}

// anythingElse asks for something that is no post, whose answer must be the next that comes.
func anythingElse(t *testing.T, conn *websocket.Conn) {
	t.Helper()
	transporttest.Say(t, conn, `{"id":"else","type":"subscribe","payload":{"query":"{ __typename }"}}`)
	if got := hear(t, conn, "next"); !strings.Contains(got, "__typename") {
		t.Errorf("heard %s, want the answer to something else", got)
	}
	hear(t, conn, "complete")
}

// expectPost compares the next post that is heard of.
func expectPost(t *testing.T, conn *websocket.Conn, title, handle string) {
	t.Helper()
	want := `{"data":{"postPublished":{"title":"` + title + `","author":{"handle":"` + handle + `"}}}}`
	if got := hear(t, conn, "next"); got != want {
		t.Fatalf("heard %s, want %s", got, want)
	}
}

// TestPostPublished watches posts over a WebSocket, all and those of one author.
func TestPostPublished(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServerWith(t, url, inTurn)
		ada, bob := s.account(t, "ada", auth.Author), s.account(t, "bob", auth.Author)
		var data struct{ User struct{ ID string } }
		s.ask(t, "", `{ user(by: {handle: "bob"}) { id } }`, nil).into(t, &data)

		all := s.subscribe(t, `subscription { postPublished { title author { handle } } }`)
		bobs := s.subscribe(t, `subscription { postPublished(authorId: "`+data.User.ID+`") { title author { handle } } }`)
		nobodys := s.subscribe(t, `subscription { postPublished(authorId: "nonsense") { title author { handle } } }`)
		s.publish(t, ada, "One", "x")
		s.publish(t, bob, "Two", "x")
		expectPost(t, all, "One", "ada")
		expectPost(t, all, "Two", "bob")
		expectPost(t, bobs, "Two", "bob")
		anythingElse(t, nobodys) // messages keep their order: had anything been published, it would come before
	})
}

// TestSlowSubscriber publishes more than is kept for who reads nothing: nobody waits for it, and it is told when it reads on.
func TestSlowSubscriber(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServerWith(t, url, inTurn)
		ada := s.account(t, "ada", auth.Author)
		slow := s.subscribe(t, `subscription { postPublished { title content } }`)
		steady := s.subscribe(t, `subscription { postPublished { title author { handle } } }`)
		slow.SetReadLimit(-1)

		const posts = 80
		title := func(i int) string { return fmt.Sprintf("Post %02d", i) }
		long := strings.Repeat("🙂", 100_000)
		for i := range posts {
			s.publish(t, ada, title(i), long)
			expectPost(t, steady, title(i), "ada")
		}
		for heard := range posts {
			text := transporttest.Hear(t, slow)
			if strings.HasPrefix(text, `{"type":"next"`) && strings.Contains(text, `"title":"`+title(heard)+`"`) {
				continue
			}
			if heard == 0 || !strings.HasPrefix(text, `{"type":"error"`) || !strings.Contains(text, `"code":"SLOW_SUBSCRIBER"`) {
				t.Errorf("told %.200s after %d posts, want SLOW_SUBSCRIBER after a few", text, heard)
			}
			return
		}
		t.Error("the slow subscriber heard of all posts")
	})
}

// publish publishes a post.
func (s *server) publish(t *testing.T, token, title, content string) {
	t.Helper()
	s.ask(t, token, `mutation($title: String!, $content: String!) {
		createPost(input: {title: $title, content: $content}) { post { id } } }`, map[string]any{"title": title, "content": content})
}
