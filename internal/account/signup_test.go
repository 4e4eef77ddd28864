package account_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/store/storetest"
)

func TestSignupOpensAnAccountAndLogsItIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	login, err := h.Signup(t.Context(), browser, account.SignupInput{
		Email: " Jane@Example.ORG ", Password: password, Name: "Jane van Doe",
	})
	if err != nil {
		t.Fatalf("Signup() = %v", err)
	}
	now := h.clock.read().Truncate(time.Microsecond)
	want := account.Account{
		User:  account.User{ID: login.Account.ID, Handle: "jane-van-doe", Name: "Jane van Doe", CreatedAt: now},
		Email: "Jane@Example.ORG",
		Role:  auth.Author,
	}
	if *login.Account != want {
		t.Errorf("Signup() = %+v, want %+v", *login.Account, want)
	}
	viewer := h.viewer(t, login)
	if stored, err := h.Account(t.Context(), viewer); err != nil || *stored != want {
		t.Errorf("Account() = %+v, %v, want %+v", stored, err, want)
	}
	if got, want := login.Tokens.AccessTokenExpiresAt, now.Truncate(time.Second).Add(10*time.Minute); !got.Equal(want) {
		t.Errorf("the access token expires at %v, want %v", got, want)
	}
	if got, want := login.Tokens.RefreshTokenExpiresAt, now.Add(14*24*time.Hour); !got.Equal(want) {
		t.Errorf("the refresh token expires at %v, want %v", got, want)
	}
	if viewer.UserID != login.Account.ID || viewer.Role != auth.Author {
		t.Errorf("viewer = %+v, want the account that was opened, an author", viewer)
	}
}

func TestSignupTellsEveryRuleAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	long := strings.Repeat("word ", 1<<16)
	for _, in := range []account.SignupInput{
		{Email: "jane", Password: "short", Name: " ", Handle: new("-")},
		{Handle: new("")},
		{Email: long, Password: long, Name: long, Handle: &long},
		{Email: "\xff", Password: "\xff", Name: "\xff", Handle: new("\xff")},
	} {
		_, err := h.Signup(t.Context(), browser, in)
		fails(t, fmt.Sprintf("Signup(%.99v)", in), err,
			"INVALID input.email", "INVALID input.name", "INVALID input.handle", "INVALID input.password")
	}
	_, err := h.Signup(t.Context(), browser, account.SignupInput{Email: "jane", Password: password, Name: "Jane"})
	fails(t, "Signup(bad email)", err, "INVALID input.email")
	_, err = h.Signup(t.Context(), browser, account.SignupInput{Email: "jane@example.org", Password: "JaneJaneJaneDoe", Name: "Jane Doe"})
	fails(t, "Signup(own name for a password)", err, "INVALID input.password")
	if all, err := h.Accounts(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("Accounts() = %v, %v, want none", all, err)
	}
}

// TestSignupRefusesAtOnce has a name of a million words: if a password were compared with them all, it would never end.
func TestSignupRefusesAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, err := h.Signup(t.Context(), browser, account.SignupInput{
		Email: "jane@example.org", Password: strings.Repeat("ﷺ", 64) + "umbrella gravel sixteen", Name: strings.Repeat("abc ", 1<<20),
	})
	fails(t, "Signup(a million names)", err, "INVALID input.name")
}

func TestSignupTellsWhatIsTaken(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.signup(t, "Jane")
	for _, test := range []struct {
		email  string
		handle *string
		want   string
	}{
		{"jane@example.org", nil, "TAKEN input.email"}, // and not the handle, which nobody asked for
		{"JANE@EXAMPLE.ORG", new("other"), "TAKEN input.email"},
		{" Jane@example.org\n", new("other"), "TAKEN input.email"},
		{"ｊane@example.org", new("other"), ""},
		{"jane@ｅｘample。org", new("other2"), "TAKEN input.email"},
		{"other@example.org", new("jane"), "TAKEN input.handle"},
		{"jane@example.org", new("jane"), "TAKEN input.email, TAKEN input.handle"},
	} {
		_, err := h.Signup(t.Context(), browser, account.SignupInput{Email: test.email, Password: password, Name: "Jane", Handle: test.handle})
		if got := outline(err); got != test.want {
			t.Errorf("Signup(%q) = %v, want %s", test.email, err, test.want)
		}
	}
	login, err := h.Signup(t.Context(), browser, account.SignupInput{Email: "second@example.org", Password: password, Name: "Jane"})
	if err != nil || login.Account.Handle != "jane-2" {
		t.Errorf("Signup(another Jane) = %+v, %v, want the handle jane-2", login.Account, err)
	}
}

func TestSignupWhenItIsClosed(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *account.Options) { o.SignupOpen = false })
	_, err := h.Signup(t.Context(), browser, account.SignupInput{Email: "nonsense"})
	fails(t, "Signup() while it is closed", err, "NOT_ALLOWED")
	created, err := h.Create(t.Context(), account.SignupInput{Email: "jane@example.org", Password: password, Name: "Jane"}, auth.Admin)
	if err != nil || created.Role != auth.Admin {
		t.Errorf("Create() while sign-up is closed = %+v, %v, want an admin", created, err)
	}
	h.login(t, "Jane")
}

func TestSignupGivesTheRoleThatIsSet(t *testing.T) {
	t.Parallel()
	h := open(t, func(o *account.Options) { o.SignupRole = auth.Reader })
	if viewer := h.viewer(t, h.signup(t, "Jane")); viewer.Role != auth.Reader {
		t.Errorf("the role after Signup() = %v, want %v", viewer.Role, auth.Reader)
	}
}

// TestSignupInParallelBySameName opens accounts that all would like the same handle.
func TestSignupInParallelBySameName(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		t.Helper()
		h := openOn(t, url)
		const people = 20
		errs := together(people, func(i int) error {
			return second(h.Signup(t.Context(), browser, account.SignupInput{
				Email: fmt.Sprintf("jane%d@example.org", i), Password: password, Name: "Jane Doe",
			}))
		})
		for _, err := range errs {
			fails(t, "Signup()", err)
		}
		handles := make(map[string]bool)
		for _, a := range accounts(t, h) {
			handles[a.Handle] = true
			if a.Handle != "jane-doe" && !strings.HasPrefix(a.Handle, "jane-doe-") {
				t.Errorf("the handle of Jane Doe is %q", a.Handle)
			}
		}
		if len(handles) != people || !handles["jane-doe"] || !handles["jane-doe-4"] {
			t.Errorf("handles = %v, want %d, jane-doe and jane-doe-4 among them", handles, people)
		}
	})
}

// TestSignupInParallelByOneEmail opens accounts by spellings of one address.
func TestSignupInParallelByOneEmail(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		t.Helper()
		h := openOn(t, url)
		spellings := []string{"jané@example.org", "JANÉ@example.org", "jane\u0301@EXAMPLE.org", " Jané@example.org ", "jané@ｅｘample.org"}
		errs := together(100, func(i int) error {
			return second(h.Signup(t.Context(), browser, account.SignupInput{
				Email: spellings[i%len(spellings)], Password: password, Name: fmt.Sprintf("Jane %d", i),
			}))
		})
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			fails(t, "Signup()", err, "TAKEN input.email")
		}
		if all := accounts(t, h); won != 1 || len(all) != 1 {
			t.Errorf("%d sign-ups succeeded, and there are %d accounts, want 1", won, len(all))
		}
	})
}

func accounts(t *testing.T, h *house) []*account.Account {
	t.Helper()
	all, err := h.Accounts(t.Context())
	if err != nil {
		t.Fatalf("Accounts() = %v", err)
	}
	return all
}

// together does something as often as asked, all at once, and returns the errors.
func together(times int, do func(i int) error) []error {
	errs := make([]error, times)
	start, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	for i := range times {
		done.Go(func() {
			<-start.Done()
			errs[i] = do(i)
		})
	}
	cancel()
	done.Wait()
	return errs
}
