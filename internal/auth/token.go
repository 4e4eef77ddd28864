package auth

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

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

	// usualTokenLength is what tokens have but for those of the longest keys, in bytes.
	usualTokenLength = 1024

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
	options   TokenOptions
	secrets   []any       // of HS256, each []byte
	parser    *jwt.Parser // of segments alone
	validator *jwt.Validator
	ring      atomic.Pointer[ring]
}

// ring is the keys, and what they have verified.
type ring struct {
	keys KeySet
	seen *seen
}

// NewTokens returns a Tokens. Each secret must have MinSecretLength bytes at least.
func NewTokens(o TokenOptions) (*Tokens, error) {
	t := &Tokens{
		options: o,
		parser:  jwt.NewParser(jwt.WithStrictDecoding()),
		validator: jwt.NewValidator(
			jwt.WithIssuer(o.Issuer),
			jwt.WithAudience(o.Audience),
			jwt.WithExpirationRequired(),
			jwt.WithNotBeforeRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(leeway),
			jwt.WithTimeFunc(o.Now),
		),
	}
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
	ring, hash := t.ring.Load(), sha256.Sum256(append(make([]byte, 0, usualTokenLength), token...)) // on the stack, if it is no longer
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

// read verifies a token by the key that its header names, and looks at what it claims only then. It tells whether it is ours, at
// whatever time.
//
// golang-jwt decodes, verifies and validates, but does not parse: its parser reads JSON by reflection, and the claims before
// anything is verified; all would have to be read once more for what it lets through.
func (t *Tokens) read(keys KeySet, token string) (v verified, ok bool) {
	if strings.IndexByte(token, '\r') >= 0 || strings.IndexByte(token, '\n') >= 0 { // decoders of base64 skip line ends
		return verified{}, false
	}
	last := max(strings.LastIndexByte(token, '.'), 0)
	signed := token[:last]
	head, body, _ := strings.Cut(signed, ".")
	var h header
	var p payload
	if !t.decode(head, &h) {
		return verified{}, false
	}
	by, found := t.verifierOf(keys, h)
	signature, err := t.parser.DecodeSegment(strings.TrimPrefix(token[last:], "."))
	if !found || err != nil || !by.verify(signed, signature) || !t.decode(body, &p) {
		return verified{}, false
	}
	v.keyUntil = by.until
	err = t.validator.Validate(&p)
	ok = (err == nil || onlyExpired(err)) && p.ours(&v)
	return v, ok
}

// decode reads JSON that is encoded in base64url.
func (t *Tokens) decode(segment string, into json.Unmarshaler) bool {
	text, err := t.parser.DecodeSegment(segment)
	return err == nil && json.Valid(text) && into.UnmarshalJSON(text) == nil
}

// verifier is what verifies the tokens that name it.
type verifier struct {
	method jwt.SigningMethod
	keys   []any // one of them
	until  time.Time
}

func (by verifier) verify(signed string, signature []byte) bool {
	return slices.ContainsFunc(by.keys, func(key any) bool { return by.method.Verify(signed, signature, key) == nil })
}

// verifierOf is what verifies a token that says what it is in its header. By which algorithm, the key says: the header has to say
// the same (RFC 8725, section 3.1).
func (t *Tokens) verifierOf(keys KeySet, h header) (by verifier, found bool) {
	by = verifier{method: jwt.SigningMethodHS256, keys: t.secrets}
	if h.named {
		key, found := keys.find(h.keyID)
		if !found {
			return verifier{}, false
		}
		by = verifier{method: jwt.GetSigningMethod(key.Algorithm), keys: []any{key.private.Public()}, until: key.VerifiesUntil}
	}
	return by, h.algorithm == by.method.Alg() && (h.kind == tokenType || h.kind == "application/"+tokenType)
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
