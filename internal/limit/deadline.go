package limit

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// deadline is a context that ends at a time, as context.WithDeadlineCause makes it. Most operations end long before, and whoever works
// for them asks now and then whether it has ended: only if somebody waits for that, there is a timer. If its parent has ended as well when
// it is asked for the first time, it has ended for that.
type deadline struct {
	context.Context //nolint:containedctx // the one that it is made of

	at    time.Time
	cause error

	timed atomic.Pointer[timed] // what it is once somebody waits; nil as long as nobody does
	over  atomic.Bool           // it has ended, and nobody waits
	mu    sync.Mutex            // for who makes it something else
}

type timed struct {
	context.Context //nolint:containedctx // what it is

	cancel context.CancelFunc
}

// withDeadline makes a context that ends at a time, or when end is called.
func withDeadline(parent context.Context, at time.Time, cause error) *deadline {
	return &deadline{Context: parent, at: at, cause: cause}
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
	if d.timed.Load() == nil && !d.over.Load() && d.Context.Err() == nil && time.Now().Before(d.at) {
		return nil
	}
	return d.wait().Err()
}

// Value implements context.Context: package context asks for what it knows of its own by a key.
func (d *deadline) Value(key any) any {
	if t := d.timed.Load(); t != nil {
		return t.Value(key)
	}
	return d.Context.Value(key)
}

// wait makes what it is once somebody waits, unless there is that.
func (d *deadline) wait() *timed {
	if t := d.timed.Load(); t != nil {
		return t
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.make()
}

func (d *deadline) make() *timed {
	if t := d.timed.Load(); t != nil {
		return t
	}
	t := new(timed)
	if d.over.Load() {
		t.Context, t.cancel = context.WithCancel(d.Context)
		t.cancel()
	} else {
		t.Context, t.cancel = context.WithDeadlineCause(d.Context, d.at, d.cause)
	}
	d.timed.Store(t)
	return t
}

// end ends it, if it has not ended yet.
func (d *deadline) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timed.Load() == nil && time.Now().Before(d.at) {
		d.over.Store(true)
		return
	}
	d.make().cancel()
}
