package account

import (
	"context"
	"errors"
	"slices"

	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/text"
	"postern/internal/throttle"
)

// SignupInput is a new account.
type SignupInput struct {
	Email    string
	Password string
	Name     string
	Handle   *string // made from the name if nil
}

// Signup opens an account and logs it in. It answers Invalid, Taken and RateLimited faults, and NotAllowed while
// sign-up is closed.
func (s *Service) Signup(ctx context.Context, client auth.Client, in SignupInput) (Login, error) {
	if !s.open {
		return Login{}, fault.New(fault.NotAllowed, "Sign-up is closed.")
	}
	created, err := s.newAccount(ctx, in, s.role, s.signups(client)...)
	if err != nil {
		return Login{}, err
	}
	session, token := openSession(created.ID, client, created.CreatedAt)
	if err := s.create(ctx, created, in.Handle == nil, &session); err != nil {
		return Login{}, err
	}
	return s.login(&created.Account, session, token)
}

// signups are the attempts to open an account, whether that comes to anything or not. The mail that it causes is counted by nothing
// else: a sign-up must not fail as others have mails sent to its email.
func (s *Service) signups(client auth.Client) []throttle.Attempt {
	if network := client.Network(); network != "" {
		return []throttle.Attempt{s.throttle.SignupsOfAddress.Of("signup", network)}
	}
	return nil
}

// newAccount checks a new account and hashes its password. Whether its email is taken is not asked before: that would tell
// by the time it takes.
func (s *Service) newAccount(
	ctx context.Context, in SignupInput, role auth.Role, attempts ...throttle.Attempt,
) (*Credentials, error) {
	created, broken := s.unproven(in, role)
	words := created.words()
	if broken != nil {
		words = nil // what breaks its own rule may be as long as a request
	}
	password := normalizePassword(in.Password)
	broken = errors.Join(broken, fault.Place(s.checkPassword(password, words...), "input", "password"))
	if broken != nil {
		return nil, broken
	}
	return created, s.attempt(ctx, attempts, func(h auth.Hasher) error {
		created.PasswordHash = h.Hash(password)
		return nil
	})
}

// unproven makes a new account without a password. If it breaks rules, it is returned all the same.
func (s *Service) unproven(in SignupInput, role auth.Role) (*Credentials, error) {
	email, key, err := parseEmail(in.Email)
	now := s.now()
	account := Account{
		User:  User{ID: id.NewUser(now), Handle: handleFor(in.Name), Name: in.Name, CreatedAt: now},
		Email: email,
		Role:  role,
	}
	if in.Handle != nil {
		account.Handle = *in.Handle
	}
	return &Credentials{Account: account, EmailKey: key}, errors.Join(
		fault.Place(err, "input", "email"),
		fault.Place(checkName(in.Name), "input", "name"),
		fault.Place(optionally(in.Handle, checkHandle), "input", "handle"),
	)
}

// create stores a new account; a handle that nobody asked for gives way to one that is free.
func (s *Service) create(ctx context.Context, c *Credentials, anyHandle bool, session *SessionState) error {
	signedUp := s.event(ctx, SignedUp, c.ID).to(c.Role)
	if session != nil {
		signedUp = signedUp.of(session.ID)
		signedUp = signedUp.told(s.mail(MailVerifyEmail, &c.Account, signedUp))
	}
	if !anyHandle {
		return s.store.CreateAccount(ctx, c, session, signedUp)
	}
	var err error
	for handle := range text.Candidates(c.Handle, maxHandle) {
		c.Handle = handle
		// If the email is taken, too, the next attempt tells that alone.
		if err = s.store.CreateAccount(ctx, c, session, signedUp); !slices.ContainsFunc(fault.All(err), isHandleTaken) {
			return err
		}
	}
	return err
}

func isHandleTaken(f *fault.Error) bool {
	return f.Code == fault.Taken && slices.Contains(f.Path, "handle")
}
