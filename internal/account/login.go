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
	found, err := s.authenticate(ctx, in.Email, normalizePassword(in.Password))
	if err != nil {
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

// authenticate finds the account that somebody proves to be theirs. Now that the password is at hand, an outdated hash is
// replaced: OWASP's Password Storage Cheat Sheet, "Upgrading Legacy Hashes".
func (s *Service) authenticate(ctx context.Context, email, password string) (*Credentials, error) {
	for {
		found, err := s.enabled(ctx, email)
		if err != nil {
			return nil, err
		}
		ok, err := s.passwords.Verify(ctx, password, found.PasswordHash)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, wrongCredentials()
		case !auth.Outdated(found.PasswordHash):
			return found, nil
		}
		hash, err := s.passwords.Hash(ctx, password)
		if err != nil {
			return nil, err
		}
		// Whoever logs in at the same time may have replaced it before: then that hash is verified on the next round.
		switch err := s.store.Rehash(ctx, found.ID, found.PasswordHash, hash); {
		case err == nil:
			found.PasswordHash = hash
			return found, nil
		case fault.CodeOf(err) != fault.NotFound:
			return nil, err
		}
	}
}

// enabled finds the credentials of an enabled account; those of none, if there is none.
func (s *Service) enabled(ctx context.Context, email string) (*Credentials, error) {
	_, key, err := parseEmail(email)
	if err != nil {
		return &Credentials{}, nil //nolint:nilerr // what is no email is that of nobody
	}
	found, err := s.store.CredentialsByEmail(ctx, key)
	switch {
	case fault.CodeOf(err) == fault.NotFound:
		return &Credentials{}, nil
	case err != nil:
		return nil, err
	case found.DisabledAt != nil:
		return &Credentials{}, nil
	}
	return found, nil
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
