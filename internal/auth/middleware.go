// Package auth finds out who is asking: access tokens, passwords, roles, and the middleware that puts the caller into the
// request's context.
//
// It imports nothing of ours but argon2id, fault, id and width.
package auth

import (
	"context"
	"errors"
	"net/http"
	"strings"
)

// Sessions tells which role the account of a token has, and whether the token's session still lives: if not, the error is
// the Reason SessionEnded. Any other error is that of the look-up.
type Sessions func(ctx context.Context, claims Claims) (Role, error)

// Authenticator finds out who is asking, by the access token of a request.
type Authenticator struct {
	tokens   *Tokens
	sessions Sessions
}

// NewAuthenticator returns an Authenticator.
func NewAuthenticator(tokens *Tokens, sessions Sessions) *Authenticator {
	return &Authenticator{tokens: tokens, sessions: sessions}
}

// Middleware puts a Caller into the context of each request, or into the OpenContext that is there, which nobody may read before. A
// token that is present but bad makes an anonymous caller, for reading is open to all; the answer then carries WWW-Authenticate (RFC
// 6750, section 3). If the session cannot be looked up, fail answers.
func (a *Authenticator) Middleware(
	proxies Proxies, fail func(http.ResponseWriter, *http.Request, error),
) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller := Caller{Client: proxies.ClientOf(r)}
			var err error
			caller.Viewer, caller.Refusal, err = a.Authenticate(r.Context(), r.Header["Authorization"])
			if err != nil {
				fail(w, r, err)
				return
			}
			if caller.Viewer == nil && caller.Refusal != TokenMissing {
				w.Header().Set("WWW-Authenticate", caller.Refusal.challenge())
			}
			if open, ok := r.Context().Value(contextKey{}).(*Caller); ok {
				*open = caller
			} else {
				r = r.WithContext(NewContext(r.Context(), caller))
			}
			next.ServeHTTP(w, r)
		})
	}
}

// challenge says to a client why its token is of no use (RFC 6750, section 3).
func (r Reason) challenge() string {
	return `Bearer realm="postern", error="invalid_token", error_description="` + string(r) + `"`
}

// PublicKeys is a JWK Set of the keys that others can verify access tokens with.
func (a *Authenticator) PublicKeys() ([]byte, error) { return a.tokens.PublicKeys() }

// Authenticate finds the viewer by the values of the Authorization header. Without a viewer it says why.
func (a *Authenticator) Authenticate(ctx context.Context, header []string) (*Viewer, Reason, error) {
	token, reason := bearer(header)
	if reason != "" {
		return nil, reason, nil
	}
	claims, err := a.tokens.Verify(token)
	if err == nil {
		var role Role
		if role, err = a.sessions(ctx, claims); err == nil {
			return &Viewer{Claims: claims, Role: role}, "", nil
		}
	}
	if reason, ok := errors.AsType[Reason](err); ok {
		return nil, reason, nil
	}
	return nil, "", err
}

// bearer takes the token out of the header (RFC 6750, section 2.1). Other schemes are not ours: somebody on the way may
// have added them.
func bearer(header []string) (token string, refusal Reason) {
	if len(header) == 0 {
		return "", TokenMissing
	}
	scheme, token, _ := strings.Cut(header[0], " ")
	switch {
	case len(header) > 1:
		return "", TokenInvalid
	case !strings.EqualFold(scheme, "Bearer"):
		return "", TokenMissing
	default:
		return strings.TrimLeft(token, " "), ""
	}
}
