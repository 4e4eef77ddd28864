package account

import (
	"context"

	"postern/internal/auth"
	"postern/internal/fault"
)

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
