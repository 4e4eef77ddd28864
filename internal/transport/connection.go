package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
)

// ErrShutdown is why connections end when the server does.
var ErrShutdown = errors.New("the server shuts down")

const codeConnections = "CONNECTION_LIMIT" // this account, or this address, has as many connections open as it may

// Guest is who a connection belongs to.
type Guest struct {
	// Context carries who it is to the operations, and ends when it may not stay: its cause says why.
	Context context.Context //nolint:containedctx // it is what a hook answers
	// Name is what the connections of one guest are counted by; it may have Most of them.
	Name string
	Most int
	// Leave is called when the connection has ended.
	Leave func()
}

// Attach finds out who opens a connection, by the value of an Authorization header: that of the parameters of
// connection_init, "" if there is none. The context is the request's. An error is why it may not.
type Attach func(ctx context.Context, authorization string) (Guest, error)

// Connections are what stays open: WebSockets and event streams.
type Connections struct {
	attach Attach

	mu     sync.Mutex
	open   map[*connection]struct{}
	guests map[string]int // how many each has
	closed bool
	ended  sync.WaitGroup
}

// NewConnections returns Connections that ask attach who is there.
func NewConnections(attach Attach) *Connections {
	return &Connections{attach: attach, open: make(map[*connection]struct{}), guests: make(map[string]int)}
}

// Shutdown ends all with ErrShutdown, and waits until they have ended, or until ctx has.
func (c *Connections) Shutdown(ctx context.Context) error {
	c.mu.Lock()
	c.closed = true
	for connection := range c.open {
		connection.end(ErrShutdown)
	}
	c.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		c.ended.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// connection is one of them.
type connection struct {
	all   *Connections
	ctx   context.Context //nolint:containedctx // it is the connection's life
	end   context.CancelCauseFunc
	guest Guest
}

// enter begins a connection, which must leave. Its context has the values of the request's, and ends with the server.
func (c *Connections) enter(ctx context.Context) (*connection, error) {
	entered := &connection{all: c}
	entered.ctx, entered.end = context.WithCancelCause(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		entered.end(ErrShutdown)
		return nil, ErrShutdown
	}
	c.open[entered] = struct{}{}
	c.ended.Add(1)
	return entered, nil
}

// attach lets the guest in, if it may have one connection more.
func (c *connection) attach(authorization string) error {
	guest, err := c.all.attach(c.ctx, authorization)
	if err != nil {
		return err
	}
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.all.guests[guest.Name] >= guest.Most {
		guest.Leave()
		return coded(codeConnections, fmt.Sprintf("%d connections may be open at a time", guest.Most))
	}
	c.all.guests[guest.Name]++
	c.guest = guest
	return nil
}

// leave is the connection's end.
func (c *connection) leave() {
	c.end(context.Canceled)
	c.all.mu.Lock()
	delete(c.all.open, c)
	if c.guest.Leave != nil {
		if c.all.guests[c.guest.Name]--; c.all.guests[c.guest.Name] == 0 {
			delete(c.all.guests, c.guest.Name)
		}
	}
	c.all.mu.Unlock()
	if c.guest.Leave != nil {
		c.guest.Leave()
	}
	c.all.ended.Done()
}

// unavailable answers who comes while the server shuts down.
func unavailable() *refused {
	return &refused{status: http.StatusServiceUnavailable, err: coded(codeUnavailable, ErrShutdown.Error()+": ask again")}
}

const codeUnavailable = "UNAVAILABLE" // the server shuts down; another one answers soon
