package storetest

import (
	"time"

	"postern/internal/account"
	"postern/internal/fault"
)

func emailTokens() []clause {
	return []clause{
		{"a token is found by its hash and kind, while it works", tokenFound},
		{"a token works once, for its account as it is", tokenUsed},
		{"a mail that was forgotten carries no token", tokenOfForgottenMail},
		{"no token is left of mails that are forgotten while they are sent", raceForForgetting},
		{"what has expired of tokens is forgotten", emailsForgotten},
	}
}

// token is one of an account's that works for an hour from its creation on.
func (s *scene) token(c *account.Credentials, kind account.MailKind) account.EmailToken {
	s.t.Helper()
	t, m, now := s.newToken(c, kind)
	s.must(s.store.AddEmailToken(s.ctx, t, m.ID, now))
	return t
}

// newToken is one for a mail that is being sent.
func (s *scene) newToken(c *account.Credentials, kind account.MailKind) (account.EmailToken, account.Mail, time.Time) {
	s.t.Helper()
	m, e := s.mailTo(c, kind)
	s.must(s.store.Record(s.ctx, e))
	n, now := s.next()
	return account.EmailToken{
		Hash: digest("email token", n), Kind: kind, UserID: c.ID, Email: c.Email, EmailKey: c.EmailKey, ExpiresAt: now.Add(time.Hour),
	}, m, now
}

func tokenFound(s *scene) {
	c := s.user()
	t, another := s.token(c, account.MailVerifyEmail), s.token(c, account.MailVerifyEmail)
	before := t.ExpiresAt.Add(-time.Microsecond)
	got, err := s.store.EmailToken(s.ctx, t.Hash, t.Kind, before)
	s.returns("EmailToken()", got, err, &t)
	s.notFound("EmailToken(late)", second(s.store.EmailToken(s.ctx, t.Hash, t.Kind, t.ExpiresAt)))
	s.notFound("EmailToken(another kind)", second(s.store.EmailToken(s.ctx, t.Hash, account.MailResetPassword, before)))
	s.notFound("EmailToken(another hash)", second(s.store.EmailToken(s.ctx, digest("email token", 0), t.Kind, before)))
	s.must(s.store.Disable(s.ctx, c.ID, before))
	s.notFound("EmailToken(disabled)", second(s.store.EmailToken(s.ctx, another.Hash, another.Kind, before)))
}

func tokenOfForgottenMail(s *scene) {
	for what, forget := range map[string]func(c *account.Credentials, m account.Mail) error{
		"was sent": func(_ *account.Credentials, m account.Mail) error { return s.store.MailSent(s.ctx, m.ID) },
		"was overtaken": func(c *account.Credentials, _ account.Mail) error {
			return s.store.SetPassword(s.ctx, c.ID, "$argon2id$another", nil)
		},
		"is of a disabled account": func(c *account.Credentials, m account.Mail) error {
			return s.store.Disable(s.ctx, c.ID, m.CreatedAt)
		},
		"is of a deleted account": func(c *account.Credentials, _ account.Mail) error {
			return s.store.DeleteAccount(s.ctx, c.ID, nil, nil)
		},
	} {
		c := s.user()
		t, m, now := s.newToken(c, account.MailResetPassword)
		s.must(forget(c, m))
		s.notFound("AddEmailToken() of a mail that "+what, s.store.AddEmailToken(s.ctx, t, m.ID, now))
	}

	c := s.user() // which never left its email
	t, m, now := s.newToken(c, account.MailEmailChanged)
	s.notFound("AddEmailToken() that undoes nothing", s.store.AddEmailToken(s.ctx, t, m.ID, now))
}

// raceForForgetting disables an account while tokens of its mails are put down: none is left.
func raceForForgetting(s *scene) {
	for range 10 {
		c := s.user()
		var tokens []account.EmailToken
		var mails []account.Mail
		for range crowd {
			t, m, _ := s.newToken(c, account.MailResetPassword)
			tokens, mails = append(tokens, t), append(mails, m)
		}
		now := mails[0].CreatedAt
		for _, err := range together(crowd, func(i int) error {
			if i == 0 {
				return s.store.Disable(s.ctx, c.ID, now)
			}
			err := s.store.AddEmailToken(s.ctx, tokens[i], mails[i].ID, now)
			if fault.CodeOf(err) == fault.NotFound {
				return nil
			}
			return err
		}) {
			s.must(err)
		}
		s.must(s.store.Enable(s.ctx, c.ID))
		for _, t := range tokens {
			s.notFound("EmailToken()", second(s.store.EmailToken(s.ctx, t.Hash, t.Kind, now)))
		}
	}
}

func tokenUsed(s *scene) {
	for call, use := range map[string]func(t account.EmailToken, now time.Time) error{
		"ResetPassword()": func(t account.EmailToken, now time.Time) error {
			return s.store.ResetPassword(s.ctx, t, now, "$argon2id$new")
		},
		"VerifyEmail()": func(t account.EmailToken, now time.Time) error { return s.store.VerifyEmail(s.ctx, t, now) },
		"ChangeEmail()": func(t account.EmailToken, now time.Time) error {
			return s.store.ChangeEmail(s.ctx, t, now, now.Add(keep))
		},
	} {
		s.usedOnce(call, use, func(c *account.Credentials) account.EmailToken {
			kind, about := account.MailVerifyEmail, c
			if call == "ChangeEmail()" {
				kind, about = account.MailConfirmEmail, by(c, "moved."+c.Email)
			}
			return s.token(about, kind)
		})
	}
	s.usedOnce("UndoEmailChange()", func(t account.EmailToken, now time.Time) error {
		return s.store.UndoEmailChange(s.ctx, t, now, "$argon2id$new")
	}, func(c *account.Credentials) account.EmailToken { return s.moved(c, "moved."+c.Email) })
}

// usedOnce checks that a token can be used once, however many try.
func (s *scene) usedOnce(
	call string, use func(t account.EmailToken, now time.Time) error, token func(c *account.Credentials) account.EmailToken,
) {
	s.t.Helper()
	c := s.user()
	t := token(c)
	now := t.ExpiresAt.Add(-time.Microsecond)
	s.notFound(call+" late", use(t, t.ExpiresAt))
	won := 0
	for _, err := range together(crowd, func(int) error { return use(t, now) }) {
		if err == nil {
			won++
			continue
		}
		s.notFound(call, err)
	}
	s.equal("how often "+call+" worked", won, 1)
	got, err := s.store.Account(s.ctx, c.ID)
	s.must(err)
	s.equal("EmailVerified", got.EmailVerified, true)

	disabled := s.user()
	t = token(disabled)
	s.must(s.store.Disable(s.ctx, disabled.ID, now))
	s.notFound(call+" of a disabled account", use(t, t.ExpiresAt.Add(-time.Microsecond)))
}

// emailsForgotten: what has expired is forgotten, and nothing else.
func emailsForgotten(s *scene) {
	c := s.user()
	t := s.token(c, account.MailVerifyEmail)
	s.must(s.store.ForgetEmails(s.ctx, t.ExpiresAt.Add(-time.Microsecond)))
	got, err := s.store.EmailToken(s.ctx, t.Hash, t.Kind, t.ExpiresAt.Add(-time.Hour))
	s.returns("EmailToken() that works", got, err, &t)
	s.must(s.store.ForgetEmails(s.ctx, t.ExpiresAt))
	s.notFound("EmailToken() that was forgotten", second(s.store.EmailToken(s.ctx, t.Hash, t.Kind, t.ExpiresAt.Add(-time.Hour))))

	_, m, _ := s.newToken(c, account.MailVerifyEmail) // which nobody sends
	s.must(s.store.ForgetEmails(s.ctx, m.CreatedAt.Add(account.KeepEmail)))
	before, err := s.store.NextMail(s.ctx)
	s.must(err)
	s.equal("NextMail() of one that may still be sent", before, &m.CreatedAt)
	s.must(s.store.ForgetEmails(s.ctx, m.CreatedAt.Add(account.KeepEmail+time.Millisecond)))
	after, err := s.store.NextMail(s.ctx)
	s.must(err)
	s.equal("NextMail() of one that nobody sent", after, (*time.Time)(nil))
}
