package transport_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postern/internal/blog"
)

// stream sends a query by POST, and answers what the response is, which the test reads.
func (s *live) stream(t *testing.T, query, accept string) (*http.Response, *bufio.Reader) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://postern/graphql", strings.NewReader(`{"query":"`+query+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", accept)
	response, err := s.client(t).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response, bufio.NewReader(response.Body)
}

const (
	events      = "text/event-stream"
	followPosts = "subscription { postPublished { title } }"
	alive       = ":\n\n"
	complete    = "event: complete\ndata:\n\n"
	getPosts    = "GET /graphql?query=subscription{postPublished{title}} HTTP/1.1\r\nHost: postern\r\nAccept: " + events + "\r\n\r\n"
)

func next(payload string) string { return "event: next\ndata: " + payload + "\n\n" }

// TestEventStream follows posts to their end, with heartbeats between them.
func TestEventStream(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		response, stream := s.stream(t, followPosts, events)
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != events+"; charset=utf-8" ||
			response.Header.Get("Cache-Control") != "no-store" || response.ContentLength != -1 {
			t.Errorf("answer = %s %v", response.Status, response.Header)
		}
		read(t, stream, alive)
		start := time.Now()
		read(t, stream, alive+alive)
		if waited := time.Since(start); waited != 2*s.streams.Heartbeat {
			t.Errorf("two heartbeats after %s, want %s", waited, 2*s.streams.Heartbeat)
		}
		for _, title := range []string{"One", "Two\nlines"} {
			s.feed.posts <- &blog.Post{Title: title}
			read(t, stream, next(`{"data":{"postPublished":{"title":"`+strings.ReplaceAll(title, "\n", `\n`)+`"}}}`))
		}
		close(s.feed.posts)
		read(t, stream, complete)
		if rest, err := io.ReadAll(stream); err != nil || len(rest) != 0 {
			t.Errorf("read %q, %v after the end", rest, err)
		}
	})
}

// TestEventStreamOfOneResponse: whoever takes events only gets what else there is to answer as one, with all that went wrong.
func TestEventStreamOfOneResponse(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		for query, want := range map[string]string{
			"{ __typename }": `{"data":{"__typename":"Query"}}`,
			"{ nothing }": `{"errors":[{"message":"Cannot query field \"nothing\" on type \"Query\".","locations":[{"line":1,"column":3}],` +
				`"extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`,
		} {
			_, stream := s.stream(t, query, events)
			if got, err := io.ReadAll(stream); err != nil || string(got) != alive+next(want)+complete {
				t.Errorf("%s = %q, %v, want %s", query, got, err, want)
			}
		}
	})
}

// TestEventStreamIsChosen: a client that takes JSON as well gets it for all but subscriptions.
func TestEventStreamIsChosen(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		for _, test := range []struct {
			query, accept, media string
			status               int
		}{
			{followPosts, "application/json, text/event-stream", events, 200},
			{followPosts, "application/json, text/event-stream;q=0.1, multipart/mixed", events, 200},
			{followPosts, "application/json, text/event-stream;q=0", "application/json", 406},
			{followPosts, "application/json", "application/json", 406},
			{followPosts, "*/*", "application/json", 406},
			{"{ __typename }", "application/json, text/event-stream", "application/json", 200},
			{"{ __typename }", "text/event-stream, application/json;q=0.1", "application/json", 200},
			{"{ __typename }", "text/html", "application/json", 406},
			{"{ nothing }", "application/graphql-response+json, text/event-stream", "application/graphql-response+json", 400},
		} {
			response, _ := s.stream(t, test.query, test.accept)
			if media := response.Header.Get("Content-Type"); response.StatusCode != test.status || media != test.media+"; charset=utf-8" {
				t.Errorf("%s as %s = %d %s, want %d %s", test.query, test.accept, response.StatusCode, media, test.status, test.media)
			}
			_ = response.Body.Close()
		}
	})
}

// TestEventStreamTellsWhyItEnds: a subscription that cannot go on says so.
func TestEventStreamTellsWhyItEnds(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		s.feed.why = errors.New("you read too slowly")
		_, stream := s.stream(t, followPosts, events)
		close(s.feed.posts)
		read(t, stream, alive+next(`{"errors":[{"message":"you read too slowly"}]}`)+complete)
	})
}

// TestEventStreamThatPanics: the client is told, and the server lives.
func TestEventStreamThatPanics(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		_, stream := s.stream(t, `subscription { postPublished(authorId: \"1\") { id } }`, events)
		if got, err := io.ReadAll(stream); err != nil || !strings.Contains(string(got), "internal system error") {
			t.Errorf("read %q, %v, want an error", got, err)
		}
		_, stream = s.stream(t, "{ __typename }", events)
		read(t, stream, alive+next(`{"data":{"__typename":"Query"}}`)+complete)
	})
}

// TestEventStreamIsCut: a stream is not complete whose guest may not stay; it hears why. When the server ends, it hears nothing.
func TestEventStreamIsCut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end  func(*live)
		want string
	}{
		"the guest":  {func(s *live) { s.guest(errors.New("enough")) }, alive + next(`{"errors":[{"message":"enough"}]}`)},
		"the server": {func(s *live) { _ = s.Shutdown(context.Background()) }, alive},
	} {
		inBubble(t, func(t *testing.T, s *live) {
			_, stream := s.stream(t, followPosts, events)
			go test.end(s)
			if got, err := io.ReadAll(stream); !errors.Is(err, io.ErrUnexpectedEOF) || string(got) != test.want {
				t.Errorf("%s ended: read %q, %v, want %q and that it was cut", name, got, err, test.want)
			}
		})
	}
}

// TestEventStreamAfterShutdown is refused: the client comes again.
func TestEventStreamAfterShutdown(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		_ = s.Shutdown(context.Background())
		response, stream := s.stream(t, followPosts, events)
		if text, _ := io.ReadAll(stream); response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(text), "UNAVAILABLE") {
			t.Errorf("answer = %s %s, want 503", response.Status, text)
		}
	})
}

// TestEventStreamsOfAGuest: there may be two in this test, and another one when one has ended, by whichever side.
func TestEventStreamsOfAGuest(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		for range 3 {
			one, _ := s.stream(t, followPosts, events)
			two, _ := s.stream(t, followPosts, events)
			_, third := s.stream(t, followPosts, events)
			if got, err := io.ReadAll(third); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(string(got), "CONNECTION_LIMIT") {
				t.Errorf("read %q, %v, want CONNECTION_LIMIT", got, err)
			}
			_ = one.Body.Close()
			_ = two.Body.Close()
			synctest.Wait()
		}
	})
}

// TestEventStreamOfClientThatReadsNothing is cut when an event was not read in time.
func TestEventStreamOfClientThatReadsNothing(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.connect(t)
		tell(t, conn, getPosts)
		conn.expectCut(t, s.streams.Write)
	})
}

// TestEventStreamIsOver when it is complete: nothing more is written, for what comes next would be another answer's.
func TestEventStreamIsOver(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.connect(t)
		tell(t, conn, getPosts)
		synctest.Wait()
		close(s.feed.posts)
		defer time.AfterFunc(10*s.streams.Heartbeat, func() { _ = conn.Close() }).Stop()
		text, _ := io.ReadAll(conn)
		_, rest, complete := strings.Cut(string(text), complete)
		if strings.Trim(rest, "\r\n0") != "" || !complete { // which is how the body ends
			t.Errorf("read %q, want nothing after its end", text)
		}
	})
}

// TestEventStreamWithoutClient: the subscription ends with the client.
func TestEventStreamWithoutClient(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		conn := s.connect(t)
		tell(t, conn, getPosts)
		go func() { _, _ = io.Copy(io.Discard, conn) }()
		synctest.Wait()
		_ = conn.Close()
		conn.expectCut(t, 0)
		synctest.Wait()
		select {
		case s.feed.posts <- &blog.Post{Title: "One"}:
			t.Error("there is still a subscriber")
		default:
		}
	})
}

// TestEventStreamWithABodyThatNeverComes is refused, for net/http would wait for the body when the first event is sent.
func TestEventStreamWithABodyThatNeverComes(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"Content-Length: 9", "Transfer-Encoding: chunked"} {
		inBubble(t, func(t *testing.T, s *live) {
			conn := s.connect(t)
			tell(t, conn, "GET /graphql?query={__typename} HTTP/1.1\r\nHost: postern\r\nAccept: "+events+"\r\n"+body+"\r\n\r\n")
			if answer, _ := io.ReadAll(conn); !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
				t.Errorf("%s: answer = %q, want 400", body, answer)
			}
		})
	}
}

// TestShutdownOfEventStreamThatIsNotRead: who reads nothing has a moment to do so.
func TestShutdownOfEventStreamThatIsNotRead(t *testing.T) {
	t.Parallel()
	inBubble(t, func(t *testing.T, s *live) {
		_, stream := s.stream(t, followPosts, events)
		read(t, stream, alive)
		s.feed.posts <- &blog.Post{Title: strings.Repeat("x", 1<<20)}
		synctest.Wait()
		start := time.Now()
		if err := s.Shutdown(context.Background()); err != nil || time.Since(start) > time.Second {
			t.Errorf("Shutdown = %v after %s, want it within a second", err, time.Since(start))
		}
	})
}
