package httpd

import (
	"context"
	"time"

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
	kept := context.WithValue(auth.NewContext(context.Background(), caller), requestIDKey{}, RequestID(ctx))
	return transport.Arrival{Context: kept, Name: caller.Client.Network(), Most: arriving * g.OfAddress}
}

const (
	// arriving is how many times as many connections of an address as may be open may not yet have said whose they are.
	arriving = 4
	// lookTime is how long it may take to look up whose a connection is.
	lookTime = 5 * time.Second
)

// Attach implements transport.Reception. A token that is bad lets nobody in, for a client that came with one does not expect to be
// anonymous for as long as the connection is open.
func (g Guests) Attach(ctx context.Context, authorization string) (transport.Guest, error) {
	caller := auth.FromContext(ctx)
	if authorization != "" {
		looking, cancel := context.WithTimeout(ctx, lookTime)
		defer cancel()
		var err error
		if caller.Viewer, caller.Refusal, err = g.Authenticator.Authenticate(looking, []string{authorization}); err != nil {
			return transport.Guest{}, err
		}
		if caller.Refusal == auth.TokenMissing { // nobody but the client can have put something else there
			caller.Refusal = auth.TokenInvalid
		}
	}
	if caller.Viewer == nil && caller.Refusal != auth.TokenMissing {
		return transport.Guest{}, caller.Refusal
	}
	if caller.Viewer == nil { // who has no session that could end
		return transport.Guest{
			Context: auth.NewContext(ctx, caller), Leave: func() {}, Name: caller.Client.Network(), Most: g.OfAddress,
		}, nil
	}
	watched, leave := g.Watch(ctx, caller)
	return transport.Guest{Context: watched, Leave: leave, Name: caller.Viewer.UserID.String(), Most: g.OfAccount}, nil
}
