package account

import (
	"context"
	"errors"
	"slices"
	"strings"

	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/text"
)

// SignupInput is a new account.
type SignupInput struct {
	Email    string
	Password string
	Name     string
	Handle   *string // made from the name if nil
}

// Signup opens an account and logs it in. It answers Invalid and Taken faults, and NotAllowed while sign-up is closed.
func (s *Service) Signup(ctx context.Context, client auth.Client, in SignupInput) (Login, error) {
	if !s.open {
		return Login{}, fault.New(fault.NotAllowed, "Sign-up is closed.")
	}
	created, err := s.newAccount(ctx, in, s.role)
	if err != nil {
		return Login{}, err
	}
	session, token := openSession(created.ID, client, created.CreatedAt)
	if err := s.create(ctx, created, in.Handle == nil, &session); err != nil {
		return Login{}, err
	}
	return s.login(&created.Account, session, token)
}

// newAccount checks a new account and hashes its password. Whether its email is taken is not asked before: that would tell
// by the time it takes.
func (s *Service) newAccount(ctx context.Context, in SignupInput, role auth.Role) (*Credentials, error) {
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
	broken := errors.Join(
		fault.Place(err, "input", "email"),
		fault.Place(checkName(in.Name), "input", "name"),
		fault.Place(optionally(in.Handle, checkHandle), "input", "handle"),
	)
	words := account.words()
	if broken != nil {
		words = nil // what breaks its own rule may be as long as a request
	}
	password := normalizePassword(in.Password)
	broken = errors.Join(broken, fault.Place(checkPassword(password, words...), "input", "password"))
	if broken != nil {
		return nil, broken
	}
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return nil, err
	}
	return &Credentials{Account: account, EmailKey: key, PasswordHash: hash}, nil
}

// create stores a new account; a handle that nobody asked for gives way to one that is free.
func (s *Service) create(ctx context.Context, c *Credentials, anyHandle bool, session *SessionState) error {
	if !anyHandle {
		return s.store.CreateAccount(ctx, c, session)
	}
	var err error
	for handle := range text.Candidates(c.Handle, maxHandle) {
		c.Handle = handle
		err = s.store.CreateAccount(ctx, c, session)
		faults := fault.All(err)
		others := slices.DeleteFunc(slices.Clone(faults), isHandleTaken)
		switch {
		case len(others) == len(faults):
			return err
		case len(others) > 0: // the email is taken, too: another handle would not help
			return others[0]
		}
	}
	return err
}

func isHandleTaken(f *fault.Error) bool {
	return f.Code == fault.Taken && slices.Contains(f.Path, "handle")
}

// LoginInput are credentials.
type LoginInput struct {
	Email    string
	Password string
}

// Login opens a session. Every failure is the same InvalidCredentials, and costs the same: no such account, a disabled
// one, another password.
func (s *Service) Login(ctx context.Context, client auth.Client, in LoginInput) (Login, error) {
	found := &Credentials{}
	if _, key, err := parseEmail(in.Email); err == nil {
		found, err = s.store.CredentialsByEmail(ctx, key)
		switch {
		case fault.CodeOf(err) == fault.NotFound:
			found = &Credentials{}
		case err != nil:
			return Login{}, err
		case found.DisabledAt != nil:
			found = &Credentials{}
		}
	}
	ok, err := s.passwords.Verify(ctx, normalizePassword(in.Password), found.PasswordHash)
	switch {
	case err != nil:
		return Login{}, err
	case !ok:
		return Login{}, wrongCredentials()
	}
	session, token := openSession(found.ID, client, s.now())
	switch err := s.store.OpenSession(ctx, &session, found.PasswordHash); {
	case fault.CodeOf(err) == fault.NotFound: // disabled, deleted or another password, all in between
		return Login{}, wrongCredentials()
	case err != nil:
		return Login{}, err
	}
	return s.login(&found.Account, session, token)
}

func wrongCredentials() *fault.Error {
	return fault.New(fault.InvalidCredentials, "The email or the password is wrong.")
}

// login is the answer to whoever now has a session.
func (s *Service) login(account *Account, session SessionState, refresh refreshToken) (Login, error) {
	access, expiresAt, err := s.tokens.Sign(account.ID, session.ID)
	if err != nil {
		return Login{}, err
	}
	return Login{
		Account: account,
		Tokens: &AuthTokens{
			AccessToken:           access,
			AccessTokenExpiresAt:  expiresAt,
			RefreshToken:          refresh.String(),
			RefreshTokenExpiresAt: session.ExpiresAt,
		},
	}, nil
}

// ChangePasswordInput is the password until now, and the next.
type ChangePasswordInput struct {
	CurrentPassword string
	NewPassword     string
}

// ChangePassword changes the viewer's password, and ends their other sessions. It answers InvalidCredentials and Invalid.
func (s *Service) ChangePassword(ctx context.Context, viewer auth.Viewer, in ChangePasswordInput) (*Account, error) {
	account, err := s.store.Account(ctx, viewer.UserID)
	if err != nil {
		return nil, ended(err)
	}
	password := normalizePassword(in.NewPassword)
	if err := checkPassword(password, account.words()...); err != nil {
		return nil, fault.Place(err, "input", "newPassword")
	}
	proof, err := s.confirm(ctx, viewer, in.CurrentPassword, "currentPassword")
	if err != nil {
		return nil, err
	}
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return nil, err
	}
	return account, ended(s.store.SetPassword(ctx, viewer.UserID, hash, proof))
}

// confirm checks that the viewer knows their password; field is where in the input it stands.
func (s *Service) confirm(ctx context.Context, viewer auth.Viewer, password, field string) (*Proof, error) {
	credentials, err := s.store.Credentials(ctx, viewer.UserID)
	if err != nil {
		return nil, ended(err)
	}
	ok, err := s.passwords.Verify(ctx, normalizePassword(password), credentials.PasswordHash)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, fault.New(fault.InvalidCredentials, "The password is wrong.").At("input", field)
	}
	return &Proof{Session: viewer.SessionID, PasswordHash: credentials.PasswordHash}, nil
}

// words are what a password of this account must not be made of: its name, handle and email, and their parts.
func (a *Account) words() []string {
	local, domain, _ := strings.Cut(a.Email, "@")
	words := append([]string{a.Name, a.Handle, a.Email, local, domain}, strings.Fields(a.Name)...)
	return append(words, strings.FieldsFunc(a.Email+"-"+a.Handle, func(r rune) bool { return strings.ContainsRune("@.-_+", r) })...)
}
