package httpd

import (
	"context"

	"postern/internal/auth"
	"postern/internal/transport"
)

// Guests are who may have connections open.
type Guests struct {
	Authenticator *auth.Authenticator
	// Watch ends the context of what a caller has open when it may not have it open any more.
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
	watched, leave := g.Watch(ctx, caller)
	guest := transport.Guest{Context: watched, Leave: leave, Name: caller.Client.Network(), Most: g.OfAddress}
	if caller.Viewer != nil {
		guest.Name, guest.Most = caller.Viewer.UserID.String(), g.OfAccount
	}
	return guest, nil
}
