package httpd

import (
	"context"

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

// Arrive implements transport.Reception. Of the request it keeps who asks, and how it is called.
func (g Guests) Arrive(ctx context.Context) transport.Arrival {
	caller := auth.FromContext(ctx)
	kept := withRequestID(auth.NewContext(context.Background(), caller), RequestID(ctx))
	return transport.Arrival{Context: kept, Name: caller.Client.Network(), Most: arriving * g.OfAddress}
}

// arriving is how many times as many connections of an address as may be open may not yet have said whose they are.
const arriving = 4

// Attach implements transport.Reception. A token that is bad lets nobody in, for a client that came with one does not expect to be
// anonymous for as long as the connection is open.
func (g Guests) Attach(ctx context.Context, authorization string) (transport.Guest, error) {
	caller := auth.FromContext(ctx)
	if authorization != "" {
		var err error
		if caller.Viewer, caller.Refusal, err = g.Authenticator.Authenticate(ctx, []string{authorization}); err != nil {
			return transport.Guest{}, err
		}
		if caller.Refusal == auth.TokenMissing { // nobody but the client can have put something else there
			caller.Refusal = auth.TokenInvalid
		}
	}
	switch {
	case caller.Viewer != nil:
		watched, leave := g.Watch(ctx, caller)
		return transport.Guest{Context: watched, Leave: leave, Name: caller.Viewer.UserID.String(), Most: g.OfAccount}, nil
	case caller.Refusal == auth.TokenMissing: // who has no session that could end
		return transport.Guest{
			Context: auth.NewContext(ctx, caller), Leave: func() {}, Name: caller.Client.Network(), Most: g.OfAddress,
		}, nil
	default:
		return transport.Guest{}, caller.Refusal
	}
}
