package httpd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"postern/graph"
	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/httpd"
	"postern/internal/page"
	"postern/internal/store"
	"postern/internal/store/storetest"
	"postern/internal/transport"
)

const hunter2 = "hunter2-umbrella-gravel"

// newBlog is the whole server, but for its settings, with all logs in one.
func newBlog(t *testing.T) *site {
	t.Helper()
	return newSite(t, nil, func(o *httpd.Options) {
		db, err := store.Open(t.Context(), store.Options{URL: storetest.SQLiteURL(t), Log: o.Log})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if _, err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		tokens, err := auth.NewTokens(auth.TokenOptions{
			Secret: []byte(strings.Repeat("hunter2", 5)), Issuer: "postern", Audience: "postern", ClientID: "postern", Now: time.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		accounts := account.NewService(account.Options{
			Store: db, Passwords: auth.NewPasswords(auth.DefaultPool()), Tokens: tokens, Now: time.Now, SignupOpen: true, SignupRole: auth.Author,
		})
		o.Authenticator = auth.NewAuthenticator(tokens, accounts.Authorize)
		exec := graph.NewExecutor(graph.Options{
			Resolver:  &graph.Resolver{Accounts: accounts, Posts: blog.NewService(blog.Options{Store: db, Now: time.Now}), Limits: graph.Limits{PageSize: page.Max}},
			Authorize: accounts.Authorize, RequestID: httpd.RequestID, Introspection: true, Log: o.Log,
			Documents: transport.NewDocumentCache(transport.Bounds{Entries: 10, Bytes: 1 << 20}),
		})
		o.GraphQL = transport.Handler{Executor: exec, Transports: []transport.Transport{
			transport.HTTP{MaxBody: 1 << 20, Variables: transport.Shape{Depth: 8, Items: 250}},
		}}
	})
}

// document is the body of a request.
func document(query string, variables map[string]any) string {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		panic(err)
	}
	return string(body)
}

// TestNoSecretIsLogged signs up, logs in, refreshes and fails in many ways, and reads all that was logged at level debug.
func TestNoSecretIsLogged(t *testing.T) {
	t.Parallel()
	s := newBlog(t)
	const tokens = `{ tokens { accessToken refreshToken } errors { message } }`
	var secrets []string
	signIn := func(field, query string, variables map[string]any) (access, refresh string) {
		var response struct {
			Data map[string]struct {
				Tokens struct{ AccessToken, RefreshToken string }
			}
		}
		answer := s.post(t, document(query, variables))
		err := json.Unmarshal(answer.Body.Bytes(), &response)
		got := response.Data[field].Tokens
		if err != nil || got.AccessToken == "" || got.RefreshToken == "" {
			t.Fatalf("%s = %s, %v, want tokens", field, answer.Body, err)
		}
		secrets = append(secrets, got.AccessToken, got.RefreshToken)
		return got.AccessToken, got.RefreshToken
	}
	signIn("signup", `mutation($p: String!) { signup(input: {email: "jane@example.org", password: $p, name: "Jane"}) `+tokens+` }`, map[string]any{"p": hunter2})
	_, refresh := signIn("login", `mutation { login(input: {email: "jane@example.org", password: "`+hunter2+`"}) `+tokens+` }`, nil)
	access, _ := signIn("refreshToken", `mutation($t: String!) { refreshToken(input: {refreshToken: $t}) `+tokens+` }`, map[string]any{"t": refresh})

	bearer := "Authorization: Bearer " + access
	s.post(t, document(`mutation { createPost(input: {title: "T", content: "C"}) { post { id } } }`, nil), bearer)
	s.post(t, document(`mutation($p: String!) { changePassword(input: {currentPassword: "hunter2", newPassword: $p}) { errors { message } } }`,
		map[string]any{"p": hunter2}), bearer)
	s.post(t, document(`mutation { login(input: {email: "jane@example.org", password: ["`+hunter2+`"]}) { errors { message } } }`, nil))
	s.post(t, document(`mutation { login(input: {email: "jane@example.org", passwort: "`+hunter2+`"}) { errors { message } } }`, nil))
	s.post(t, document(`mutation { login(input: {password: "`+hunter2, nil))
	s.post(t, hunter2)
	s.post(t, `{"variables":{"password":"`+hunter2+`"}}`, bearer)
	s.ask(t, http.MethodPost, "/graphql", "password="+hunter2, "Content-Type: application/x-www-form-urlencoded", bearer)
	s.ask(t, http.MethodGet, "/graphql?query=%7Ba%7D&variables=%7B%22p%22:%22"+hunter2+"%22%7D&access_token="+access, "", bearer)
	s.ask(t, http.MethodGet, "/nowhere?access_token="+access, "", bearer, "Cookie: "+hunter2, "Referer: https://"+hunter2)
	s.ask(t, http.MethodGet, "/graphql", "", "Authorization: Bearer "+access+"x", "X-Request-Id: "+hunter2+" "+access)
	s.ask(t, http.MethodGet, "/graphql", "", "Authorization: Basic "+hunter2)

	var log strings.Builder
	viewers := 0
	for len(s.log.lines) > 0 {
		line := <-s.log.lines
		log.WriteString(line)
		if strings.Contains(line, `"msg":"request"`) && strings.Contains(line, `"viewer":"user_`) {
			viewers++
		}
	}
	for _, secret := range append(secrets, hunter2, "hunter2", "$argon2id$") {
		if i := strings.Index(log.String(), secret); i >= 0 {
			t.Errorf("the log has the secret %q: %s", secret, log.String()[max(0, i-200):min(log.Len(), i+200)])
		}
	}
	if !strings.Contains(log.String(), "INSERT INTO sessions") || viewers < 3 {
		t.Errorf("the log has %d requests by viewers, want 3 at least, and statements at level debug:\n%s", viewers, log.String())
	}
}

func TestLogNamesRequestAndViewer(t *testing.T) {
	t.Parallel()
	s := newSite(t, nil)
	_, user := s.token(t)
	ctx := auth.NewContext(t.Context(), auth.Caller{Viewer: &auth.Viewer{Claims: auth.Claims{UserID: user}}})
	for _, test := range []struct {
		ctx    context.Context //nolint:containedctx // what is logged with
		viewer any
	}{{ctx, user.String()}, {t.Context(), nil}} {
		var out bytes.Buffer
		log := httpd.NewLog(&out, slog.LevelInfo, false)
		log.DebugContext(test.ctx, "not worth it")
		log.With("a", 1).InfoContext(test.ctx, "worth it", "error", errors.New("no"))
		var entry map[string]any
		if err := json.Unmarshal(out.Bytes(), &entry); err != nil {
			t.Fatalf("the log is %q: %v", out.String(), err)
		}
		if entry["viewer"] != test.viewer || entry["msg"] != "worth it" || entry["a"] != 1.0 || entry["error"] != "no" || entry["request"] != nil {
			t.Errorf("the log has %v, want the viewer %v", entry, test.viewer)
		}
	}
}

func TestPrettyLogIsOneLineEach(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := httpd.NewLog(&out, slog.LevelInfo, true)
	log.InfoContext(t.Context(), "first", "path", "/\n\x1b[31mx", "error", errors.New("two\nlines\x1b[31mx"), "csi", "\u009b31m", "go", `\x1b[31mx`)
	log.DebugContext(t.Context(), "not worth it")
	if got := out.String(); strings.Count(got, "\n") != 1 || strings.Contains(got, "\x1b[31m") || strings.Contains(got, "\u009b") || !strings.Contains(got, "first") {
		t.Errorf("the log is %q, want one line that does nothing to a terminal but colour", got)
	}
}
