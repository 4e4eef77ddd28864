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
	if err := s.store.Attempt(ctx, s.now(), s.askings(auth.FromContext(ctx).Client, MailVerifyEmail, found.EmailKey)...); err != nil {
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
	confirmed, err := s.confirm(ctx, viewer, in.Password, "password", func(auth.Hasher) {})
	if err != nil {
		return err
	}
	if key == confirmed.EmailKey { // in whatever spelling, which may be another's mailbox, and nothing would be left to undo that from
		return fault.New(fault.Invalid, "That is your email already.").At("input", "newEmail")
	}
	account := &confirmed.Account
	if err := s.store.Attempt(ctx, s.now(), s.askings(auth.FromContext(ctx).Client, MailConfirmEmail, key)...); err != nil {
		return err
	}
	e := s.event(ctx, EmailChangeRequested, viewer.UserID).of(viewer.SessionID)
	m := s.mail(MailConfirmEmail, account, e)
	m.To, m.Email = email, email
	return ended(s.store.RecordProven(ctx, viewer.UserID, *confirmed.proof(viewer), e.told(m)))
}

// VerifyEmailInput is a token that a mail carried.
type VerifyEmailInput struct {
	Token string
}

// VerifyEmail takes it as shown that an email is the account's: the one that it has, or the one that it is to have, which it has
// from then on. The one that it had is told so, and from there that can be undone for seven days, while nobody else can have it; who
// comes back to it has undone that. It answers InvalidToken, and Taken if another account has the email, or had it until lately.
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
	return orBadEmailToken(s.changed(ctx, account.ID, s.store.ChangeEmail(ctx, *proved, e.CreatedAt, e.CreatedAt.Add(KeepEmail), e)))
}

// UndoEmailChangeInput is a token that a mail carried, and the next password.
type UndoEmailChangeInput struct {
	Token       string
	NewPassword string
}

// UndoEmailChange gives an account the email back that it had, and another password, and ends all its sessions and what other mails
// carried: whoever changed the email knows the password, and may not be its owner. The email that the account had instead is told.
// It answers InvalidToken and Invalid faults.
func (s *Service) UndoEmailChange(ctx context.Context, in UndoEmailChangeInput) error {
	proved, account, err := s.proved(ctx, in.Token, MailEmailChanged)
	if err != nil {
		return err
	}
	replaced := account.Email
	account.Email = proved.Email
	hash, err := s.newPassword(ctx, account, in.NewPassword)
	if err != nil {
		return err
	}
	e := s.event(ctx, EmailChangeUndone, account.ID)
	m := s.mail(MailEmailChangeUndone, account, e)
	if m != nil {
		m.To = replaced
	}
	return orBadEmailToken(s.changed(ctx, account.ID, s.store.UndoEmailChange(ctx, *proved, s.now(), hash, e.told(m))))
}
