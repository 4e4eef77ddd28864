package account

import (
	"context"
	"errors"
	"net/netip"
	"slices"

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
	_, key, _ := parseEmail(in.Email) // what is no email has none, and is nobody's
	attempts := s.failures(client, key)
	var found *Credentials
	err := s.attempt(ctx, attempts, func(h auth.Hasher) (err error) {
		found, err = s.prove(ctx, h, key, normalizePassword(in.Password))
		return err
	})
	if err != nil {
		return Login{}, err
	}
	session, token := openSession(found.ID, client, s.now())
	e, err := s.loggedIn(ctx, client, &found.Account, session)
	if err != nil {
		return Login{}, err
	}
	switch err := s.store.OpenSession(ctx, &session, found.PasswordHash, attempts, e); {
	case fault.CodeOf(err) == fault.NotFound: // disabled, deleted or another password, all in between
		return Login{}, wrongCredentials()
	case err != nil:
		return Login{}, err
	}
	return s.login(&found.Account, session, token)
}

// loggedIn is the event of a log-in, of which the account is told if nobody logged in to it from that network before. What a client
// calls itself tells nothing: whoever has the password can guess that, too.
func (s *Service) loggedIn(ctx context.Context, client auth.Client, account *Account, session SessionState) (Event, error) {
	e := s.event(ctx, LoggedIn, account.ID).of(session.ID)
	m := s.mail(MailNewLogin, account, e)
	if m == nil {
		return e, nil
	}
	addresses, err := s.store.Addresses(ctx, account.ID)
	if err != nil || knows(addresses, client) {
		return e, err
	}
	m.UserAgent, m.IPAddress = describe(client)
	return e.told(m), nil
}

// knows tells whether one of some addresses is of a client's network.
func knows(addresses []string, client auth.Client) bool {
	return slices.ContainsFunc(addresses, func(text string) bool {
		address, err := netip.ParseAddr(text)
		return err == nil && auth.Client{Address: address}.Network() == client.Network()
	})
}

// failures are the attempts at a password of the account that has an email, in whatever way. What is no email is counted for the
// address alone: it may be a password in the wrong place, which nothing must remember, not even by a hash.
func (s *Service) failures(client auth.Client, emailKey string) (attempts []throttle.Attempt) {
	if emailKey != "" {
		attempts = append(attempts, s.throttle.FailuresOfAccount.Of("password", emailKey))
	}
	if network := client.Network(); network != "" {
		attempts = append(attempts, s.throttle.FailuresOfAddress.Of("login", network))
	}
	return attempts
}

// attempt has somebody try a password. That is counted before as if it failed, and is to be forgiven if it does not: however many
// try at once, no more are answered than may fail. What is broken off stays counted, or guesses could be made without end by doing
// so; whose turn does not come, is not, nor does anybody wait for it who must not try.
func (s *Service) attempt(ctx context.Context, attempts []throttle.Attempt, try func(h auth.Hasher) error) error {
	if err := s.store.Throttled(ctx, s.now(), attempts...); err != nil {
		return err
	}
	return s.passwords.Do(ctx, func(h auth.Hasher) error {
		if err := s.store.Attempt(ctx, s.now(), attempts...); err != nil {
			return err
		}
		return try(h)
	})
}

// prove finds the enabled account that has an email, and returns its credentials if the password is theirs. Now that it is at hand, an outdated hash is replaced:
// OWASP's Password Storage Cheat Sheet, "Upgrading Legacy Hashes".
func (s *Service) prove(ctx context.Context, h auth.Hasher, emailKey, password string) (*Credentials, error) {
	for {
		found, err := s.enabled(ctx, emailKey)
		if err != nil {
			return nil, err
		}
		ok, err := h.Verify(password, found.PasswordHash)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, errors.Join(wrongCredentials(), s.store.Record(ctx, s.event(ctx, LoginFailed, found.ID)))
		case !auth.Outdated(found.PasswordHash):
			return found, nil
		}
		hash := h.Hash(password)
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

// enabled finds the credentials of an enabled account; those of nobody, if there is none.
func (s *Service) enabled(ctx context.Context, emailKey string) (*Credentials, error) {
	if emailKey == "" {
		return &Credentials{}, nil
	}
	found, err := s.store.CredentialsByEmail(ctx, emailKey)
	if fault.CodeOf(err) == fault.NotFound || err == nil && found.DisabledAt != nil {
		return &Credentials{}, nil
	}
	return found, err
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
