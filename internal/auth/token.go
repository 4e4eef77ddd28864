package auth

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
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
	secrets jwt.VerificationKeySet // of HS256, each []byte
	parser  *jwt.Parser
	ring    atomic.Pointer[ring]
}

// ring is the keys, and what they have verified.
type ring struct {
	keys KeySet
	seen *seen
}

// NewTokens returns a Tokens. Each secret must have MinSecretLength bytes at least.
func NewTokens(o TokenOptions) (*Tokens, error) {
	t := &Tokens{options: o, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{
			jwt.SigningMethodHS256.Alg(), jwt.SigningMethodEdDSA.Alg(), jwt.SigningMethodES256.Alg(), jwt.SigningMethodRS256.Alg(),
		}),
		jwt.WithIssuer(o.Issuer),
		jwt.WithAudience(o.Audience),
		jwt.WithExpirationRequired(),
		jwt.WithNotBeforeRequired(),
		jwt.WithIssuedAt(),
		jwt.WithLeeway(leeway),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(o.Now),
	)}
	for _, secret := range [][]byte{o.Secret, o.Previous} {
		switch {
		case len(secret) == 0:
		case len(secret) < MinSecretLength:
			return nil, fmt.Errorf("the secret has %d bytes, and needs %d at least", len(secret), MinSecretLength)
		default:
			t.secrets.Keys = append(t.secrets.Keys, secret)
		}
	}
	return t, t.SetKeys(o.Keys)
}

// errNoSigner says that there is nothing to sign with.
var errNoSigner = errors.New("there is no key that signs, and no secret")

// SetKeys replaces the keys, from the next token on. What they verified is verified anew.
func (t *Tokens) SetKeys(keys KeySet) error {
	alone := len(t.options.Secret) == 0
	if _, found := keys.signer(t.options.Now(), alone); alone && !found {
		return errNoSigner
	}
	t.ring.Store(&ring{keys: keys, seen: newSeen()})
	return nil
}

// PublicKeys is a JWK Set (RFC 7517, section 5) of the keys that others verify tokens with.
func (t *Tokens) PublicKeys() ([]byte, error) {
	return encodeKeys(t.ring.Load().keys.public(t.options.Now()), Key.publicJWK)
}

// payload is a token's claims as they are written (RFC 9068, section 2.2; sid: OpenID Connect Front-Channel Logout). Times are
// whole seconds, as ours are, zero being none: jwt.NumericDate takes texts for numbers, too, and 1e300 for a time long ago.
type payload struct {
	Issuer    string           `json:"iss"`
	Audience  jwt.ClaimStrings `json:"aud"`
	ClientID  string           `json:"client_id"`
	Subject   string           `json:"sub"`
	SessionID string           `json:"sid"`
	TokenID   string           `json:"jti"`
	IssuedAt  int64            `json:"iat"`
	NotBefore int64            `json:"nbf"`
	ExpiresAt int64            `json:"exp"`
}

// payload implements jwt.Claims.

func (p *payload) GetIssuer() (string, error)                   { return p.Issuer, nil }
func (p *payload) GetSubject() (string, error)                  { return p.Subject, nil }
func (p *payload) GetAudience() (jwt.ClaimStrings, error)       { return p.Audience, nil }
func (p *payload) GetIssuedAt() (*jwt.NumericDate, error)       { return date(p.IssuedAt), nil }
func (p *payload) GetNotBefore() (*jwt.NumericDate, error)      { return date(p.NotBefore), nil }
func (p *payload) GetExpirationTime() (*jwt.NumericDate, error) { return date(p.ExpiresAt), nil }

func date(seconds int64) *jwt.NumericDate {
	if seconds <= 0 {
		return nil
	}
	return &jwt.NumericDate{Time: time.Unix(seconds, 0)}
}

// Sign makes an access token for a session of an account.
func (t *Tokens) Sign(user id.User, session id.Session) (token string, expiresAt time.Time, err error) {
	now := t.options.Now().Truncate(time.Second)
	expiresAt = now.Add(AccessTokenLife)
	token, err = t.sign(now, &payload{
		Issuer: t.options.Issuer, Audience: jwt.ClaimStrings{t.options.Audience}, ClientID: t.options.ClientID,
		Subject: user.String(), SessionID: session.String(), TokenID: uuid.NewString(),
		IssuedAt: now.Unix(), NotBefore: now.Unix(), ExpiresAt: expiresAt.Unix(),
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign access token: %w", err)
	}
	return token, expiresAt, nil
}

func (t *Tokens) sign(now time.Time, claims jwt.Claims) (string, error) {
	secret := t.options.Secret
	key, found := t.ring.Load().keys.signer(now, len(secret) == 0)
	var unsigned *jwt.Token
	var with any
	switch {
	case found:
		unsigned, with = jwt.NewWithClaims(jwt.GetSigningMethod(key.Algorithm), claims), key.private
		unsigned.Header["kid"] = key.ID
	case len(secret) > 0:
		unsigned, with = jwt.NewWithClaims(jwt.SigningMethodHS256, claims), secret
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
		var ok bool
		if v, ok = t.read(ring.keys, token); !ok {
			return Claims{}, TokenInvalid
		}
	}
	if err := v.at(t.options.Now()); err != nil {
		return Claims{}, err
	}
	if !known {
		ring.seen.put(hash, v)
	}
	return v.Claims, nil
}

// read has golang-jwt verify a token, and checks what that lets through. It tells whether it is ours, at whatever time.
func (t *Tokens) read(keys KeySet, token string) (v verified, ok bool) {
	if strings.IndexByte(token, '\r') >= 0 || strings.IndexByte(token, '\n') >= 0 { // decoders of base64 skip line ends
		return verified{}, false
	}
	var p payload
	parsed, err := t.parser.ParseWithClaims(token, &p, func(token *jwt.Token) (with any, err error) {
		with, v.keyUntil, err = t.keyOf(keys, token)
		return with, err
	})
	ok = (err == nil || onlyExpired(err)) && p.ours(&v) && unambiguousParts(parsed)
	return v, ok
}

// errForeign says that no key of ours can have signed a token.
var errForeign = errors.New("no key of ours")

// keyOf is what verifies a token that says what it is in its header, and until when that is so. By which algorithm, the key says:
// the header has to say the same (RFC 8725, section 3.1).
func (t *Tokens) keyOf(keys KeySet, token *jwt.Token) (with any, until time.Time, err error) {
	typ, algorithm := token.Header["typ"], jwt.SigningMethodHS256.Alg()
	with = t.secrets
	if kid, named := token.Header["kid"]; named {
		name, _ := kid.(string)
		key, found := keys.find(name)
		if !found {
			return nil, time.Time{}, errForeign
		}
		with, until, algorithm = key.private.Public(), key.VerifiesUntil, key.Algorithm
	}
	_, critical := token.Header["crit"] // we understand no extension (RFC 7515, section 4.1.11)
	if critical || typ != tokenType && typ != "application/"+tokenType || token.Method.Alg() != algorithm {
		return nil, time.Time{}, errForeign
	}
	return with, until, nil
}

// onlyExpired tells whether there is nothing wrong with a token but its age; golang-jwt names all that is wrong at once.
func onlyExpired(err error) bool {
	for _, other := range []error{
		jwt.ErrTokenInvalidIssuer, jwt.ErrTokenInvalidAudience, jwt.ErrTokenNotValidYet, jwt.ErrTokenUsedBeforeIssued,
		jwt.ErrTokenRequiredClaimMissing,
	} {
		if errors.Is(err, other) {
			return false
		}
	}
	return errors.Is(err, jwt.ErrTokenExpired)
}

// ours reads claims, and tells whether they are all that a token of ours has.
func (p *payload) ours(v *verified) bool {
	v.Claims = Claims{
		UserID:    id.ParseAny(p.Subject).User(),
		SessionID: id.ParseAny(p.SessionID).Session(),
		TokenID:   p.TokenID,
		IssuedAt:  time.Unix(p.IssuedAt, 0),
		ExpiresAt: time.Unix(p.ExpiresAt, 0),
	}
	v.from = time.Unix(max(p.IssuedAt, p.NotBefore), 0).Add(-leeway)
	v.until = v.ExpiresAt.Add(leeway)
	const life = int64(AccessTokenLife / time.Second)
	return p.ClientID != "" && v.UserID != id.User{} && v.SessionID != id.Session{} && v.TokenID != "" &&
		p.IssuedAt > 0 && p.ExpiresAt >= p.IssuedAt && p.ExpiresAt-p.IssuedAt <= life
}

// unambiguousParts tells whether everybody reads the same in a token's header and claims.
func unambiguousParts(token *jwt.Token) bool {
	for part := range strings.SplitSeq(token.Raw[:strings.LastIndexByte(token.Raw, '.')], ".") {
		text, _ := base64.RawURLEncoding.DecodeString(part) // it was before
		if !unambiguous(text) {
			return false
		}
	}
	return true
}

// unambiguous tells whether everybody reads the same in JSON that is well formed: it is an object; each of its names is there
// once (RFC 7519, section 4), and plain in lower case, for Go takes "SUB" for "sub", and so it does "s\u0075b"; and nothing is
// null, which is as good as not there to some.
func unambiguous(text []byte) bool {
	const most = 32 // members; ours have nine
	text = unspaced(text)
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
			value, isName := bytes.CutPrefix(unspaced(text[i+1:]), []byte(":"))
			if depth > 1 || !isName {
				continue
			}
			name := text[start:i]
			if len(names) == most || !plain(name) || bytes.HasPrefix(unspaced(value), []byte("null")) ||
				slices.ContainsFunc(names, func(other []byte) bool { return bytes.Equal(name, other) }) {
				return false
			}
			names = append(names, name)
		}
	}
	return true
}

// unspaced is JSON from where it goes on after white space (RFC 8259, section 2).
func unspaced(text []byte) []byte {
	for i, c := range text {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return text[i:]
		}
	}
	return nil
}

// plain tells whether a name is in ASCII, without capitals and escapes.
func plain(name []byte) bool {
	for _, c := range name {
		if c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' || c == '\\' {
			return false
		}
	}
	return true
}
