package account

import (
	"context"

	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
)

// RequestPasswordResetInput is whose password was forgotten.
type RequestPasswordResetInput struct {
	Email string
}

// RequestPasswordReset has a mail sent by which its reader can set another password, if there is an enabled account with the email.
// It does, and so takes and answers, the same if there is none, as that is looked up when the mail is sent. It answers Invalid for
// what is no email, RateLimited for too many, and NotAllowed where no mail is sent.
func (s *Service) RequestPasswordReset(ctx context.Context, client auth.Client, in RequestPasswordResetInput) error {
	if !s.mails {
		return noMail()
	}
	_, key, err := parseEmail(in.Email)
	if err != nil {
		return fault.Place(err, "input", "email")
	}
	if err := s.store.Attempt(ctx, s.now(), s.askings(client, MailResetPassword, key)...); err != nil {
		return err
	}
	now := s.now()
	m := Mail{ID: id.NewMail(now), Kind: MailResetPassword, To: key, Email: key, CreatedAt: now}
	m.UserAgent, m.IPAddress = describe(client)
	return s.store.PutDown(ctx, m)
}

// ResetPasswordInput is a token that a mail carried, and the next password.
type ResetPasswordInput struct {
	Token       string
	NewPassword string
}

// ResetPassword sets another password, and ends all sessions of the account. It answers InvalidToken and Invalid faults.
func (s *Service) ResetPassword(ctx context.Context, in ResetPasswordInput) error {
	proved, account, err := s.proved(ctx, in.Token, MailResetPassword)
	if err != nil {
		return err
	}
	hash, err := s.newPassword(ctx, account, in.NewPassword)
	if err != nil {
		return err
	}
	e := s.event(ctx, PasswordReset, account.ID)
	e = e.told(s.mail(MailPasswordChanged, account, e))
	return orBadEmailToken(s.changed(ctx, account.ID, s.store.ResetPassword(ctx, *proved, s.now(), hash, e)))
}

// newPassword checks another password of an account, and returns its hash.
func (s *Service) newPassword(ctx context.Context, account *Account, password string) (hash string, err error) {
	password = normalizePassword(password)
	if err := s.checkPassword(password, account.words()...); err != nil {
		return "", fault.Place(err, "input", "newPassword")
	}
	return s.passwords.Hash(ctx, password)
}

// proved is what the token of a mail of some kinds shows, and whose it is.
func (s *Service) proved(ctx context.Context, text string, kinds ...MailKind) (*EmailToken, *Account, error) {
	token, ok := parseEmailToken(text)
	if !ok {
		return nil, nil, badEmailToken()
	}
	for _, kind := range kinds {
		proved, err := s.store.EmailToken(ctx, hash(token), kind, s.now())
		switch {
		case fault.CodeOf(err) == fault.NotFound:
			continue
		case err != nil:
			return nil, nil, err
		}
		account, err := s.store.Account(ctx, proved.UserID)
		return proved, account, orBadEmailToken(err)
	}
	return nil, nil, badEmailToken()
}
