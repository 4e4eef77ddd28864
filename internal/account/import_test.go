package account_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/store/storetest"
)

// legacy are hashes of a password that are to be replaced, by their kind.
func legacy(t *testing.T, password string) map[string]string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	salt, encode := []byte("a salt of a salt"), base64.RawStdEncoding.EncodeToString
	argon := func(memory, passes uint32, lanes uint8) string {
		key := argon2.IDKey([]byte(password), salt, passes, memory, lanes, 32)
		return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", memory, passes, lanes, encode(salt), encode(key))
	}
	return map[string]string{
		"bcrypt":                    string(hash),
		"argon2id":                  argon(64, 1, 1),
		"argon2id that costs more":  argon(1<<16, 3, 4),
		"argon2id with more lanes":  argon(19456, 2, 2),
		"argon2id with more passes": argon(19456, 3, 1),
	}
}

// imported opens Jane's account with a hash in place of a password.
func (h *house) imported(t *testing.T, hash string) *account.Account {
	t.Helper()
	a, err := h.Import(t.Context(), account.ImportInput{Email: "jane@example.org", Name: "Jane", Role: auth.Editor, PasswordHash: hash})
	if err != nil {
		t.Fatalf("Import(%s) = %v", hash, err)
	}
	return a
}

// hash is what is stored of a password.
func (h *house) hash(t *testing.T, user id.User) string {
	t.Helper()
	found, err := h.store.Credentials(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	return found.PasswordHash
}

// current checks that what is stored of a password is as good as new.
func (h *house) current(t *testing.T, user id.User) {
	t.Helper()
	if hash := h.hash(t, user); !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is %q, want one like those of new passwords", hash)
	}
}

func TestLegacyHashIsReplacedAtLogin(t *testing.T) {
	t.Parallel()
	for kind, hash := range legacy(t, password) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			jane := h.imported(t, hash)
			_, err := h.Login(t.Context(), browser, account.LoginInput{Email: jane.Email, Password: password + "!"})
			fails(t, "Login(another password)", err, "INVALID_CREDENTIALS")
			if got := h.hash(t, jane.ID); got != hash {
				t.Errorf("the hash after another password is %q, want %q as it was", got, hash)
			}

			login := h.login(t, "Jane")
			if login.Account.ID != jane.ID || login.Account.Role != auth.Editor {
				t.Errorf("Login() = %+v, want the account of %+v", login.Account, jane)
			}
			h.current(t, jane.ID)
			replaced := h.hash(t, jane.ID)
			h.login(t, "Jane")
			h.lives(t, "the first session", h.viewer(t, login), true)
			if got := h.hash(t, jane.ID); got != replaced {
				t.Errorf("the hash after another log-in is %q, want %q as it was", got, replaced)
			}
		})
	}
}

// TestLegacyHashOfLongPassword logs in with a password of which bcrypt saw the beginning alone.
func TestLegacyHashOfLongPassword(t *testing.T) {
	t.Parallel()
	h := open(t)
	longest := strings.Repeat("0123456789ab", 6) // 72 bytes
	jane := h.imported(t, legacy(t, longest)["bcrypt"])
	for _, twin := range []string{longest + "c", longest + longest} {
		_, err := h.Login(t.Context(), browser, account.LoginInput{Email: jane.Email, Password: twin})
		fails(t, "Login(a twin)", err, "INVALID_CREDENTIALS")
	}
	if got := h.hash(t, jane.ID); !strings.HasPrefix(got, "$2a$") {
		t.Errorf("the hash after twins is %q, want it as it was", got)
	}
	if _, err := h.Login(t.Context(), browser, account.LoginInput{Email: jane.Email, Password: longest}); err != nil {
		t.Errorf("Login(72 bytes) = %v, want nil", err)
	}
	h.current(t, jane.ID)
}

// TestLegacyHashIsReplacedOnce has somebody log in on two servers at once: all get in.
func TestLegacyHashIsReplacedOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		t.Helper()
		h, replica := openOn(t, url), openOn(t, url)
		jane := h.imported(t, legacy(t, password)["bcrypt"])
		for _, err := range together(10, func(i int) error {
			server := []*house{h, replica}[i%2]
			return second(server.Login(t.Context(), browser, account.LoginInput{Email: jane.Email, Password: password}))
		}) {
			fails(t, "Login() in parallel", err)
		}
		h.current(t, jane.ID)
		if sessions, err := h.CountSessions(t.Context(), h.viewer(t, h.login(t, "Jane"))); sessions != 11 || err != nil {
			t.Errorf("CountSessions() = %d, %v, want 11", sessions, err)
		}
	})
}

// TestLegacyHashThatChanges has something happen between the look-up of a legacy hash and its replacement.
func TestLegacyHashThatChanges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(context.Context, *account.Service) error
		want   string
	}{
		"by another log-in": {func(ctx context.Context, s *account.Service) error {
			return second(s.Login(ctx, browser, account.LoginInput{Email: "jane@example.org", Password: password}))
		}, ""},
		"by another password": {func(ctx context.Context, s *account.Service) error {
			return s.SetPassword(ctx, "jane@example.org", "another one entirely")
		}, "INVALID_CREDENTIALS"},
		"by being disabled": {func(ctx context.Context, s *account.Service) error {
			return s.Disable(ctx, "jane@example.org")
		}, "INVALID_CREDENTIALS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, behind, store := interrupted(t)
			h.imported(t, legacy(t, password)["bcrypt"])
			store.happens = func() {
				store.happens = func() {}
				if err := test.change(t.Context(), behind); err != nil {
					t.Errorf("change = %v, want nil", err)
				}
			}
			_, err := h.Login(t.Context(), browser, account.LoginInput{Email: "jane@example.org", Password: password})
			fails(t, "Login()", err, strings.Fields(test.want)...)
		})
	}
}

func TestImportRefuses(t *testing.T) {
	t.Parallel()
	h := open(t)
	good := legacy(t, password)["bcrypt"]
	h.imported(t, good)
	for want, in := range map[string]account.ImportInput{
		"INVALID input.passwordHash": {Email: "joe@example.org", Name: "Joe", PasswordHash: password},
		"TAKEN input.email":          {Email: "Jane@example.org", Name: "Joe", PasswordHash: good},
		"TAKEN input.handle":         {Email: "joe@example.org", Name: "Joe", Handle: new("jane"), PasswordHash: good},
		"INVALID input.email, INVALID input.name, INVALID input.handle, INVALID input.passwordHash": {Handle: new("-")},
	} {
		a, err := h.Import(t.Context(), in)
		if got := outline(err); got != want || a != nil && fault.CodeOf(err) == fault.Invalid {
			t.Errorf("Import(%+v) = %v, %s, want %s", in, a, got, want)
		}
		if err != nil && in.PasswordHash != "" && strings.Contains(err.Error(), in.PasswordHash) {
			t.Errorf("Import() = %v, which quotes the hash", err)
		}
	}
	if all := accounts(t, h); len(all) != 1 {
		t.Errorf("there are %d accounts, want Jane's alone", len(all))
	}
}
