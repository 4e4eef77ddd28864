package transport_test

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postern/internal/blog"
	"postern/internal/transport/transporttest"
)

// as is a message under another id.
func as(id, message string) string {
	return regexp.MustCompile(`"id":"\w+"`).ReplaceAllLiteralString(message, `"id":"`+id+`"`)
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
			transporttest.Say(t, conn, `{"id":"1","type":"subscribe","payload":`+test.payload+`}`)
			got := transporttest.Hear(t, conn)
			if !strings.HasPrefix(got, `{"type":"error","id":"1","payload":[{"message":`) || !strings.Contains(got, test.want) {
				t.Errorf("%s: heard %s, want %s", test.payload, got, test.want)
			}
		}
		transporttest.Say(t, conn, `{"id":"1","type":"subscribe"}`) // without a payload
		if got := transporttest.Hear(t, conn); !strings.Contains(got, "BAD_REQUEST") {
			t.Errorf("heard %s, want BAD_REQUEST", got)
		}
		works(t, conn)
	})
}

// TestSubscriptionTellsWhyItEnds: the reason is the last message.
func TestSubscriptionTellsWhyItEnds(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		s.feed.why = errors.New("you read too slowly")
		conn := s.dial(t)
		transporttest.Say(t, conn, follow)
		close(s.feed.posts)
		expect(t, conn, `{"type":"error","id":"1","payload":[{"message":"you read too slowly"}]}`)
		works(t, conn)
	})
}

// TestSubscriptionsOfASocket: there may be two in this test, however many there were before.
func TestSubscriptionsOfASocket(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		for range 3 {
			transporttest.Say(t, conn, follow, as("a", follow))
			synctest.Wait()
			transporttest.Say(t, conn, as("b", follow))
			if got := transporttest.Hear(t, conn); !strings.Contains(got, "OPERATION_LIMIT") || !strings.Contains(got, "2 subscriptions") {
				t.Errorf("heard %s, want OPERATION_LIMIT", got)
			}
			works(t, conn)
			transporttest.Say(t, conn, stop, as("a", stop), as("b", stop))
			synctest.Wait()
		}
	})
}

// TestSubscriptionIsReplaced where there may be no more: what was ended leaves its place to what is asked next.
func TestSubscriptionIsReplaced(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.silent(t, as("0", follow), as("1", follow))
		for i := range 100 { // both messages are there at once
			tell(t, conn, transporttest.Frame(as(strconv.Itoa(i), stop))+transporttest.Frame(as(strconv.Itoa(i+2), follow)))
		}
		tell(t, conn, transporttest.Frame(query))
		read(t, conn, "\x81"+string(rune(len(queryAnswer)))+queryAnswer)
	})
}

// TestOperationsTakeTurns: two are worked at in this test, and more wait. A subscription that waits for a post takes no turn.
func TestOperationsTakeTurns(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		transporttest.Say(t, conn, as("a", follow), as("b", follow))
		synctest.Wait()
		transporttest.Say(t, conn, as("c", limits), as("d", limits), as("e", limits))
		<-s.asked
		<-s.asked
		synctest.Wait()
		select {
		case <-s.asked:
			t.Fatal("a third operation is worked at")
		default:
		}
		answers := map[string]int{}
		answer := func() {
			s.answer <- struct{}{}
			answers[transporttest.Hear(t, conn)]++
			answers[transporttest.Hear(t, conn)]++
		}
		answer()
		<-s.asked
		answer()
		answer()
		for _, id := range []string{"c", "d", "e"} {
			if answers[as(id, limitsReply)] != 1 || answers[as(id, over)] != 1 {
				t.Errorf("heard %v, want an answer for %s", answers, id)
			}
		}
		works(t, conn)
	})
}

// TestQueryThatNobodyWantsAnyMore is not answered; what is asked next waits for its end, and may have its id.
func TestQueryThatNobodyWantsAnyMore(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		transporttest.Say(t, conn, limits)
		<-s.asked
		time.AfterFunc(time.Second, func() { s.answer <- struct{}{} })
		transporttest.Say(t, conn, stop, as("1", query))
		expect(t, conn, as("1", queryAnswer), over)
	})
}

// TestManyPosts: those that were read make room for more, however long they are together.
func TestManyPosts(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.dial(t)
		conn.SetReadLimit(-1)
		transporttest.Say(t, conn, follow)
		title := strings.Repeat("x", 3<<20)
		for range 3 {
			s.feed.posts <- &blog.Post{Title: title}
			if transporttest.Hear(t, conn) != heard(title) {
				t.Fatal("a post was not heard of")
			}
		}
	})
}

// TestManyPostsForClientThatReadsNothing: what waits to be written is bounded, whatever the number of subscriptions.
func TestManyPostsForClientThatReadsNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.silent(t, follow, as("2", follow))
		for range 2 { // one is being written; the other would wait, and is another subscription's, as the first one is busy
			s.feed.posts <- &blog.Post{Title: strings.Repeat("x", 9<<20)}
		}
		conn.expectCut(t, 0)
	})
}
