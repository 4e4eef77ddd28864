package account

import (
	"context"
	"errors"

	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/throttle"
)

// LoginInput are credentials.
type LoginInput struct {
	Email    string
	Password string
}

// Login opens a session. Every failure is the same InvalidCredentials, and costs the same: no such account, a disabled
// one, another password. Whoever fails too often, or fails too often to get into one account, gets a RateLimited fault, whether
// there is such an account or not.
func (s *Service) Login(ctx context.Context, client auth.Client, in LoginInput) (Login, error) {
	_, key, err := parseEmail(in.Email)
	known := err == nil
	attempts := s.failures(client, key)
	if err := s.store.Attempt(ctx, s.now(), attempts...); err != nil {
		return Login{}, err
	}
	found := &Credentials{}
	if known {
		if found, err = s.enabled(ctx, key); err != nil {
			return Login{}, err
		}
	}
	ok, err := s.passwords.Verify(ctx, normalizePassword(in.Password), found.PasswordHash)
	switch {
	case fault.CodeOf(err) == fault.Overloaded: // nothing was tried
		return Login{}, errors.Join(err, s.store.Forgive(ctx, attempts...))
	case err != nil:
		return Login{}, err
	case !ok:
		return Login{}, wrongCredentials()
	}
	if err := s.store.Forgive(ctx, attempts...); err != nil {
		return Login{}, err
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

// failures are the attempts at a password, which are counted as failures until they succeed: however many are made at once,
// no more are answered than may fail.
func (s *Service) failures(client auth.Client, emailKey string) []throttle.Attempt {
	attempts := []throttle.Attempt{s.throttle.FailuresOfAccount.Of("password", emailKey)}
	if network := client.Network(); network != "" {
		attempts = append(attempts, s.throttle.FailuresOfAddress.Of("login", network))
	}
	return attempts
}

// enabled are the credentials of an account that can be logged in to; empty if there is none.
func (s *Service) enabled(ctx context.Context, emailKey string) (*Credentials, error) {
	found, err := s.store.CredentialsByEmail(ctx, emailKey)
	switch {
	case fault.CodeOf(err) == fault.NotFound, err == nil && found.DisabledAt != nil:
		return &Credentials{}, nil
	default:
		return found, err
	}
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
