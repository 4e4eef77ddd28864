package account

import (
	"context"

	"postern/internal/auth"
	"postern/internal/fault"
)

// RequestEmailVerification has a mail sent by which its reader shows that the viewer's email is theirs. It answers RateLimited for
// too many, and NotAllowed where no mail is sent or if it was shown already.
func (s *Service) RequestEmailVerification(ctx context.Context, viewer auth.Viewer) error {
	if !s.mails {
		return noMail()
	}
	found, err := s.store.Credentials(ctx, viewer.UserID)
	if err != nil {
		return ended(err)
	}
	if found.EmailVerified {
		return fault.New(fault.NotAllowed, "Your email is verified already.")
	}
	if err := s.store.Attempt(ctx, s.now(), s.askings(auth.FromContext(ctx).Client, found.EmailKey)...); err != nil {
		return err
	}
	e := s.event(ctx, EmailVerificationRequested, viewer.UserID).of(viewer.SessionID)
	return s.store.Record(ctx, e.told(s.mail(MailVerifyEmail, &found.Account, e)))
}

// ChangeEmailInput is another email, with the password as the viewer's proof.
type ChangeEmailInput struct {
	Password string
	NewEmail string
}

// ChangeEmail has a mail sent to the other email; it is the viewer's from when its reader gives back what that carries. It answers
// InvalidCredentials, Invalid and RateLimited faults, and NotAllowed where no mail is sent. Whether another account has the email is
// told to who reads its mail alone.
func (s *Service) ChangeEmail(ctx context.Context, viewer auth.Viewer, in ChangeEmailInput) error {
	if !s.mails {
		return noMail()
	}
	email, key, err := parseEmail(in.NewEmail)
	if err != nil {
		return fault.Place(err, "input", "newEmail")
	}
	if _, err := s.confirm(ctx, viewer, in.Password, "password", func(auth.Hasher) {}); err != nil {
		return err
	}
	account, err := s.store.Account(ctx, viewer.UserID)
	if err != nil {
		return ended(err)
	}
	if err := s.store.Attempt(ctx, s.now(), s.askings(auth.FromContext(ctx).Client, key)...); err != nil {
		return err
	}
	e := s.event(ctx, EmailChangeRequested, viewer.UserID).of(viewer.SessionID)
	m := s.mail(MailConfirmEmail, account, e)
	m.To, m.Email = email, email
	return s.store.Record(ctx, e.told(m))
}

// VerifyEmailInput is a token that a mail carried.
type VerifyEmailInput struct {
	Token string
}

// VerifyEmail takes it as shown that an email is the account's: the one that it has, or the one that it is to have, which it has
// from then on. The one that it had is told so, and from there that can be undone. It answers InvalidToken, and Taken if another
// account has the email by now.
func (s *Service) VerifyEmail(ctx context.Context, in VerifyEmailInput) error {
	proved, account, err := s.proved(ctx, in.Token, MailVerifyEmail, MailConfirmEmail)
	if err != nil {
		return err
	}
	if proved.Kind == MailVerifyEmail {
		err := s.store.VerifyEmail(ctx, *proved, s.now(), s.event(ctx, EmailVerified, account.ID))
		return orBadEmailToken(s.changed(ctx, account.ID, err))
	}
	e := s.event(ctx, EmailChanged, account.ID)
	e = e.told(s.mail(MailEmailChanged, account, e)) // to the one that it had, about which it is
	return orBadEmailToken(s.changed(ctx, account.ID, s.store.ChangeEmail(ctx, *proved, s.now(), e)))
}

// UndoEmailChangeInput is a token that a mail carried.
type UndoEmailChangeInput struct {
	Token string
}

// UndoEmailChange gives an account the email back that it had, and ends all its sessions and every other token of its mails:
// whoever changed it may not be its owner. It answers InvalidToken, and Taken if another account has the email by now.
func (s *Service) UndoEmailChange(ctx context.Context, in UndoEmailChangeInput) error {
	proved, account, err := s.proved(ctx, in.Token, MailEmailChanged)
	if err != nil {
		return err
	}
	err = s.store.UndoEmailChange(ctx, *proved, s.now(), s.event(ctx, EmailChangeUndone, account.ID))
	return orBadEmailToken(s.changed(ctx, account.ID, err))
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
