package auth

import "context"

// Viewer is an account that has proved who it is: what its access token claims, and the role that the store says.
type Viewer struct {
	Claims
	Role Role
}

// Caller is who is asking: one for each request.
type Caller struct {
	// Viewer is nil for an anonymous caller.
	Viewer *Viewer
	// Refusal says why Viewer is nil.
	Refusal Reason
	Client  Client
}

// Reason says why a caller counts as anonymous. Its values are part of the contract (`extensions.reason`).
type Reason string //nolint:errname // an answer to the client first, an error second

// The reasons.
//
//nolint:errname // as above
const (
	TokenMissing Reason = "TOKEN_MISSING" // there is none
	TokenExpired Reason = "TOKEN_EXPIRED" // it was good; refresh it
	TokenInvalid Reason = "TOKEN_INVALID" // it never was
	SessionEnded Reason = "SESSION_ENDED" // logged out, revoked, disabled or deleted since
)

// Error makes a reason an error: that of verifying a token.
func (r Reason) Error() string { return string(r) }

// Sentence says it to a person.
func (r Reason) Sentence() string {
	switch r {
	case TokenMissing:
		return "this needs an access token: log in, and send it as Authorization: Bearer <token>"
	case TokenExpired:
		return "the access token has expired: refresh it"
	case SessionEnded:
		return "the session has ended: log in again"
	case TokenInvalid:
	}
	return "the access token is not valid: log in again"
}

type contextKey struct{}

// NewContext returns a context that carries the caller.
func NewContext(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// OpenContext is a context that carries whoever Middleware finds out later, further in: until then, an anonymous caller.
type OpenContext struct {
	context.Context //nolint:containedctx // the one that it is made of

	caller Caller
}

// NewOpenContext returns an OpenContext.
func NewOpenContext(ctx context.Context) OpenContext {
	return OpenContext{Context: ctx, caller: Caller{Refusal: TokenMissing}}
}

// Value implements context.Context: it answers where Middleware finds room for the caller.
func (c *OpenContext) Value(key any) any {
	if key == (contextKey{}) {
		return &c.caller
	}
	return c.Context.Value(key)
}

// FromContext returns the caller of a context, and an anonymous one where there is none.
func FromContext(ctx context.Context) Caller {
	switch c := ctx.Value(contextKey{}).(type) {
	case Caller:
		return c
	case *Caller:
		return *c
	case *Live:
		return *c.caller.Load()
	default:
		return Caller{Refusal: TokenMissing}
	}
}
