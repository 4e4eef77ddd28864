package account_test

import (
	"context"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
)

func TestLoginBySpellingsOfEmailAndPassword(t *testing.T) {
	t.Parallel()
	h := open(t)
	const composed, decomposed = "umbrella grävel sixteen", "umbrella gra\u0308vel sixteen"
	first, err := h.Signup(t.Context(), browser, account.SignupInput{Email: "jane@example.org", Password: decomposed, Name: "Jane"})
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range []account.LoginInput{
		{Email: "jane@example.org", Password: composed},
		{Email: " JANE@Example.Org\n", Password: decomposed},
		{Email: "jane@ｅｘample。org", Password: composed},
	} {
		login, err := h.Login(t.Context(), browser, in)
		if err != nil || login.Account.ID != first.Account.ID {
			t.Errorf("Login(%+v) = %+v, %v, want the account %v", in, login.Account, err, first.Account.ID)
			continue
		}
		if h.viewer(t, login).SessionID == h.viewer(t, first).SessionID || login.Tokens.RefreshToken == first.Tokens.RefreshToken {
			t.Errorf("Login(%+v) is in the session of the sign-up, want one of its own", in)
		}
	}
}

// people opens the accounts of Jane, Dis and Old with the usual password. That of Dis is disabled, and so is that of Old, which
// comes from elsewhere.
func (h *house) people(t *testing.T) {
	t.Helper()
	h.signup(t, "Jane")
	h.signup(t, "Dis")
	if _, err := h.Import(t.Context(), account.ImportInput{
		Email: emailOf("Old"), Name: "Old", Role: auth.Author, PasswordHash: legacy(t, password)["bcrypt"],
	}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Dis", "Old"} {
		if err := h.Disable(t.Context(), emailOf(name)); err != nil {
			t.Fatal(err)
		}
	}
}

// wrong are log-ins that must all look alike, by what is wrong with them.
func wrong() map[string]account.LoginInput {
	return map[string]account.LoginInput{
		"another password":    {Email: "jane@example.org", Password: password + "!"},
		"an empty password":   {Email: "jane@example.org", Password: ""},
		"a megabyte":          {Email: "jane@example.org", Password: strings.Repeat("a", 1<<20)},
		"not UTF-8":           {Email: "jane@example.org", Password: "\xff\xfe"},
		"another's password":  {Email: "jane@example.org", Password: "another one entirely"},
		"no such account":     {Email: "nobody@example.org", Password: password},
		"nobody, no password": {Email: "nobody@example.org"},
		"no email":            {Email: "", Password: password},
		"no such thing":       {Email: "jane'; --", Password: password},
		"a disabled account":  {Email: "dis@example.org", Password: password},
		"disabled, and wrong": {Email: "dis@example.org", Password: password + "!"},
		"disabled, and old":   {Email: "old@example.org", Password: password},
	}
}

func TestLoginFailsAlike(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.people(t)
	want := []*fault.Error{{Code: fault.InvalidCredentials, Message: "The email or the password is wrong."}}
	for name, in := range wrong() {
		login, err := h.Login(t.Context(), browser, in)
		if got := fault.All(err); !reflect.DeepEqual(got, want) || login.Account != nil || login.Tokens != nil {
			t.Errorf("Login(%s) = %+v, %v, want nothing and %v", name, login, err, want[0])
		}
	}
}

// TestLoginCostsAlike looks at the memory that each is hashed in: a hash takes 19 MiB.
func TestLoginCostsAlike(t *testing.T) {
	t.Parallel()
	const aHash = 19 << 10 // KiB
	var spent atomic.Int64
	pool := patient
	pool.Spent = func(kibibytes uint32) { spent.Add(int64(kibibytes)) }
	h := open(t, func(o *account.Options) { o.Passwords = auth.NewPasswords(pool) })
	h.people(t)
	hashes := func(do func() error) int64 {
		before := spent.Load()
		if err := do(); err == nil {
			t.Error("what should have failed did not")
		}
		return (spent.Load() - before) / aHash
	}
	for name, in := range wrong() {
		if got := hashes(func() error { return second(h.Login(t.Context(), browser, in)) }); got != 1 {
			t.Errorf("Login(%s) made %d hashes, want 1", name, got)
		}
	}
	taken := account.SignupInput{Email: "jane@example.org", Password: password, Name: "Jane", Handle: new("jane-too")}
	if got := hashes(func() error { return second(h.Signup(t.Context(), browser, taken)) }); got != 1 {
		t.Errorf("Signup(taken email) made %d hashes, want 1", got)
	}
}

// between is a store where something happens right after credentials were looked up.
type between struct {
	account.Store
	happens func()
}

// interrupted returns a house on such a store, and a service on the same database where nothing happens.
func interrupted(t *testing.T) (h *house, behind *account.Service, store *between) {
	t.Helper()
	store = &between{happens: func() {}}
	h = open(t, func(o *account.Options) {
		behind = account.NewService(*o)
		store.Store, o.Store = o.Store, store
	})
	return h, behind, store
}

func (b *between) Credentials(ctx context.Context, user id.User) (*account.Credentials, error) {
	found, err := b.Store.Credentials(ctx, user)
	b.happens()
	return found, err
}

func (b *between) CredentialsByEmail(ctx context.Context, key string) (*account.Credentials, error) {
	found, err := b.Store.CredentialsByEmail(ctx, key)
	b.happens()
	return found, err
}

// TestLoginWhileTheAccountChanges changes the account between its look-up and the opening of the session.
func TestLoginWhileTheAccountChanges(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(context.Context, *account.Service, auth.Viewer) error{
		"another password": func(ctx context.Context, s *account.Service, _ auth.Viewer) error {
			return s.SetPassword(ctx, "jane@example.org", "another one entirely")
		},
		"disabled": func(ctx context.Context, s *account.Service, _ auth.Viewer) error {
			return s.Disable(ctx, "jane@example.org")
		},
		"deleted": func(ctx context.Context, s *account.Service, viewer auth.Viewer) error {
			return second(s.DeleteAccount(ctx, viewer, account.DeleteAccountInput{Password: password}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, behind, store := interrupted(t)
			viewer := h.viewer(t, h.signup(t, "Jane"))
			store.happens = func() {
				if err := change(t.Context(), behind, viewer); err != nil {
					t.Errorf("change = %v, want nil", err)
				}
			}
			_, err := h.Login(t.Context(), browser, account.LoginInput{Email: "jane@example.org", Password: password})
			fails(t, "Login()", err, "INVALID_CREDENTIALS")
			if sessions, err := h.CountSessions(t.Context(), viewer); sessions != 0 || err != nil {
				t.Errorf("CountSessions() = %d, %v, want 0", sessions, err)
			}
		})
	}
}

func TestLoginWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.signup(t, "Jane")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.Login(gone, browser, account.LoginInput{Email: "jane@example.org", Password: password})
	if fault.CodeOf(err) != fault.Internal {
		t.Errorf("Login(cancelled) = %v, want a stranger, and not that the password is wrong", err)
	}
}
