package limit

import (
	"context"
	"sync"
	"time"
)

// deadline is a context that ends at a time, as context.WithDeadlineCause makes it. Most operations end long before, and whoever works
// for them asks now and then whether it has ended: only if somebody waits for that, there is a timer. If its parent has ended as well when
// it is asked for the first time, it has ended for that.
type deadline struct {
	context.Context //nolint:containedctx // the one that it is made of

	at    time.Time
	cause error

	mu     sync.Mutex
	timed  context.Context //nolint:containedctx // what it is once somebody waits; nil as long as nobody does
	cancel context.CancelFunc
	over   bool
}

func withDeadline(parent context.Context, at time.Time, cause error) (context.Context, context.CancelFunc) {
	d := &deadline{Context: parent, at: at, cause: cause}
	return d, d.end
}

// Deadline implements context.Context.
func (d *deadline) Deadline() (time.Time, bool) {
	if at, earlier := d.Context.Deadline(); earlier && at.Before(d.at) {
		return at, true
	}
	return d.at, true
}

// Done implements context.Context.
func (d *deadline) Done() <-chan struct{} { return d.wait().Done() }

// Err implements context.Context. Once it is an error, it stays so, and is known by context.Cause.
func (d *deadline) Err() error {
	d.mu.Lock()
	timed, over := d.timed, d.over
	d.mu.Unlock()
	if timed == nil && !over && d.Context.Err() == nil && time.Now().Before(d.at) {
		return nil
	}
	return d.wait().Err()
}

// Value implements context.Context: package context asks for what it knows of its own by a key.
func (d *deadline) Value(key any) any {
	d.mu.Lock()
	timed := d.timed
	d.mu.Unlock()
	if timed != nil {
		return timed.Value(key)
	}
	return d.Context.Value(key)
}

func (d *deadline) wait() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.make()
	return d.timed
}

// make makes what it is once somebody waits, unless there is that.
func (d *deadline) make() {
	switch {
	case d.timed != nil:
	case d.over:
		d.timed, d.cancel = context.WithCancel(d.Context)
		d.cancel()
	default:
		d.timed, d.cancel = context.WithDeadlineCause(d.Context, d.at, d.cause)
	}
}

// end ends it, if it has not ended yet.
func (d *deadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed == nil && time.Now().Before(d.at) {
		d.over = true
		return
	}
	d.make()
	d.cancel()
}
