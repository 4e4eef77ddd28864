package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"time"

	"postern/internal/fault"
	"postern/internal/id"
)

// RefreshTokenInput is a refresh token to exchange.
type RefreshTokenInput struct {
	RefreshToken string
}

// RefreshToken exchanges a refresh token for the next, with an access token. The one that was used last still answers its
// successor for a moment; used later, or any older one, it ends the session: somebody else may have it (RFC 9700, section
// 4.14.2). Every failure is the same InvalidToken.
func (s *Service) RefreshToken(ctx context.Context, in RefreshTokenInput) (Login, error) {
	token, ok := parseRefreshToken(in.RefreshToken)
	if !ok {
		return Login{}, badToken()
	}
	for {
		state, err := s.store.SessionState(ctx, hash(token.family))
		if err != nil {
			return Login{}, orBadToken(err)
		}
		now := s.now()
		if !now.Before(state.ExpiresAt) {
			return Login{}, badToken()
		}
		if !token.is(state.Current) {
			return s.repeat(ctx, *state, token)
		}
		rotated, next := state.rotate(token, now)
		// Whoever loses the race for the token finds it used on the next round.
		switch won, err := s.store.Rotate(ctx, &rotated, state.Current); {
		case err != nil:
			return Login{}, err
		case won:
			return s.refreshed(ctx, rotated, next)
		}
	}
}

// repeat answers a refresh token that is not the current one.
func (s *Service) repeat(ctx context.Context, state SessionState, token refreshToken) (Login, error) {
	next, ok := state.repeat(token, s.now())
	if !ok {
		return Login{}, s.reused(ctx, state)
	}
	return s.refreshed(ctx, state, next)
}

// reused ends a session one of whose tokens came back, and returns what whoever used it is told. Of several who use it at once
// one ends the session, and so it is recorded once.
func (s *Service) reused(ctx context.Context, state SessionState) error {
	account, err := s.store.Account(ctx, state.UserID)
	if err != nil {
		return orBadToken(err)
	}
	reused := s.event(ctx, RefreshTokenReused, state.UserID).of(state.ID)
	reused = reused.told(s.mail(MailRefreshTokenReused, account, reused))
	if err := s.changed(ctx, state.UserID, s.store.RevokeSession(ctx, state.UserID, state.ID, reused)); err != nil {
		return orBadToken(err)
	}
	return badToken()
}

func (s *Service) refreshed(ctx context.Context, state SessionState, next refreshToken) (Login, error) {
	account, err := s.store.Account(ctx, state.UserID)
	if err != nil {
		return Login{}, orBadToken(err)
	}
	return s.login(account, state, next)
}

func badToken() error {
	return fault.New(fault.InvalidToken, "The refresh token is of no use any more: log in again.").At("input", "refreshToken")
}

func orBadToken(err error) error {
	if fault.CodeOf(err) == fault.NotFound {
		return badToken()
	}
	return err
}

// refreshGrace is how long a refresh token that was just used still answers what it answered: a client that asked twice
// at once, or that lost the answer, is not logged out.
const refreshGrace = 10 * time.Second

// Rotation is what is stored of a session's refresh tokens: hashes (SHA-256), and nothing that makes a token.
type Rotation struct {
	Current   []byte // of the token that is to be used next
	Previous  []byte // of the token that was used last; nil before the first use
	Nonce     []byte // what Current's token was derived with
	RotatedAt time.Time
}

// SessionState is a session with what it is refreshed by.
type SessionState struct {
	Session
	UserID id.User
	Family []byte // hash (SHA-256) of what all refresh tokens of the session have in common
	Rotation
}

// rotate returns the session as it is once the token has been used, and the token that follows.
func (s SessionState) rotate(used refreshToken, now time.Time) (SessionState, refreshToken) {
	nonce := random()
	next := used.next(nonce)
	s.Rotation = Rotation{Current: hash(next.secret), Previous: s.Current, Nonce: nonce, RotatedAt: now}
	s.LastUsedAt = now
	s.ExpiresAt = earlier(now.Add(sessionIdle), s.CreatedAt.Add(sessionLife))
	return s, next
}

// repeat returns the token that followed the given one, if that was used just now.
func (s SessionState) repeat(used refreshToken, now time.Time) (next refreshToken, ok bool) {
	if !used.is(s.Previous) || now.Sub(s.RotatedAt) > refreshGrace {
		return refreshToken{}, false
	}
	return used.next(s.Nonce), true
}

// refreshToken is an opaque token of 512 bits for one use. The family is the same for all tokens of a session: it tells one
// that was used before from one that was made up. The secret is new each time.
type refreshToken struct {
	family, secret []byte
}

const secretLength = 32 // bytes

func newRefreshToken() refreshToken { return refreshToken{family: random(), secret: random()} }

func parseRefreshToken(text string) (token refreshToken, ok bool) {
	if len(text) != base64.RawURLEncoding.EncodedLen(2*secretLength) { // line ends, which decoders skip, make it longer
		return refreshToken{}, false
	}
	both, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(both) != 2*secretLength {
		return refreshToken{}, false
	}
	return refreshToken{family: both[:secretLength], secret: both[secretLength:]}, true
}

func (t refreshToken) String() string {
	return base64.RawURLEncoding.EncodeToString(append(append([]byte{}, t.family...), t.secret...))
}

// next derives the token that follows. Who has the token and the nonce can do it again: the client has the one, the store
// the other.
func (t refreshToken) next(nonce []byte) refreshToken {
	mac := hmac.New(sha256.New, t.secret)
	mac.Write(nonce)
	return refreshToken{family: t.family, secret: mac.Sum(nil)}
}

// is tells whether it is the token whose hash was stored.
func (t refreshToken) is(stored []byte) bool {
	return subtle.ConstantTimeCompare(hash(t.secret), stored) == 1
}

// hash needs no salt and no cost: what is hashed is random.
func hash(secret []byte) []byte {
	sum := sha256.Sum256(secret)
	return sum[:]
}

func random() []byte {
	b := make([]byte, secretLength)
	_, _ = rand.Read(b) // crypto/rand never fails
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
