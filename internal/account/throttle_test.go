package account_test

import (
	"errors"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/store/storetest"
	"postern/internal/throttle"
)

// throttled are TRUST's limits.
func throttled(o *account.Options) {
	o.Throttle = account.Throttle{
		FailuresOfAccount: throttle.Limit{Most: 5},
		FailuresOfAddress: throttle.Limit{Most: 30, Within: 10 * time.Minute},
		SignupsOfAddress:  throttle.Limit{Most: 5, Within: time.Hour},
	}
}

// from is a client at an address of its own.
func from(i int) auth.Client {
	return auth.Client{Address: netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})}
}

// TestGuesses has an attacker guess one account's password for ten minutes of the clock, from many addresses, through two
// replicas, at once and again and again: few guesses are answered. The owner's session lives on, and an account that is not
// there answers alike.
func TestGuesses(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		one := openOn(t, url, throttled)
		two := openOn(t, url, throttled)
		owner := one.viewer(t, one.signup(t, "Jane"))
		for _, emails := range [][]string{
			{"jane@example.org", "JANE@example.org", " jane@EXAMPLE.org ", "jAnE@Example.Org\t"},
			{"nobody@example.org", "Nobody@example.org"},
		} {
			var answered atomic.Int64
			begun := one.clock.read()
			for one.clock.read().Sub(begun) < 10*time.Minute {
				var guessing sync.WaitGroup
				for i := range 20 {
					h := []*house{one, two}[i%2]
					guessing.Go(func() {
						_, err := h.Login(t.Context(), from(i), account.LoginInput{
							Email: emails[i%len(emails)], Password: "guess number " + strconv.Itoa(i),
						})
						switch fault.CodeOf(err) {
						case fault.InvalidCredentials:
							answered.Add(1)
						case fault.RateLimited:
						default:
							t.Errorf("Login() = %v", err)
						}
					})
				}
				guessing.Wait()
				if emails[0] == "jane@example.org" {
					fails(t, "ChangePassword() while others guess", second(two.ChangePassword(t.Context(), owner, account.ChangePasswordInput{
						CurrentPassword: password, NewPassword: "a heron reads the weather",
					})), "RATE_LIMITED")
				}
				one.clock.advance(5 * time.Second)
				two.clock.advance(5 * time.Second)
			}
			if n := answered.Load(); n > 20 || n < 5 {
				t.Errorf("%d guesses at %s were answered, want 20 at most", n, emails[0])
			}
		}
		one.lives(t, "after all the guesses", owner, true)
	})
}

// TestGuessesFromOneAddress: who tries one password at many accounts is stopped, too, whichever of its addresses it uses, and no
// sign-in that succeeds counts.
func TestGuessesFromOneAddress(t *testing.T) {
	t.Parallel()
	h := open(t, throttled)
	h.signup(t, "Jane")
	client := func(i int) auth.Client {
		return auth.Client{Address: netip.MustParseAddr("2001:db8:1:2::" + strconv.FormatInt(int64(i+1), 16))}
	}
	for i := range 30 {
		_, err := h.Login(t.Context(), client(i), account.LoginInput{Email: strconv.Itoa(i) + "@example.org", Password: "password"})
		if fault.CodeOf(err) != fault.InvalidCredentials {
			t.Fatalf("Login() number %d = %v, want InvalidCredentials", i, err)
		}
		if i >= 10 {
			continue
		}
		if _, err := h.Login(t.Context(), client(i), account.LoginInput{Email: "jane@example.org", Password: password}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := h.Login(t.Context(), client(99), account.LoginInput{Email: "x@example.org", Password: "password"})
	refused, ok := errors.AsType[*fault.Error](err)
	if !ok || refused.Code != fault.RateLimited || refused.RetryAfter <= 0 || refused.RetryAfter > 10*time.Minute {
		t.Errorf("Login() = %v, want RateLimited for ten minutes at most", err)
	}
	if _, err := h.Login(t.Context(), from(1), account.LoginInput{Email: "jane@example.org", Password: password}); err != nil {
		t.Errorf("Login() from elsewhere = %v, want nil", err)
	}
}

// TestSuccessEndsTheWaiting: who knows the password begins anew.
func TestSuccessEndsTheWaiting(t *testing.T) {
	t.Parallel()
	h := open(t, throttled)
	h.signup(t, "Jane")
	for range 10 {
		for i := range 4 {
			_, err := h.Login(t.Context(), from(i), account.LoginInput{Email: "jane@example.org", Password: "another password"})
			if fault.CodeOf(err) != fault.InvalidCredentials {
				t.Fatalf("Login() = %v, want InvalidCredentials", err)
			}
		}
		h.login(t, "Jane")
	}
}

// TestConfirmationsAreThrottled: a thief of a token cannot guess the password where it is asked for once more.
func TestConfirmationsAreThrottled(t *testing.T) {
	t.Parallel()
	h := open(t, throttled)
	viewer := h.viewer(t, h.signup(t, "Jane"))
	codes := make(map[fault.Code]int)
	for i := range 10 {
		var err error
		if i%2 == 0 {
			_, err = h.DeleteAccount(t.Context(), viewer, account.DeleteAccountInput{Password: "another password"})
		} else {
			_, err = h.ExportAccount(t.Context(), viewer, account.ExportAccountInput{Password: "another password"})
		}
		codes[fault.CodeOf(err)]++
	}
	if codes[fault.InvalidCredentials] != 5 || codes[fault.RateLimited] != 5 {
		t.Errorf("DeleteAccount() and ExportAccount() = %v, want five of each", codes)
	}
	h.lives(t, "after that", viewer, true)
}

// TestSignupsAreThrottled counts those that come to nothing, too, but not those that break a rule.
func TestSignupsAreThrottled(t *testing.T) {
	t.Parallel()
	h := open(t, throttled)
	signup := func(client auth.Client, name, password string) fault.Code {
		_, err := h.Signup(t.Context(), client, account.SignupInput{Email: name + "@example.org", Password: password, Name: name})
		if err == nil {
			return ""
		}
		return fault.CodeOf(err)
	}
	for i, test := range []struct {
		name, password string
		want           fault.Code
	}{
		{"a", "short", fault.Invalid},
		{"a", password, ""},
		{"a", password, fault.Taken},
		{"b", password, ""},
		{"b", "short", fault.Invalid},
		{"c", password, ""},
		{"d", password, ""},
		{"e", password, fault.RateLimited},
		{"a", password, fault.RateLimited},
	} {
		if got := signup(from(1), test.name, test.password); got != test.want {
			t.Errorf("Signup() number %d = %q, want %q", i, got, test.want)
		}
	}
	if got := signup(from(2), "e", password); got != "" {
		t.Errorf("Signup() from elsewhere = %q, want it to succeed", got)
	}
	h.clock.advance(time.Hour)
	if got := signup(from(1), "f", password); got != "" {
		t.Errorf("Signup() after an hour = %q, want it to succeed", got)
	}
}
