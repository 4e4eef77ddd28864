package httpd

import (
	"context"
	"net/netip"

	"postern/internal/auth"
	"postern/internal/transport"
)

// Guests are who may have connections open.
type Guests struct {
	Authenticator *auth.Authenticator
	// Watch ends the context of what a viewer has open when it may not have it open any more.
	Watch func(ctx context.Context, caller auth.Caller) (context.Context, context.CancelFunc)
	// OfAccount is how many connections an account may have; OfAddress, how many an address may have anonymously.
	OfAccount, OfAddress int
}

// Attach implements transport.Attach. A token that is bad lets nobody in, for a client that came with one does not expect to be
// anonymous for as long as the connection is open.
func (g Guests) Attach(ctx context.Context, authorization string) (transport.Guest, error) {
	caller := auth.FromContext(ctx)
	if authorization != "" {
		var err error
		if caller.Viewer, caller.Refusal, err = g.Authenticator.Authenticate(ctx, []string{authorization}); err != nil {
			return transport.Guest{}, err
		}
	}
	if caller.Viewer == nil && caller.Refusal != auth.TokenMissing {
		return transport.Guest{}, caller.Refusal
	}
	if caller.Viewer == nil { // who has no session that could end
		return transport.Guest{
			Context: auth.NewContext(ctx, caller), Leave: func() {}, Name: network(caller.Client.Address), Most: g.OfAddress,
		}, nil
	}
	watched, leave := g.Watch(ctx, caller)
	return transport.Guest{Context: watched, Leave: leave, Name: caller.Viewer.UserID.String(), Most: g.OfAccount}, nil
}

// network is what one client has to itself: of version 6 of the Internet protocol it has many addresses.
func network(address netip.Addr) string {
	const prefix = 64
	if address.Is6() {
		if of, err := address.Prefix(prefix); err == nil {
			return of.String()
		}
	}
	return address.String()
}

// Keep returns a context that knows who is asking, and how the request is called in the log. It keeps nothing else of the
// request's alive, nor ends with it.
func Keep(ctx context.Context) context.Context {
	kept := context.WithValue(context.Background(), requestIDKey{}, RequestID(ctx))
	return auth.NewContext(kept, auth.FromContext(ctx))
}
