package auth

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"postern/internal/id"
)

// Claims are what an access token says, decoded.
type Claims struct {
	UserID    id.User    // sub
	SessionID id.Session // sid
	TokenID   string     // jti
	IssuedAt  time.Time  // iat
	ExpiresAt time.Time  // exp
}

const (
	// AccessTokenLife is how long an access token works.
	AccessTokenLife = 10 * time.Minute

	// leeway is how far clocks may be apart.
	leeway = 5 * time.Second

	// tokenType is the media type of a JWT access token (RFC 9068, section 2.1).
	tokenType = "at+jwt"

	// maxTokenLength bounds what is decoded before any signature has been checked, in bytes.
	maxTokenLength = 4096

	// MinSecretLength is how long a secret for HS256 must be, in bytes (RFC 7518, section 3.2).
	MinSecretLength = 32
)

// TokenOptions are what a Tokens is made from.
type TokenOptions struct {
	// Secret signs with HS256 while no key of Keys is due to; Previous only verifies. Without Keys there must be a Secret.
	Secret, Previous []byte
	Keys             KeySet
	Issuer           string // the server, as `iss`
	Audience         string // the API, as `aud`
	ClientID         string // the front end, as `client_id`
	Now              func() time.Time
}

// Tokens signs and verifies access tokens: JWTs as RFC 9068 has them, with the session in `sid`. It is safe for concurrent use.
type Tokens struct {
	options TokenOptions
	secrets []any // of HS256, each []byte
	ring    atomic.Pointer[ring]
}

// ring is the keys, and what they have verified.
type ring struct {
	keys KeySet
	seen *seen
}

// NewTokens returns a Tokens. Each secret must have MinSecretLength bytes at least.
func NewTokens(o TokenOptions) (*Tokens, error) {
	t := &Tokens{options: o}
	for _, secret := range [][]byte{o.Secret, o.Previous} {
		switch {
		case len(secret) == 0:
		case len(secret) < MinSecretLength:
			return nil, fmt.Errorf("the secret has %d bytes, and needs %d at least", len(secret), MinSecretLength)
		default:
			t.secrets = append(t.secrets, secret)
		}
	}
	return t, t.SetKeys(o.Keys)
}

// errNoSigner says that there is nothing to sign with.
var errNoSigner = errors.New("there is no key that signs, and no secret")

// SetKeys replaces the keys, from the next token on. What they verified is verified anew.
func (t *Tokens) SetKeys(keys KeySet) error {
	if len(t.options.Secret) == 0 {
		if _, found := keys.signer(t.options.Now()); !found {
			return errNoSigner
		}
	}
	t.ring.Store(&ring{keys: keys, seen: newSeen()})
	return nil
}

// PublicKeys is a JWK Set (RFC 7517, section 5) of the keys that others verify tokens with.
func (t *Tokens) PublicKeys() ([]byte, error) {
	return encodeKeys(t.ring.Load().keys.public(t.options.Now()), Key.publicJWK)
}

// header is what a token says of itself (RFC 7515, section 4.1).
type header struct {
	Algorithm string          `json:"alg"`
	Type      string          `json:"typ"`
	KeyID     *string         `json:"kid"`
	Critical  json.RawMessage `json:"crit"`
}

// payload is a token's claims (RFC 9068, section 2.2; sid: OpenID Connect Front-Channel Logout). Times are whole seconds, as we
// write them, zero being none: golang-jwt takes texts for numbers, too, and 1e300 for a time long ago.
type payload struct {
	Issuer    string   `json:"iss"`
	Audience  audience `json:"aud"`
	ClientID  string   `json:"client_id"`
	Subject   string   `json:"sub"`
	SessionID string   `json:"sid"`
	TokenID   string   `json:"jti"`
	IssuedAt  int64    `json:"iat"`
	NotBefore int64    `json:"nbf"`
	ExpiresAt int64    `json:"exp"`
}

// audience is one name, or several (RFC 7519, section 4.1.3).
type audience []string

// UnmarshalJSON reads either.
func (a *audience) UnmarshalJSON(text []byte) error {
	if text[0] != '"' {
		return json.Unmarshal(text, (*[]string)(a))
	}
	*a = make(audience, 1)
	return json.Unmarshal(text, &(*a)[0])
}

// Sign makes an access token for a session of an account.
func (t *Tokens) Sign(user id.User, session id.Session) (token string, expiresAt time.Time, err error) {
	now := t.options.Now().Truncate(time.Second)
	expiresAt = now.Add(AccessTokenLife)
	token, err = t.sign(now, jwt.MapClaims{
		"iss": t.options.Issuer, "aud": []string{t.options.Audience}, "client_id": t.options.ClientID,
		"sub": user.String(), "sid": session.String(), "jti": uuid.NewString(),
		"iat": now.Unix(), "nbf": now.Unix(), "exp": expiresAt.Unix(),
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign access token: %w", err)
	}
	return token, expiresAt, nil
}

func (t *Tokens) sign(now time.Time, claims jwt.Claims) (string, error) {
	key, found := t.ring.Load().keys.signer(now)
	var unsigned *jwt.Token
	var with any
	switch secret := t.options.Secret; {
	case len(secret) > 0 && !key.due(now):
		unsigned, with = jwt.NewWithClaims(jwt.SigningMethodHS256, claims), secret
	case found:
		unsigned, with = jwt.NewWithClaims(jwt.GetSigningMethod(key.Algorithm), claims), key.private
		unsigned.Header["kid"] = key.ID
	default:
		return "", errNoSigner
	}
	unsigned.Header["typ"] = tokenType
	return unsigned.SignedString(with)
}

// Verify decodes an access token. The error is a Reason that says what is wrong with it: TokenExpired for one that was
// good once, TokenInvalid for all else.
//
// A token is not its text: of ES256 anybody can make another good signature of a good one, with the same claims. What is to be
// refused is known by its jti or its sid.
func (t *Tokens) Verify(token string) (Claims, error) {
	if len(token) > maxTokenLength {
		return Claims{}, TokenInvalid
	}
	ring, hash := t.ring.Load(), sha256.Sum256([]byte(token))
	v, known := ring.seen.get(hash)
	if !known {
		p, keyUntil, ok := t.signed(ring.keys, token)
		if ok {
			v, ok = t.check(p)
			v.keyUntil = keyUntil
		}
		if !ok {
			return Claims{}, TokenInvalid
		}
	}
	switch now := t.options.Now(); {
	case now.Before(v.from), past(v.keyUntil, now):
		return Claims{}, TokenInvalid
	case !now.Before(v.until):
		return Claims{}, TokenExpired
	}
	if !known {
		ring.seen.put(hash, v)
	}
	return v.Claims, nil
}

// check reads claims, and tells whether they are ours, at whatever time.
func (t *Tokens) check(p payload) (v verified, ok bool) {
	v = verified{
		Claims: Claims{
			UserID:    id.ParseAny(p.Subject).User(),
			SessionID: id.ParseAny(p.SessionID).Session(),
			TokenID:   p.TokenID,
			IssuedAt:  time.Unix(p.IssuedAt, 0),
			ExpiresAt: time.Unix(p.ExpiresAt, 0),
		},
		from:  time.Unix(max(p.IssuedAt, p.NotBefore), 0).Add(-leeway),
		until: time.Unix(p.ExpiresAt, 0).Add(leeway),
	}
	const life = int64(AccessTokenLife / time.Second)
	return v, p.Issuer == t.options.Issuer && slices.Contains(p.Audience, t.options.Audience) && p.ClientID != "" &&
		v.UserID != id.User{} && v.SessionID != id.Session{} && v.TokenID != "" &&
		p.IssuedAt > 0 && p.NotBefore > 0 && p.ExpiresAt >= p.IssuedAt && p.ExpiresAt-p.IssuedAt <= life
}

// signed reads a token that a key of ours has signed (RFC 7515, section 5.2), whatever it claims, and tells until when that key
// verifies, which may be past. By which algorithm, the key says: the header has to say the same.
func (t *Tokens) signed(keys KeySet, token string) (p payload, keyUntil time.Time, ok bool) {
	parts := strings.SplitN(token, ".", 4)
	if len(parts) != 3 || strings.ContainsAny(token, "\r\n") { // decoders of base64 skip line ends
		return payload{}, time.Time{}, false
	}
	var h header
	if !decode(parts[0], &h) || len(h.Critical) > 0 || // we understand no extension (RFC 7515, section 4.1.11)
		h.Type != tokenType && h.Type != "application/"+tokenType {
		return payload{}, time.Time{}, false
	}
	var method jwt.SigningMethod = jwt.SigningMethodHS256
	with := t.secrets
	if h.KeyID != nil {
		key, found := keys.find(*h.KeyID)
		if !found {
			return payload{}, time.Time{}, false
		}
		keyUntil = key.VerifiesUntil
		method, with = jwt.GetSigningMethod(key.Algorithm), []any{key.private.Public()}
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil || h.Algorithm != method.Alg() {
		return payload{}, time.Time{}, false
	}
	text := token[:len(token)-len(parts[2])-1]
	if !slices.ContainsFunc(with, func(key any) bool { return method.Verify(text, signature, key) == nil }) {
		return payload{}, time.Time{}, false
	}
	ok = decode(parts[1], &p)
	return p, keyUntil, ok
}

// decode reads a part of a token into a struct.
func decode(part string, into any) bool {
	text, err := base64.RawURLEncoding.Strict().DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil && unambiguous(text)
}

// unambiguous tells whether everybody reads the same in JSON that is well formed: it is an object; each of its names is there
// once (RFC 7519, section 4), and plain in lower case, for Go takes "SUB" for "sub", and so it does "s\u0075b"; and nothing is
// null, which is as good as not there to some.
func unambiguous(text []byte) bool {
	const most = 32 // members; ours have nine
	const space = " \t\r\n"
	text = bytes.TrimLeft(text, space)
	if text[0] != '{' {
		return false
	}
	names := make([][]byte, 0, most)
	for i, depth := 0, 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '"':
			start := i + 1
			for i = start; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			value, isName := bytes.CutPrefix(bytes.TrimLeft(text[i+1:], space), []byte(":"))
			if depth > 1 || !isName {
				continue
			}
			name := text[start:i]
			if len(names) == most || !plain(name) || bytes.HasPrefix(bytes.TrimLeft(value, space), []byte("null")) ||
				slices.ContainsFunc(names, func(other []byte) bool { return bytes.Equal(name, other) }) {
				return false
			}
			names = append(names, name)
		}
	}
	return true
}

// plain tells whether a name is in ASCII, without capitals and escapes.
func plain(name []byte) bool {
	return !bytes.ContainsFunc(name, func(r rune) bool { return r >= utf8.RuneSelf || r >= 'A' && r <= 'Z' || r == '\\' })
}
