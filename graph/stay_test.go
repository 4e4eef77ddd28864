package graph_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"postern/internal/auth"
	"postern/internal/store/storetest"
	"postern/internal/transport/transporttest"
)

// TestWhatIsOpenEndsWithItsSession ends sessions in each way, for WebSockets that said who they are by their parameters or by a
// header, and for event streams. What is another account's, or nobody's, stays.
func TestWhatIsOpenEndsWithItsSession(t *testing.T) {
	const email = "ada@example.org"
	for name, end := range map[string]func(t *testing.T, s *server, token string){
		"log-out": func(t *testing.T, s *server, token string) {
			s.ask(t, token, `mutation { logout { endedSessionId } }`, nil)
		},
		"change of password": func(t *testing.T, s *server, _ string) {
			if err := s.accounts.SetPassword(t.Context(), email, "a heron beside the lighthouse"); err != nil {
				t.Fatal(err)
			}
		},
		"disabling": func(t *testing.T, s *server, _ string) {
			if err := s.accounts.Disable(t.Context(), email); err != nil {
				t.Fatal(err)
			}
		},
		"deletion": func(t *testing.T, s *server, token string) {
			s.ask(t, token, `mutation { deleteAccount(input: {password: "`+password+`"}) { deletedUserId } }`, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, url string) {
				s := newServer(t, url)
				ada, bob := s.account(t, "ada", auth.Author), s.account(t, "bob", auth.Author)
				byParameters, byHeader := s.dial(t, "", ada), s.dial(t, ada, "")
				bobs, nobodys := s.dial(t, bob, bob), s.dial(t, "", "")
				stream := s.stream(t, ada)
				end(t, s, ada)
				for _, conn := range []*websocket.Conn{byParameters, byHeader} {
					transporttest.ExpectClose(t, conn, 4403, string(auth.SessionEnded))
				}
				rest, err := io.ReadAll(stream)
				if want := string(auth.SessionEnded); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(string(rest), want) {
					t.Errorf("the stream had %q, %v, want %s and that it was cut", rest, err, want)
				}
				for _, conn := range []*websocket.Conn{bobs, nobodys} {
					transporttest.Say(t, conn, `{"id":"1","type":"subscribe","payload":{"query":"{ viewer { email } __typename }"}}`)
					hear(t, conn, "next")
				}
			})
		})
	}
}

// TestRoleOfASocket: the role is the one that the account has when it asks.
func TestRoleOfASocket(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		conn := s.dial(t, "", s.account(t, "ada", auth.Reader))
		publish := func() string {
			transporttest.Say(t, conn, `{"id":"1","type":"subscribe","payload":{"query":"mutation { createPost(input: {title: \"T\", content: \"x\"}) { post { title } } }"}}`)
			text := hear(t, conn, "next")
			hear(t, conn, "complete")
			return text
		}
		for _, test := range []struct {
			role auth.Role
			want string
		}{{auth.Reader, "FORBIDDEN"}, {auth.Author, `{"title":"T"}`}, {auth.Reader, "FORBIDDEN"}} {
			if err := s.accounts.SetRole(t.Context(), "ada@example.org", test.role); err != nil {
				t.Fatal(err)
			}
			if got := publish(); !strings.Contains(got, test.want) {
				t.Errorf("as %s heard %s, want %s", test.role, got, test.want)
			}
		}
	})
}

// TestConnectionsOfAnAccount opens WebSockets and event streams until there are as many as may be. Those of others, and of
// nobody, count by themselves.
func TestConnectionsOfAnAccount(t *testing.T) {
	s := newServer(t, storetest.SQLiteURL(t))
	ada, bob := s.account(t, "ada", auth.Author), s.account(t, "bob", auth.Author)
	for _, token := range []string{ada, bob, ""} {
		for range 5 {
			s.dial(t, "", token)
			s.stream(t, token)
		}
		conn := s.open(t, "")
		transporttest.Say(t, conn, greeting(token))
		transporttest.ExpectClose(t, conn, websocket.StatusTryAgainLater, "10 connections")
		if rest, err := io.ReadAll(s.stream(t, token)); err == nil || !strings.Contains(string(rest), "CONNECTION_LIMIT") {
			t.Errorf("the stream had %q, %v, want CONNECTION_LIMIT", rest, err)
		}
	}
}

// TestBadTokenOfAStream: who came with a token does not expect to be anonymous from now on.
func TestBadTokenOfAStream(t *testing.T) {
	s := newServer(t, storetest.SQLiteURL(t))
	rest, err := io.ReadAll(s.stream(t, "nonsense"))
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(string(rest), `"code":"UNAUTHENTICATED","reason":"TOKEN_INVALID"`) {
		t.Errorf("the stream had %q, %v, want UNAUTHENTICATED and that it was cut", rest, err)
	}
	conn := s.open(t, "nonsense")
	transporttest.Say(t, conn, greeting(""))
	transporttest.ExpectClose(t, conn, 4403, string(auth.TokenInvalid))
}

// TestStrangersAreNotTold breaks the database: no transport tells what it, or a driver, has to say.
func TestStrangersAreNotTold(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := newServer(t, url)
		conn := s.dial(t, "", "")
		if err := s.store.Close(); err != nil {
			t.Fatal(err)
		}
		const query = `{ posts { totalCount } }`
		transporttest.Say(t, conn, `{"id":"1","type":"subscribe","payload":{"query":"`+query+`"}}`)
		stream, err := io.ReadAll(s.stream(t, ""))
		if err != nil {
			t.Fatal(err)
		}
		for transport, text := range map[string]string{
			"HTTP":          fmt.Sprint(s.ask(t, "", query, nil).Errors),
			"WebSocket":     hear(t, conn, "next"),
			"event streams": string(stream),
		} {
			if !strings.Contains(text, "internal error") || !strings.Contains(text, "INTERNAL_SERVER_ERROR") ||
				strings.Contains(text, "closed") || strings.Contains(text, "sql") {
				t.Errorf("%s told %s", transport, text)
			}
		}
	})
}

// stream follows posts as events, and answers when the first byte is there.
func (s *server) stream(t *testing.T, token string) io.Reader {
	t.Helper()
	query := url.Values{"query": {`subscription { postPublished { id } }`}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/graphql?"+query.Encode(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "text/event-stream")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if _, err := io.ReadFull(response.Body, make([]byte, len(":\n\n"))); err != nil {
		t.Fatal(err)
	}
	return response.Body
}
