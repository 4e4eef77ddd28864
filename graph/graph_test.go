package graph_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postern/graph"
	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/httpd"
	"postern/internal/limit"
	"postern/internal/page"
	"postern/internal/store"
	"postern/internal/store/storetest"
	"postern/internal/throttle"
	"postern/internal/transport"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// password is that of every account in these tests.
const password = "violet tractor under the moss"

// server is Postern over real HTTP on a real database, with a clock that tests set.
type server struct {
	*httptest.Server
	accounts    *account.Service
	connections *transport.Connections
	store       *store.Store
	statements  *atomic.Int64 // how many were run
	clock       *atomic.Int64 // microseconds since 1970
}

// often is a limit that no test comes to.
var often = throttle.Limit{Most: 1 << 20, Within: time.Hour}

// options are how a server differs from development's.
type options struct {
	introspection bool
	pool          auth.Pool
	subscriptions int // that a socket may have, and operations that are worked at; 0: 20
	answers       int // bytes of those that are kept
}

// patient is a pool that has room for all who race, and waits for machines that are busy.
var patient = auth.Pool{Hashers: 2, Queue: 100, Patience: time.Hour}

// newServer starts one that is closed when the test ends.
func newServer(tb testing.TB, url string) *server {
	tb.Helper()
	return newServerWith(tb, url, options{introspection: true, pool: patient, answers: 1 << 20})
}

func newServerWith(tb testing.TB, url string, o options) *server {
	tb.Helper()
	s := &server{statements: new(atomic.Int64), clock: new(atomic.Int64)}
	s.clock.Store(time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC).UnixMicro())
	// Each look at the clock is a microsecond later, as it is for real.
	now := func() time.Time { return time.UnixMicro(s.clock.Add(1)) }

	log := slog.New(countStatements{slog.DiscardHandler, s.statements})
	db, err := store.Open(tb.Context(), store.Options{URL: url, Log: log})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	if _, err := db.Migrate(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	s.store = db

	tokens := newTokens(tb, "s", now)
	s.accounts = account.NewService(account.Options{
		Store: db, Passwords: auth.NewPasswords(o.pool), Tokens: tokens, Now: now, SignupOpen: true, SignupRole: auth.Author,
		Mail: true, Notices: account.Notices(),
		Throttle: account.Throttle{FailuresOfAccount: often, FailuresOfAddress: often, SignupsOfAddress: often},
	})
	authenticator := auth.NewAuthenticator(tokens, s.accounts.Authorize)
	posts := blog.NewService(blog.Options{Store: db, Now: now, PostsOfAccount: often})
	ctx, stop := context.WithCancel(context.WithoutCancel(tb.Context()))
	var running sync.WaitGroup
	running.Go(func() { posts.Run(ctx, log) })
	tb.Cleanup(func() { stop(); running.Wait() })
	documents := transport.NewDocumentCache(transport.Bounds{Entries: 100, Bytes: 100 << 10})
	exec := graph.NewExecutor(graph.Options{
		Resolver:      &graph.Resolver{Accounts: s.accounts, Posts: posts, Limits: graph.Limits{PageSize: page.Max}},
		Authorize:     s.accounts.Authorize,
		RequestID:     httpd.RequestID,
		Introspection: o.introspection,
		Documents:     documents,
		Log:           log,
	})
	limits := limit.Default()
	limits.Time = 10 * time.Minute // machines that test are busy
	exec.Use(limit.NewExtension(limits, documents))
	shape := transport.Shape{Depth: 8, Items: 250}
	s.connections = transport.NewConnections(httpd.Guests{
		Authenticator: authenticator, Watch: s.accounts.Watch, OfAccount: 10, OfAddress: 10,
	})
	tb.Cleanup(func() { _ = s.connections.Shutdown(context.Background()) })
	socket := transport.NewWebSocket(s.connections)
	socket.MaxMessage, socket.MaxSubscriptions, socket.Variables = 1<<20, cmp.Or(o.subscriptions, 20), shape
	socket.Write, socket.Ping = time.Hour, time.Hour // machines that test are busy
	site, err := httpd.New(httpd.Options{
		GraphQL: transport.Handler{Executor: exec, Transports: []transport.Transport{
			socket, transport.HTTP{
				MaxBody: 1 << 20, Variables: shape, Streams: transport.NewEventStreams(s.connections),
				Answers: transport.NewAnswers(o.answers, db),
			},
		}},
		Authenticator: authenticator,
		Health:        httpd.NewHealth(log),
		Log:           log,
	})
	if err != nil {
		tb.Fatal(err)
	}
	s.Server = httptest.NewServer(site)
	tb.Cleanup(s.Close)
	return s
}

// newTokens signs and verifies as the server does, if the secret consists of its letter.
func newTokens(tb testing.TB, letter string, now func() time.Time) *auth.Tokens {
	tb.Helper()
	tokens, err := auth.NewTokens(auth.TokenOptions{
		Secret: []byte(strings.Repeat(letter, auth.MinSecretLength)), Issuer: "test", Audience: "test", ClientID: "test", Now: now,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return tokens
}

// countStatements counts what the store says that it runs.
type countStatements struct {
	slog.Handler
	count *atomic.Int64
}

func (countStatements) Enabled(context.Context, slog.Level) bool { return true }

func (c countStatements) Handle(_ context.Context, record slog.Record) error {
	if record.Message == "sql" {
		c.count.Add(1)
	}
	return nil
}

// answer is a GraphQL response.
type answer struct {
	Status int             `json:"status"` // of HTTP
	Data   json.RawMessage `json:"data"`
	Errors []struct {
		Message    string         `json:"message"`
		Path       []any          `json:"path,omitempty"`
		Extensions map[string]any `json:"extensions,omitempty"`
	} `json:"errors,omitempty"`
	Extensions map[string]any `json:"extensions,omitempty"`
}

// code is the code of the first error; "" if there is none.
func (a answer) code() any {
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Extensions["code"]
}

// into decodes the data.
func (a answer) into(tb testing.TB, data any) {
	tb.Helper()
	if err := json.Unmarshal(a.Data, data); err != nil {
		tb.Fatalf("decode %s: %v", a.Data, err)
	}
}

// ask sends an operation with variables, as the owner of a token or as nobody.
func (s *server) ask(tb testing.TB, token, query string, variables map[string]any) answer {
	tb.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		tb.Fatal(err)
	}
	return s.send(tb, token, body)
}

// send sends a body as it is.
func (s *server) send(tb testing.TB, token string, body []byte) answer {
	tb.Helper()
	request, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, s.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		tb.Fatal(err)
	}
	a := answer{Status: response.StatusCode}
	if err := json.Unmarshal(text, &a); err != nil {
		tb.Fatalf("the answer is no JSON: %s", text)
	}
	return a
}

// account opens one in a role, and returns a token of its own.
func (s *server) account(tb testing.TB, handle string, role auth.Role) (token string) {
	tb.Helper()
	email := handle + "@example.org"
	if _, err := s.accounts.Create(tb.Context(), account.SignupInput{
		Email: email, Password: password, Name: strings.ToUpper(handle[:1]) + handle[1:], Handle: &handle,
	}, role); err != nil {
		tb.Fatal(err)
	}
	login, err := s.accounts.Login(tb.Context(), auth.Client{}, account.LoginInput{Email: email, Password: password})
	if err != nil {
		tb.Fatal(err)
	}
	return login.Tokens.AccessToken
}
