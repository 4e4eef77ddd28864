package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"time"

	"postern/internal/auth"
	"postern/internal/id"
)

// Session is one log-in on one device, until it expires, is logged out or is revoked.
type Session struct {
	ID         id.Session
	UserAgent  *string
	IPAddress  *string
	CreatedAt  time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time
	IsCurrent  bool // whether it is the one that asks; nothing that is stored
}

// IsNode marks what the schema's node field can answer.
func (Session) IsNode() {}

// AuthTokens are what a client proves by who it is.
type AuthTokens struct {
	AccessToken           string
	AccessTokenExpiresAt  time.Time
	RefreshToken          string
	RefreshTokenExpiresAt time.Time
}

// Login is what comes of signing up, logging in and refreshing.
type Login struct {
	Account *Account
	Tokens  *AuthTokens
}

// How long a session lives: without being used, and at most.
const (
	sessionIdle = 14 * 24 * time.Hour
	sessionLife = 30 * 24 * time.Hour
)

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

func openSession(user id.User, client auth.Client, now time.Time) (SessionState, refreshToken) {
	token := newRefreshToken()
	session := Session{
		ID:         id.NewSession(now),
		CreatedAt:  now,
		LastUsedAt: now,
		ExpiresAt:  now.Add(sessionIdle),
	}
	if client.UserAgent != "" {
		session.UserAgent = &client.UserAgent
	}
	if client.Address.IsValid() {
		session.IPAddress = new(client.Address.String())
	}
	return SessionState{
		Session:  session,
		UserID:   user,
		Family:   hash(token.family),
		Rotation: Rotation{Current: hash(token.secret), RotatedAt: now},
	}, token
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
