package account_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/store/storetest"
)

const another = "a heron reads the weather"

func (h *house) requestReset(t *testing.T, email string) {
	t.Helper()
	if err := h.RequestPasswordReset(t.Context(), browser, account.RequestPasswordResetInput{Email: email}); err != nil {
		t.Fatalf("RequestPasswordReset(%s) = %v", email, err)
	}
}

func (h *house) reset(t *testing.T, token string) error {
	t.Helper()
	return h.ResetPassword(t.Context(), account.ResetPasswordInput{Token: token, NewPassword: another})
}

const useless = "INVALID_TOKEN input.token"

// TestResetPassword forgets a password, and sets another.
func TestResetPassword(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := openOn(t, url, writing)
		viewer := h.visitor(t, "Jane")
		h.mails(t)
		h.requestReset(t, " JANE@example.org")
		token := h.mail(t, account.MailResetPassword, "jane@example.org")
		fails(t, "ResetPassword(short)", h.ResetPassword(t.Context(), account.ResetPasswordInput{Token: token, NewPassword: "short"}),
			"INVALID input.newPassword")
		h.lives(t, "before", viewer, true)
		fails(t, "ResetPassword()", h.reset(t, token))
		h.lives(t, "after", viewer, false)
		h.mail(t, account.MailPasswordChanged, "jane@example.org")
		fails(t, "ResetPassword(again)", h.reset(t, token), useless)
		_, err := h.Login(t.Context(), browser, account.LoginInput{Email: "jane@example.org", Password: password})
		fails(t, "Login(the old password)", err, "INVALID_CREDENTIALS")
		login, err := h.Login(t.Context(), browser, account.LoginInput{Email: "jane@example.org", Password: another})
		if err != nil || !login.Account.EmailVerified {
			t.Errorf("Login() = %+v, %v, want it to work, and the email to be verified", login.Account, err)
		}
	})
}

// TestResetIsAskedForByAnybody: the answer is the same, whether there is an account or not; nobody is written to who has none.
func TestResetIsAskedForByAnybody(t *testing.T) {
	t.Parallel()
	h := open(t, writing)
	h.signup(t, "Jane")
	h.mails(t)
	if err := h.Disable(t.Context(), "jane@example.org"); err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"nobody@example.org", "jane@example.org"} {
		h.requestReset(t, email)
		h.nobodyIsWrittenTo(t, email)
	}
	log, err := h.store.Log(t.Context(), account.EventFilter{Kinds: []account.EventKind{account.PasswordResetRequested}}, 0, 10)
	if err != nil || len(log) != 2 || log[0].UserID != nil || log[1].UserID != nil {
		t.Errorf("Log() = %+v, %v, want two requests of nobody", log, err)
	}
	fails(t, "RequestPasswordReset(no email)", h.RequestPasswordReset(t.Context(), browser, account.RequestPasswordResetInput{Email: "jane"}), "INVALID input.email")
}

// TestResetIsAskedForInAnotherSpelling: the mail goes to the email as its owner wrote it, once there is an account. Until then
// it is nobody's.
func TestResetIsAskedForInAnotherSpelling(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := openOn(t, url, writing)
		h.requestReset(t, "JANE@EXAMPLE.ORG")
		asked := h.due(t)[0]
		h.clock.advance(time.Second)
		viewer := h.visitor(t, "Jane")
		h.mail(t, account.MailVerifyEmail, "jane@example.org")
		m, token, err := h.Prepare(t.Context(), asked)
		if err != nil || m.To != "jane@example.org" || m.Name != "Jane" || *m.UserID != viewer.UserID {
			t.Fatalf("Prepare() = %+v, %v, want a mail to jane@example.org", m, err)
		}
		if m, token, err := h.Prepare(t.Context(), asked); !errors.Is(err, account.ErrForgotten) {
			t.Errorf("Prepare(), once more, by another process = %+v, %s, %v, want %v", m, token, err, account.ErrForgotten)
		}
		if _, _, err := h.Prepare(t.Context(), m); err != nil {
			t.Errorf("Prepare(), as it is tried again = %v", err)
		}
		events, err := h.store.Events(t.Context(), viewer.UserID)
		if err != nil || events[len(events)-1].Kind != account.PasswordResetRequested {
			t.Errorf("Events() = %+v, %v, want that it was asked for, once", events, err)
		}
		fails(t, "ResetPassword()", h.reset(t, token))
	})
}

// TestTokensOfMailsThatAreOfNoUse: they are made up, late, of another kind, or from before something that ends them.
func TestTokensOfMailsThatAreOfNoUse(t *testing.T) {
	t.Parallel()
	h := open(t, writing)
	h.signup(t, "Jane")
	verification := h.mail(t, account.MailVerifyEmail, "jane@example.org")
	fresh := func() string {
		t.Helper()
		h.requestReset(t, "jane@example.org")
		return h.mail(t, account.MailResetPassword, "jane@example.org")
	}
	good := fresh()
	for name, token := range map[string]string{
		"none": "", "made up": strings.Repeat("A", 43), "cut": good[:42], "longer": good + "A", "with a line end": good[:20] + "\n" + good[20:],
		"of another kind": verification,
	} {
		fails(t, "ResetPassword("+name+")", h.reset(t, token), useless)
		if token != verification {
			fails(t, "VerifyEmail("+name+")", h.VerifyEmail(t.Context(), account.VerifyEmailInput{Token: token}), useless)
			fails(t, "UndoEmailChange("+name+")", h.UndoEmailChange(t.Context(), account.UndoEmailChangeInput{Token: token, NewPassword: another}), useless)
		}
	}
	h.clock.advance(30 * time.Minute)
	fails(t, "ResetPassword(half an hour later)", h.reset(t, good), useless)

	for name, end := range map[string]func() error{
		"the password was changed": func() error { return h.SetPassword(t.Context(), "jane@example.org", password) },
		"the account is disabled":  func() error { return h.Disable(t.Context(), "jane@example.org") },
	} {
		if err := h.Enable(t.Context(), "jane@example.org"); err != nil {
			t.Fatal(err)
		}
		token := fresh()
		if err := end(); err != nil {
			t.Fatal(err)
		}
		h.mails(t)
		fails(t, "ResetPassword("+name+")", h.reset(t, token), useless)
	}

	if err := h.Enable(t.Context(), "jane@example.org"); err != nil {
		t.Fatal(err)
	}
	for name, end := range map[string]func() error{
		"the password was changed": func() error { return h.SetPassword(t.Context(), "jane@example.org", password) },
		"the password was reset":   func() error { return h.reset(t, fresh()) },
		"the account was disabled": func() error {
			return errors.Join(h.Disable(t.Context(), "jane@example.org"), h.Enable(t.Context(), "jane@example.org"))
		},
	} {
		if err := h.SetPassword(t.Context(), "jane@example.org", password); err != nil {
			t.Fatal(err)
		}
		viewer := h.viewer(t, h.login(t, "Jane"))
		h.mails(t)
		token := h.change(t, viewer, "thief@example.org")
		if err := end(); err != nil {
			t.Fatal(err)
		}
		h.mails(t)
		fails(t, "VerifyEmail("+name+")", h.verify(t, token), useless)
	}
}

// TestResetInParallel uses one token many times at once: it works once.
func TestResetInParallel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := openOn(t, url, writing)
		h.signup(t, "Jane")
		h.mails(t)
		h.requestReset(t, "jane@example.org")
		token := h.mail(t, account.MailResetPassword, "jane@example.org")
		worked := 0
		for _, err := range together(20, func(int) error { return h.reset(t, token) }) {
			if err == nil {
				worked++
				continue
			}
			fails(t, "ResetPassword()", err, useless)
		}
		if worked != 1 {
			t.Errorf("one token worked %d times, want once", worked)
		}
	})
}

// TestNoTokenIsStored: who reads the database cannot use what mails carry.
func TestNoTokenIsStored(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := openOn(t, url, writing)
		h.signup(t, "Jane")
		h.mails(t)
		h.requestReset(t, "jane@example.org")
		db := storetest.Connect(t, url)
		before := storetest.Dump(t, db)
		token := h.mail(t, account.MailResetPassword, "jane@example.org")
		for when, dump := range map[string]string{"before": before, "after": storetest.Dump(t, db)} {
			if strings.Contains(dump, token) {
				t.Errorf("%s the mail was sent, the database has its token", when)
			}
		}
	})
}
