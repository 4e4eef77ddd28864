package account

import (
	"context"

	"postern/internal/auth"
	"postern/internal/fault"
)

// RequestPasswordResetInput is whose password was forgotten.
type RequestPasswordResetInput struct {
	Email string
}

// RequestPasswordReset has a mail sent by which its reader can set another password, if there is an enabled account with the email.
// It answers, and takes, the same if there is none: Invalid for what is no email, RateLimited for too many, NotAllowed where no mail
// is sent.
func (s *Service) RequestPasswordReset(ctx context.Context, client auth.Client, in RequestPasswordResetInput) error {
	if !s.mails {
		return noMail()
	}
	email, key, err := parseEmail(in.Email)
	if err != nil {
		return fault.Place(err, "input", "email")
	}
	if err := s.store.Attempt(ctx, s.now(), s.askings(client, key)...); err != nil {
		return err
	}
	found, err := s.enabled(ctx, key)
	if err != nil {
		return err
	}
	e := s.event(ctx, PasswordResetRequested, found.ID)
	m := s.mail(MailResetPassword, &found.Account, e)
	if e.UserID == nil { // nobody's mail is put down as well, and thrown away when it is due
		m.UserID, m.To, m.Email = nil, email, email
	}
	return s.store.Record(ctx, e.told(m))
}

// ResetPasswordInput is a token that a mail carried, and the next password.
type ResetPasswordInput struct {
	Token       string
	NewPassword string
}

// ResetPassword sets another password, and ends all sessions of the account. It answers InvalidToken and Invalid faults.
func (s *Service) ResetPassword(ctx context.Context, in ResetPasswordInput) error {
	token, ok := parseEmailToken(in.Token)
	if !ok {
		return badEmailToken()
	}
	proved, err := s.store.EmailToken(ctx, hash(token), MailResetPassword, s.now())
	if err != nil {
		return orBadEmailToken(err)
	}
	account, err := s.store.Account(ctx, proved.UserID)
	if err != nil {
		return orBadEmailToken(err)
	}
	password := normalizePassword(in.NewPassword)
	if err := s.checkPassword(password, account.words()...); err != nil {
		return fault.Place(err, "input", "newPassword")
	}
	hashed, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	e := s.event(ctx, PasswordReset, account.ID)
	e = e.told(s.mail(MailPasswordChanged, account, e))
	return orBadEmailToken(s.changed(ctx, account.ID, s.store.ResetPassword(ctx, *proved, s.now(), hashed, e)))
}
