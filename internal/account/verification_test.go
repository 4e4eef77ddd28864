package account_test

import (
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// has checks what the email of an account is, and whether it is verified.
func (h *house) has(t *testing.T, viewer auth.Viewer, email string, verified bool) {
	t.Helper()
	got, err := h.store.Account(t.Context(), viewer.UserID)
	if err != nil || got.Email != email || got.EmailVerified != verified {
		t.Errorf("Account() = %+v, %v, want the email %s, verified: %v", got, err, email, verified)
	}
}

func (h *house) verify(t *testing.T, token string) error {
	t.Helper()
	return h.VerifyEmail(t.Context(), account.VerifyEmailInput{Token: token})
}

func (h *house) undo(t *testing.T, token string) error {
	t.Helper()
	return h.UndoEmailChange(t.Context(), account.UndoEmailChangeInput{Token: token, NewPassword: another})
}

// change has a viewer's email changed, up to the mail to the other one.
func (h *house) change(t *testing.T, viewer auth.Viewer, to string) (token string) {
	t.Helper()
	if err := h.ChangeEmail(t.Context(), viewer, account.ChangeEmailInput{Password: password, NewEmail: to}); err != nil {
		t.Fatalf("ChangeEmail(%s) = %v", to, err)
	}
	return h.mail(t, account.MailConfirmEmail, to)
}

// TestVerifyEmail: it is verified by the mail of the sign-up, or by another.
func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := openOn(t, url, writing)
		viewer := h.visitor(t, "Jane")
		first := h.mail(t, account.MailVerifyEmail, "jane@example.org")
		if err := h.RequestEmailVerification(t.Context(), viewer); err != nil {
			t.Fatal(err)
		}
		second := h.mail(t, account.MailVerifyEmail, "jane@example.org")
		h.has(t, viewer, "jane@example.org", false)
		fails(t, "VerifyEmail()", h.verify(t, first))
		h.has(t, viewer, "jane@example.org", true)
		fails(t, "VerifyEmail(again)", h.verify(t, first), useless)
		fails(t, "VerifyEmail(the other)", h.verify(t, second), useless)
		fails(t, "RequestEmailVerification()", h.RequestEmailVerification(t.Context(), viewer), "NOT_ALLOWED")
		h.lives(t, "afterwards", viewer, true)

		late := h.visitor(t, "John")
		token := h.mail(t, account.MailVerifyEmail, "john@example.org")
		h.clock.advance(24 * time.Hour)
		fails(t, "VerifyEmail(a day later)", h.verify(t, token), useless)
		h.has(t, late, "john@example.org", false)
	})
}

// TestChangeEmail: another email is the account's when its reader says so; the one before is told, and can undo it.
func TestChangeEmail(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := openOn(t, url, writing)
		viewer := h.visitor(t, "Jane")
		h.mails(t)
		fails(t, "ChangeEmail(no email)", h.ChangeEmail(t.Context(), viewer, account.ChangeEmailInput{Password: password, NewEmail: "x"}), "INVALID input.newEmail")
		fails(t, "ChangeEmail(another password)",
			h.ChangeEmail(t.Context(), viewer, account.ChangeEmailInput{Password: another, NewEmail: "new@example.org"}),
			"INVALID_CREDENTIALS input.password")
		h.nobodyIsTold(t, "a change that was refused")
		h.requestReset(t, "jane@example.org")
		reset := h.mail(t, account.MailResetPassword, "jane@example.org")

		confirmation := h.change(t, viewer, "new@example.org")
		h.has(t, viewer, "jane@example.org", false)
		fails(t, "VerifyEmail()", h.verify(t, confirmation))
		h.has(t, viewer, "new@example.org", true)
		undoing := h.mail(t, account.MailEmailChanged, "jane@example.org")
		fails(t, "VerifyEmail(again)", h.verify(t, confirmation), useless)
		fails(t, "ResetPassword(by the old email)", h.reset(t, reset), useless)
		h.requestReset(t, "jane@example.org")
		h.nobodyIsWrittenTo(t, "the old email")

		further := h.change(t, viewer, "newer@example.org")
		fails(t, "VerifyEmail(further)", h.verify(t, further))
		undoingFurther := h.mail(t, account.MailEmailChanged, "new@example.org")

		h.clock.advance(7*24*time.Hour - time.Hour)
		viewer = h.viewer(t, h.loginAs(t, "newer@example.org", password))
		h.mails(t)
		pending := h.change(t, viewer, "newest@example.org")
		h.requestReset(t, "newer@example.org")
		reset = h.mail(t, account.MailResetPassword, "newer@example.org")
		fails(t, "UndoEmailChange(short)",
			h.UndoEmailChange(t.Context(), account.UndoEmailChangeInput{Token: undoing, NewPassword: "short"}), "INVALID input.newPassword")
		h.lives(t, "what was refused", viewer, true)
		fails(t, "UndoEmailChange()", h.undo(t, undoing))
		h.has(t, viewer, "jane@example.org", true)
		h.lives(t, "after it was undone", viewer, false)
		h.mail(t, account.MailEmailChangeUndone, "newer@example.org")
		fails(t, "UndoEmailChange(again)", h.undo(t, undoing), useless)
		fails(t, "UndoEmailChange(the other)", h.undo(t, undoingFurther), useless)
		fails(t, "VerifyEmail(a change before)", h.verify(t, pending), useless)
		fails(t, "ResetPassword(asked for before)", h.reset(t, reset), useless)
		_, err := h.Login(t.Context(), browser, account.LoginInput{Email: "jane@example.org", Password: password})
		fails(t, "Login(the password before)", err, "INVALID_CREDENTIALS")
		h.loginAs(t, "jane@example.org", another)
	})
}

func (h *house) loginAs(t *testing.T, email, password string) account.Login {
	t.Helper()
	login, err := h.Login(t.Context(), browser, account.LoginInput{Email: email, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return login
}

// TestChangeThatIsOvertaken: who asked for it has lost the session, or the password is another, before the mail is put down or after.
func TestChangeThatIsOvertaken(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := openOn(t, url, writing)
		viewer := h.visitor(t, "Jane")
		owner := h.viewer(t, h.login(t, "Jane"))
		h.mails(t)
		token := h.change(t, viewer, "thief@example.org")
		if _, err := h.RevokeOtherSessions(t.Context(), owner); err != nil {
			t.Fatal(err)
		}
		fails(t, "VerifyEmail(after the sessions were ended)", h.verify(t, token), useless)
		err := h.ChangeEmail(t.Context(), viewer, account.ChangeEmailInput{Password: password, NewEmail: "thief@example.org"})
		fails(t, "ChangeEmail(without a session)", err, "SESSION_ENDED")
		h.nobodyIsTold(t, "a change without a session")
		h.has(t, owner, "jane@example.org", false)
	})
}

// TestAnotherSpelling of an email is none that it can be changed to: it may be another's mailbox.
func TestAnotherSpelling(t *testing.T) {
	t.Parallel()
	h := open(t, writing)
	viewer := h.visitor(t, "Jane")
	h.mails(t)
	fails(t, "VerifyEmail()", h.verify(t, h.change(t, viewer, "strasse@example.org")))
	undoing := h.mail(t, account.MailEmailChanged, "jane@example.org")
	for _, email := range []string{"straße@example.org", "STRASSE@example.org", "strasse@EXAMPLE.org"} {
		err := h.ChangeEmail(t.Context(), viewer, account.ChangeEmailInput{Password: password, NewEmail: email})
		fails(t, "ChangeEmail("+email+")", err, "INVALID input.newEmail")
	}
	h.nobodyIsTold(t, "another spelling")
	fails(t, "VerifyEmail()", h.verify(t, h.change(t, viewer, "thief@example.org")))
	h.mail(t, account.MailEmailChanged, "strasse@example.org")
	fails(t, "VerifyEmail()", h.verify(t, h.change(t, viewer, "straße@example.org")))
	h.has(t, viewer, "strasse@example.org", true) // which is the one that was kept
	h.mail(t, account.MailEmailChangeUndone, "thief@example.org")
	fails(t, "UndoEmailChange()", h.undo(t, undoing))
	h.has(t, viewer, "jane@example.org", true)
}

// TestUndoIsPossibleForSevenDays and not for longer.
func TestUndoIsPossibleForSevenDays(t *testing.T) {
	t.Parallel()
	h := open(t, writing)
	viewer := h.visitor(t, "Jane")
	h.mails(t)
	fails(t, "VerifyEmail()", h.verify(t, h.change(t, viewer, "new@example.org")))
	h.clock.advance(time.Hour) // for which the mail waits
	token := h.mail(t, account.MailEmailChanged, "jane@example.org")
	h.clock.advance(7*24*time.Hour - time.Hour)
	fails(t, "UndoEmailChange()", h.undo(t, token), useless)
	h.has(t, viewer, "new@example.org", true)
	h.signup(t, "Jane") // as the email is anybody's now
}

// TestEmailThatIsTakenMeanwhile: who reads its mail is told, and nobody before.
func TestEmailThatIsTakenMeanwhile(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := openOn(t, url, writing)
		viewer := h.visitor(t, "Jane")
		h.signup(t, "John")
		h.mails(t)
		token := h.change(t, viewer, "JOHN@example.org")
		for range 2 {
			fails(t, "VerifyEmail()", h.verify(t, token), "TAKEN input.token")
		}
		h.has(t, viewer, "jane@example.org", false)

		fails(t, "VerifyEmail()", h.verify(t, h.change(t, viewer, "new@example.org")))
		undoing := h.mail(t, account.MailEmailChanged, "jane@example.org")
		_, err := h.Signup(t.Context(), browser, account.SignupInput{Email: "jane@example.org", Name: "Thief", Password: password})
		fails(t, "Signup(with the email that was left)", err, "TAKEN input.email")
		fails(t, "UndoEmailChange()", h.undo(t, undoing))
		h.has(t, viewer, "jane@example.org", true)
	})
}
