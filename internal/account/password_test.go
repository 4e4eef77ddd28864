package account_test

import (
	"context"
	"strings"
	"testing"

	"postern/internal/account"
	"postern/internal/auth"
)

func TestChangePassword(t *testing.T) {
	t.Parallel()
	h := open(t)
	viewer := h.visitor(t, "Jane")
	other := h.viewer(t, h.login(t, "Jane"))
	const next = "another one entirely"
	for _, test := range []struct{ current, next, fault string }{
		{password + "!", next, "INVALID_CREDENTIALS input.currentPassword"},
		{"", next, "INVALID_CREDENTIALS input.currentPassword"},
		{next, next, "INVALID_CREDENTIALS input.currentPassword"},
		{password, "short", "INVALID input.newPassword"},
		{password, "passwordpassword", "INVALID input.newPassword"},
		{password, "jane@example.org 12345", "INVALID input.newPassword"},
		{password, strings.Repeat("x y", 50), "INVALID input.newPassword"},
	} {
		_, err := h.ChangePassword(t.Context(), viewer, account.ChangePasswordInput{CurrentPassword: test.current, NewPassword: test.next})
		fails(t, "ChangePassword("+test.current+", "+test.next+")", err, test.fault)
		h.lives(t, "the other session, nothing having changed", other, true)
	}
	h.login(t, "Jane")

	changed, err := h.ChangePassword(t.Context(), viewer, account.ChangePasswordInput{CurrentPassword: password, NewPassword: next})
	if err != nil || changed.ID != viewer.UserID {
		t.Errorf("ChangePassword() = %+v, %v, want the account", changed, err)
	}
	h.lives(t, "the session that asks", viewer, true)
	h.lives(t, "the other session", other, false)
	for attempt, want := range map[string]string{password: "INVALID_CREDENTIALS", next: ""} {
		_, err := h.Login(t.Context(), browser, account.LoginInput{Email: "jane@example.org", Password: attempt})
		if got := outline(err); got != want {
			t.Errorf("Login(%q) after ChangePassword() = %v, want %q", attempt, err, want)
		}
	}
}

// TestShortestPassword sets passwords in all the ways that there are, where another length is the least.
func TestShortestPassword(t *testing.T) {
	t.Parallel()
	const current, short, enough = password, "x7kq9zw", "x7kq9zwv"
	h := open(t, func(o *account.Options) { o.MinPassword = len(enough) })
	h.signup(t, "Jane")
	bob := h.viewer(t, h.signup(t, "Bob"))
	for name, set := range map[string]func(password string) error{
		"input.password": func(password string) error {
			in := account.SignupInput{Email: "joe@example.org", Name: "Joe", Password: password}
			return second(h.Signup(t.Context(), browser, in))
		},
		"input.password of a command": func(password string) error {
			in := account.SignupInput{Email: "ada@example.org", Name: "Ada", Password: password}
			return second(h.Create(t.Context(), in, auth.Admin))
		},
		"input.newPassword": func(password string) error {
			return second(h.ChangePassword(t.Context(), bob, account.ChangePasswordInput{CurrentPassword: current, NewPassword: password}))
		},
		"": func(password string) error { return h.SetPassword(t.Context(), "jane@example.org", password) },
	} {
		path, _, _ := strings.Cut(name, " ")
		err := set(short)
		fails(t, "set("+short+")", err, strings.TrimSpace("INVALID "+path))
		if want := "A password has 8 to 128 characters; this one has 7."; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("setting %q by %s = %v, want %q", short, name, err, want)
		}
		if err := set(enough); err != nil {
			t.Errorf("setting %q by %s = %v, want nil", enough, name, err)
		}
	}
}

// TestPasswordProvedTooLate changes what a viewer has just proved, before they use the proof: their session, their password,
// their account.
func TestPasswordProvedTooLate(t *testing.T) {
	t.Parallel()
	const next = "another one entirely"
	uses := map[string]func(*house, auth.Viewer) error{
		"ChangePassword": func(h *house, viewer auth.Viewer) error {
			in := account.ChangePasswordInput{CurrentPassword: password, NewPassword: "what nobody will have"}
			return second(h.ChangePassword(t.Context(), viewer, in))
		},
		"DeleteAccount": func(h *house, viewer auth.Viewer) error {
			return second(h.DeleteAccount(t.Context(), viewer, account.DeleteAccountInput{Password: password}))
		},
		"ExportAccount": func(h *house, viewer auth.Viewer) error {
			return second(h.ExportAccount(t.Context(), viewer, account.ExportAccountInput{Password: password}))
		},
	}
	changes := map[string]func(ctx context.Context, s *account.Service, viewer auth.Viewer) error{
		"logged out": func(ctx context.Context, s *account.Service, viewer auth.Viewer) error {
			return second(s.Logout(ctx, viewer))
		},
		"another password": func(ctx context.Context, s *account.Service, _ auth.Viewer) error {
			return s.SetPassword(ctx, "jane@example.org", next)
		},
		"disabled": func(ctx context.Context, s *account.Service, _ auth.Viewer) error {
			return s.Disable(ctx, "jane@example.org")
		},
		"deleted": func(ctx context.Context, s *account.Service, viewer auth.Viewer) error {
			return second(s.DeleteAccount(ctx, viewer, account.DeleteAccountInput{Password: password}))
		},
	}
	for name, use := range uses {
		for what, change := range changes {
			t.Run(name+" while "+what, func(t *testing.T) {
				t.Parallel()
				h, behind, store := interrupted(t)
				viewer := h.viewer(t, h.signup(t, "Jane"))
				store.happens = func() {
					if err := change(t.Context(), behind, viewer); err != nil {
						t.Errorf("%s = %v, want nil", what, err)
					}
				}
				fails(t, name+"()", use(h, viewer), "SESSION_ENDED")
				store.happens = func() {}
				all := accounts(t, h)
				if gone := len(all) == 0; gone != (what == "deleted") {
					t.Fatalf("the account is gone: %v", gone)
				}
				if what == "logged out" {
					h.login(t, "Jane")
				}
			})
		}
	}
}
