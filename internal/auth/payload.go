package auth

import (
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"postern/internal/id"
)

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

// UnmarshalJSON reads claims while it makes sure that everybody reads the same in them; by reflection encoding/json would have to
// go through them once more. They are well formed.
func (p *payload) UnmarshalJSON(text []byte) error {
	return eachMember(text, func(name, value []byte) (err error) {
		switch string(name) {
		case "iss":
			p.Issuer, err = unquote(value)
		case "aud":
			p.Audience, err = unquoteAll(value)
		case "client_id":
			p.ClientID, err = unquote(value)
		case "sub":
			p.Subject, err = unquote(value)
		case "sid":
			p.SessionID, err = unquote(value)
		case "jti":
			p.TokenID, err = unquote(value)
		case "iat":
			p.IssuedAt, err = strconv.ParseInt(string(value), 10, 64)
		case "nbf":
			p.NotBefore, err = strconv.ParseInt(string(value), 10, 64)
		case "exp":
			p.ExpiresAt, err = strconv.ParseInt(string(value), 10, 64)
		}
		return err
	})
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
