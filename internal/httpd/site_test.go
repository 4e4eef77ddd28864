package httpd_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postern/internal/auth"
	"postern/internal/httpd"
	"postern/internal/id"
)

// logbook is what was logged, as JSON lines.
type logbook struct{ lines chan string }

func (l logbook) Write(line []byte) (int, error) {
	l.lines <- string(line)
	return len(line), nil
}

// next waits for the next line, and returns it decoded.
func (l logbook) next(t *testing.T) map[string]any {
	t.Helper()
	var entry map[string]any
	select {
	case line := <-l.lines:
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("the log has the line %q, want JSON: %v", line, err)
		}
	case <-t.Context().Done():
		t.Fatal("nothing more was logged")
	}
	return entry
}

// site is all of the HTTP edge around a GraphQL handler of the test's.
type site struct {
	http.Handler
	health *httpd.Health
	tokens *auth.Tokens
	log    logbook
	// sessions answers for every session.
	sessions func() (auth.Role, error)
}

// newSite returns a site that logs at level debug; change, if any, makes other options of the usual ones.
func newSite(t *testing.T, graphQL http.HandlerFunc, change ...func(*httpd.Options)) *site {
	t.Helper()
	tokens, err := auth.NewTokens(auth.TokenOptions{
		Secret: make([]byte, auth.MinSecretLength), Issuer: "postern", Audience: "postern", ClientID: "postern", Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{tokens: tokens, log: logbook{make(chan string, 1000)}}
	s.sessions = func() (auth.Role, error) { return auth.Author, nil }
	log := httpd.NewLog(s.log, slog.LevelDebug, false)
	s.health = httpd.NewHealth(log)
	options := httpd.Options{
		GraphQL:       graphQL,
		Authenticator: auth.NewAuthenticator(tokens, func(context.Context, auth.Claims) (auth.Role, error) { return s.sessions() }),
		Health:        s.health, Page: true, SDL: "type Query { a: Int }\n", Log: log,
	}
	for _, c := range change {
		c(&options)
	}
	handler, err := httpd.New(options)
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = handler
	return s
}

// token is an access token of somebody's, and who that is.
func (s *site) token(t *testing.T) (string, id.User) {
	t.Helper()
	user := id.NewUser(time.Now())
	token, _, err := s.tokens.Sign(user, id.NewSession(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	return token, user
}

// ask sends a request and returns the answer. Headers are "Name: value".
func (s *site) ask(t *testing.T, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		r.Header.Add(name, value)
	}
	recorder := httptest.NewRecorder()
	s.ServeHTTP(recorder, r)
	return recorder
}

// post sends a body to GraphQL as JSON.
func (s *site) post(t *testing.T, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return s.ask(t, http.MethodPost, "/graphql", body, append([]string{"Content-Type: application/json"}, headers...)...)
}

// echo answers with the request's body.
func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.Copy(w, r.Body)
}
