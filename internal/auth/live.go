package auth

import (
	"context"
	"sync/atomic"
)

// Live is a caller with something open, as a WebSocket, for longer than one request: its role may change meanwhile. It is
// safe for concurrent use.
type Live struct {
	caller atomic.Pointer[Caller]
}

// NewLive returns a Live of a caller that has a viewer.
func NewLive(c Caller) *Live {
	l := new(Live)
	l.caller.Store(&c)
	return l
}

// SetRole changes what the caller may do from now on. Who holds the caller as it was goes on with that.
func (l *Live) SetRole(role Role) {
	caller := *l.caller.Load()
	if caller.Viewer.Role == role {
		return
	}
	caller.Viewer = &Viewer{Claims: caller.Viewer.Claims, Role: role}
	l.caller.Store(&caller)
}

// NewLiveContext returns a context that carries the caller, as it is whenever FromContext asks.
func NewLiveContext(ctx context.Context, l *Live) context.Context {
	return context.WithValue(ctx, contextKey{}, l)
}
