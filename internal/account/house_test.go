package account_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// What accounts in these tests log in with, and from where.
const password = "umbrella gravel sixteen"

var browser = auth.Client{Address: netip.MustParseAddr("203.0.113.9"), UserAgent: "Firefox"}

// patient is a pool that has room for all who race, and waits for machines that are busy.
var patient = auth.Pool{Hashers: 2, Queue: 100, Patience: time.Hour}

// clock is a clock that only tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// house is a service on a database of the test's own.
type house struct {
	*account.Service
	store  *store.Store
	tokens *auth.Tokens
	clock  *clock
}

// open returns a house on SQLite; change, if any, makes other options of the usual ones.
func open(t *testing.T, change ...func(*account.Options)) *house {
	t.Helper()
	return openOn(t, storetest.SQLiteURL(t), change...)
}

func openOn(t *testing.T, url string, change ...func(*account.Options)) *house {
	t.Helper()
	h := &house{store: storetest.Open(t, url), clock: &clock{now: time.Date(2026, 1, 31, 8, 0, 0, 123_456_789, time.UTC)}}
	var err error
	if h.tokens, err = auth.NewTokens(auth.TokenOptions{
		Secret: make([]byte, auth.MinSecretLength), Issuer: "postern", Audience: "postern", ClientID: "postern", Now: h.clock.read,
	}); err != nil {
		t.Fatal(err)
	}
	options := account.Options{
		Store: h.store, Passwords: auth.NewPasswords(patient), Tokens: h.tokens, Now: h.clock.read,
		SignupOpen: true, SignupRole: auth.Author, Log: slog.New(slog.DiscardHandler),
	}
	for _, c := range change {
		c(&options)
	}
	h.Service = account.NewService(options)
	return h
}

// signup opens an account by the name, with the usual password.
func (h *house) signup(t *testing.T, name string) account.Login {
	t.Helper()
	login, err := h.Signup(t.Context(), browser, account.SignupInput{Email: emailOf(name), Password: password, Name: name})
	if err != nil {
		t.Fatalf("Signup(%s) = %v", name, err)
	}
	return login
}

func emailOf(name string) string { return strings.ToLower(name) + "@example.org" }

func (h *house) login(t *testing.T, name string) account.Login {
	t.Helper()
	login, err := h.Login(t.Context(), browser, account.LoginInput{Email: emailOf(name), Password: password})
	if err != nil {
		t.Fatalf("Login(%s) = %v", name, err)
	}
	return login
}

// viewer is who an access token makes of a request.
func (h *house) viewer(t *testing.T, login account.Login) auth.Viewer {
	t.Helper()
	claims, err := h.tokens.Verify(login.Tokens.AccessToken)
	if err != nil {
		t.Fatalf("Verify(access token) = %v", err)
	}
	role, err := h.Authorize(t.Context(), claims)
	if err != nil {
		t.Fatalf("Authorize() = %v", err)
	}
	return auth.Viewer{Claims: claims, Role: role}
}

// lives checks whether the session of a viewer is still good for anything.
func (h *house) lives(t *testing.T, what string, viewer auth.Viewer, want bool) {
	t.Helper()
	_, err := h.Authorize(t.Context(), viewer.Claims)
	if want && err != nil || !want && err != auth.SessionEnded { //nolint:errorlint // the very reason
		t.Errorf("Authorize(%s) = %v, want it to live: %v", what, err, want)
	}
}

// refresh exchanges a refresh token, and fails the test if that does not work.
func (h *house) refresh(t *testing.T, token string) account.Login {
	t.Helper()
	login, err := h.RefreshToken(t.Context(), account.RefreshTokenInput{RefreshToken: token})
	if err != nil {
		t.Fatalf("RefreshToken() = %v", err)
	}
	return login
}

// fails checks which faults an error consists of: "CODE path.in.input" for each. None is no error.
func fails(t *testing.T, call string, err error, want ...string) {
	t.Helper()
	if got := outline(err); got != strings.Join(want, ", ") {
		t.Errorf("%s = %s (%v), want %s", call, got, err, strings.Join(want, ", "))
	}
}

func outline(err error) string {
	if err == nil {
		return ""
	}
	if reason, ok := errors.AsType[auth.Reason](err); ok {
		return string(reason)
	}
	faults := fault.All(err)
	if faults == nil {
		return fmt.Sprintf("a stranger: %v", err)
	}
	lines := make([]string, len(faults))
	for i, f := range faults {
		lines[i] = strings.TrimSpace(string(f.Code) + " " + strings.Join(f.Path, "."))
	}
	return strings.Join(lines, ", ")
}

// second is the error of a call that returns something else, too.
func second[T any](_ T, err error) error { return err }
