package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
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

	// MinSecretLength is how long a secret for HS256 must be, in bytes (RFC 7518, section 3.2).
	MinSecretLength = 32
)

// TokenOptions are what a Tokens is made from.
type TokenOptions struct {
	Secret   []byte // for HS256
	Issuer   string // the server, as `iss`
	Audience string // the API, as `aud`
	ClientID string // the front end, as `client_id`
	Now      func() time.Time
}

// Tokens signs and verifies access tokens: JWTs as RFC 9068 has them, with the session in `sid`.
type Tokens struct {
	options TokenOptions
	parser  *jwt.Parser
}

// NewTokens returns a Tokens. The secret must have MinSecretLength bytes at least.
func NewTokens(o TokenOptions) (*Tokens, error) {
	if len(o.Secret) < MinSecretLength {
		return nil, fmt.Errorf("the secret has %d bytes, and needs %d at least", len(o.Secret), MinSecretLength)
	}
	return &Tokens{
		options: o,
		parser: jwt.NewParser(
			jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
			jwt.WithIssuer(o.Issuer),
			jwt.WithAudience(o.Audience),
			jwt.WithExpirationRequired(),
			jwt.WithNotBeforeRequired(),
			jwt.WithIssuedAt(),
			jwt.WithLeeway(leeway),
			jwt.WithStrictDecoding(),
			jwt.WithTimeFunc(o.Now),
		),
	}, nil
}

// payload is a token's claims as they are written (RFC 9068, section 2.2; sid: OpenID Connect Front-Channel Logout).
type payload struct {
	jwt.RegisteredClaims
	ClientID  string `json:"client_id"`
	SessionID string `json:"sid"`
}

// Sign makes an access token for a session of an account.
func (t *Tokens) Sign(user id.User, session id.Session) (token string, expiresAt time.Time, err error) {
	now := t.options.Now().Truncate(time.Second)
	expiresAt = now.Add(AccessTokenLife)
	unsigned := jwt.NewWithClaims(jwt.SigningMethodHS256, payload{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    t.options.Issuer,
			Audience:  jwt.ClaimStrings{t.options.Audience},
			Subject:   user.String(),
			IssuedAt:  jwt.NewNumericDate(now),
			NotBefore: jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(expiresAt),
			ID:        uuid.NewString(),
		},
		ClientID:  t.options.ClientID,
		SessionID: session.String(),
	})
	unsigned.Header["typ"] = tokenType
	token, err = unsigned.SignedString(t.options.Secret)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign access token: %w", err)
	}
	return token, expiresAt, nil
}

// Verify decodes an access token. The error is a Reason that says what is wrong with it: TokenExpired for one that was
// good once, TokenInvalid for all else.
func (t *Tokens) Verify(token string) (Claims, error) {
	if len(token) > maxTokenLength || strings.ContainsAny(token, "\r\n") { // decoders of base64 skip line ends
		return Claims{}, TokenInvalid
	}
	var p payload
	parsed, err := t.parser.ParseWithClaims(token, &p, func(*jwt.Token) (any, error) { return t.options.Secret, nil })
	if err != nil && !onlyExpired(err) {
		return Claims{}, TokenInvalid
	}
	claims, ok := p.claims(parsed)
	switch {
	case !ok:
		return Claims{}, TokenInvalid
	case err != nil:
		return Claims{}, TokenExpired
	}
	return claims, nil
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

// claims checks what golang-jwt lets through.
func (p *payload) claims(token *jwt.Token) (claims Claims, ok bool) {
	claims = Claims{
		UserID:    id.ParseAny(p.Subject).User(),
		SessionID: id.ParseAny(p.SessionID).Session(),
		TokenID:   p.ID,
	}
	_, critical := token.Header["crit"] // we understand no extension (RFC 7515, section 4.1.11)
	typ := token.Header["typ"]
	switch {
	case critical, typ != tokenType && typ != "application/"+tokenType,
		claims.UserID == id.User{}, claims.SessionID == id.Session{}, claims.TokenID == "", p.ClientID == "",
		p.IssuedAt == nil, p.ExpiresAt.Before(p.IssuedAt.Time), p.ExpiresAt.Sub(p.IssuedAt.Time) > AccessTokenLife:
		return Claims{}, false
	}
	for part := range strings.SplitSeq(token.Raw[:strings.LastIndexByte(token.Raw, '.')], ".") {
		if !unambiguous(part) {
			return Claims{}, false
		}
	}
	claims.IssuedAt, claims.ExpiresAt = p.IssuedAt.Time, p.ExpiresAt.Time
	return claims, true
}

// unambiguous tells whether everybody reads the same in an encoded JSON object, which it is known to be: each name is there
// once (RFC 7519, section 4), and in lower case, for Go takes "SUB" for "sub".
func unambiguous(part string) bool {
	text, _ := base64.RawURLEncoding.DecodeString(part)
	decoder := json.NewDecoder(bytes.NewReader(text))
	_, _ = decoder.Token() // the brace
	seen := make(map[string]bool)
	for decoder.More() {
		token, _ := decoder.Token()
		name, _ := token.(string)
		var value json.RawMessage
		if seen[name] || name != strings.ToLower(strings.ToUpper(name)) || decoder.Decode(&value) != nil {
			return false
		}
		seen[name] = true
	}
	return true
}
