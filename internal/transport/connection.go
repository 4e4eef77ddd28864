package transport

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"github.com/vektah/gqlparser/v2/gqlerror"
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

// Arrival is somebody who has yet to say who it is.
type Arrival struct {
	// Context has what is to be kept of the request's, without its end.
	Context context.Context //nolint:containedctx // it is what a hook answers
	// Name is what those who arrive are counted by; there may be Most of them.
	Name string
	Most int
}

// Reception receives who opens connections.
type Reception interface {
	// Arrive receives the request for a connection.
	Arrive(request context.Context) Arrival
	// Attach finds out who opens a connection, by the value of an Authorization header: that of the parameters of
	// connection_init, "" if there is none. The context is the connection's. An error is why it may not.
	Attach(ctx context.Context, authorization string) (Guest, error)
}

// Connections are what stays open: WebSockets and event streams.
type Connections struct {
	reception Reception

	mu     sync.Mutex
	open   map[*connection]struct{}
	counts map[string]int // of the connections of each guest, and of each that arrives
	closed bool
	ended  sync.WaitGroup
}

// NewConnections returns Connections.
func NewConnections(r Reception) *Connections {
	return &Connections{reception: r, open: make(map[*connection]struct{}), counts: make(map[string]int)}
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
	name  string // what it is counted by; "" if it is not
}

// arrive begins the connection of somebody who has yet to say who it is.
func (c *Connections) arrive(request context.Context) (*connection, error) {
	arrival := c.reception.Arrive(request)
	entered, err := c.enter(arrival.Context)
	if err != nil {
		return nil, err
	}
	if err := entered.count("arriving "+arrival.Name, arrival.Most); err != nil {
		entered.leave()
		return nil, err
	}
	return entered, nil
}

// enter begins a connection, which must leave. Its context has the values of the arrival's, and ends with the server.
func (c *Connections) enter(arrival context.Context) (*connection, error) {
	entered := &connection{all: c}
	entered.ctx, entered.end = context.WithCancelCause(arrival)
	entered.guest.Context = entered.ctx // until a guest is attached
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
	guest, err := c.all.reception.Attach(c.ctx, authorization)
	if err != nil {
		return err
	}
	if err := c.count("guest "+guest.Name, guest.Most); err != nil {
		guest.Leave()
		return err
	}
	c.guest = guest
	return nil
}

// count counts the connection by a name from now on, unless there are as many of that name as may be.
func (c *connection) count(name string, most int) error {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	if c.all.counts[name] >= most {
		return coded(codeConnections, fmt.Sprintf("%d connections may be open at a time", most))
	}
	c.all.counts[name]++
	c.uncount()
	c.name = name
	return nil
}

// uncount counts the connection no more; all.mu is held.
func (c *connection) uncount() {
	if c.name == "" {
		return
	}
	if c.all.counts[c.name]--; c.all.counts[c.name] == 0 {
		delete(c.all.counts, c.name)
	}
}

// leave is the connection's end.
func (c *connection) leave() {
	c.end(context.Canceled)
	c.all.mu.Lock()
	delete(c.all.open, c)
	c.uncount()
	c.all.mu.Unlock()
	if c.guest.Leave != nil {
		c.guest.Leave()
	}
	c.all.ended.Done()
}

// unavailable answers who may not enter: the server shuts down, or too many are at the door.
func unavailable(why error) *refused {
	err := gqlerror.WrapIfUnwrapped(why)
	if errors.Is(why, ErrShutdown) {
		err = coded(codeUnavailable, ErrShutdown.Error()+": ask again")
	}
	return &refused{status: http.StatusServiceUnavailable, err: err}
}

const codeUnavailable = "UNAVAILABLE" // the server shuts down; another one answers soon
