package account

import (
	"context"
	"errors"

	"postern/internal/auth"
	"postern/internal/fault"
)

// What follows is for whoever runs the server, by the command; accounts are named by their email. Each answers NotFound
// if there is none.

// Create opens an account in whatever role, whether sign-up is open or not. It answers Invalid and Taken faults.
func (s *Service) Create(ctx context.Context, in SignupInput, role auth.Role) (*Account, error) {
	created, err := s.newAccount(ctx, in, role)
	if err != nil {
		return nil, err
	}
	return &created.Account, s.create(ctx, created, in.Handle == nil, nil)
}

// ImportInput is an account of another program's, which knows only the hash of its password.
type ImportInput struct {
	Email        string
	Name         string
	Handle       *string // made from the name if nil
	Role         auth.Role
	PasswordHash string // argon2id as a PHC string, or bcrypt
}

// Import opens an account without knowing its password, so that what that may be is not checked. It answers Invalid and Taken
// faults.
func (s *Service) Import(ctx context.Context, in ImportInput) (*Account, error) {
	created, broken := s.unproven(SignupInput{Email: in.Email, Name: in.Name, Handle: in.Handle}, in.Role)
	if err := auth.CheckHash(in.PasswordHash); err != nil {
		broken = errors.Join(broken, fault.New(fault.Invalid, "That is %v.", err).At("input", "passwordHash"))
	}
	if broken != nil {
		return nil, broken
	}
	created.PasswordHash = in.PasswordHash
	return &created.Account, s.create(ctx, created, in.Handle == nil, nil)
}

// Accounts are all there are, oldest first.
func (s *Service) Accounts(ctx context.Context) ([]*Account, error) { return s.store.Accounts(ctx) }

// SetRole changes what an account may do.
func (s *Service) SetRole(ctx context.Context, email string, role auth.Role) error {
	found, err := s.byEmail(ctx, email)
	if err != nil {
		return err
	}
	return s.changed(ctx, found.ID, s.store.SetRole(ctx, found.ID, role, s.event(ctx, RoleChanged, found.ID).to(role)))
}

// Disable ends all sessions of an account, and lets it open none.
func (s *Service) Disable(ctx context.Context, email string) error {
	found, err := s.byEmail(ctx, email)
	if err != nil {
		return err
	}
	return s.changed(ctx, found.ID, s.store.Disable(ctx, found.ID, s.now(), s.event(ctx, AccountDisabled, found.ID)))
}

// Enable undoes Disable; the sessions stay ended.
func (s *Service) Enable(ctx context.Context, email string) error {
	found, err := s.byEmail(ctx, email)
	if err != nil {
		return err
	}
	return s.store.Enable(ctx, found.ID, s.event(ctx, AccountEnabled, found.ID))
}

// SetPassword changes an account's password, and ends all its sessions. It answers an Invalid fault, too.
func (s *Service) SetPassword(ctx context.Context, email, password string) error {
	found, err := s.byEmail(ctx, email)
	if err != nil {
		return err
	}
	password = normalizePassword(password)
	if err := s.checkPassword(password, found.words()...); err != nil {
		return err
	}
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return err
	}
	e := s.event(ctx, PasswordChanged, found.ID)
	e = e.told(s.mail(MailPasswordChanged, &found.Account, e))
	return s.changed(ctx, found.ID, s.store.SetPassword(ctx, found.ID, hash, nil, e))
}

func (s *Service) byEmail(ctx context.Context, email string) (*Credentials, error) {
	_, key, err := parseEmail(email)
	if err != nil {
		return nil, err
	}
	found, err := s.store.CredentialsByEmail(ctx, key)
	if fault.CodeOf(err) == fault.NotFound {
		return nil, fault.New(fault.NotFound, "There is no account with the email %s.", email)
	}
	return found, err
}
