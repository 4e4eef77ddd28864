package auth

import (
	"context"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"postern/internal/fault"
)

// Pool bounds what may be hashed at once. Hashing is made to cost memory and time, so that whoever may have any number of
// passwords hashed could stop the server (OWASP API4:2023, unrestricted resource consumption). Whom there is no room for is told
// so in a moment, not at once: clients that come again without waiting would keep the processors as busy as hashing does. When, is
// by chance, lest they all come again together.
type Pool struct {
	Hashers  int           // how many hash at once
	Queue    int           // how many wait for one of them
	Patience time.Duration // how long they wait at most
	Pause    time.Duration // how long whom there is no room for waits at most to be told so
	Widen    bool          // one goroutine more may run at once while anybody hashes, and a second longer
}

// DefaultPool has a hasher for each goroutine that may run at once, but one, and a queue that is worked off within its patience where
// a hash takes up to a quarter of a second. Go's scheduler leaves a goroutine that computes alone for ten milliseconds, and hardly
// looks at the network while all it may run at once do so: one is left for whoever does not hash. It may be one that is there only
// for that, so that the processors hash all they can; at other times it would only be in the way.
func DefaultPool(widen bool) Pool {
	const queueOfEach = 8
	hashers := runtime.GOMAXPROCS(0)
	if !widen {
		hashers = max(hashers-1, 1)
	}
	return Pool{Hashers: hashers, Queue: queueOfEach * hashers, Patience: 2 * time.Second, Pause: time.Second, Widen: widen}
}

// hashers are a pool at work.
type hashers struct {
	present  chan struct{} // one for everybody who hashes or waits
	hashing  chan struct{} // one for everybody who hashes
	patience time.Duration
	pause    time.Duration
	widen    bool
}

func newHashers(p Pool) hashers {
	return hashers{
		present:  make(chan struct{}, p.Hashers+p.Queue),
		hashing:  make(chan struct{}, p.Hashers),
		patience: p.Patience,
		pause:    p.Pause,
		widen:    p.Widen,
	}
}

// do does the work when it is its turn: first come, first served, for who waits to send to a channel is served so. The error
// is ctx's, or an Overloaded fault.
func (h hashers) do(ctx context.Context, work func()) error {
	select {
	case h.present <- struct{}{}:
		defer func() { <-h.present }()
	default:
		return h.refuse(ctx)
	}
	patience := time.NewTimer(h.patience)
	defer patience.Stop()
	select {
	case h.hashing <- struct{}{}:
		defer func() { <-h.hashing }()
	case <-patience.C:
		return overloaded()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil { // it ended in the same moment, or long before
		return err
	}
	if h.widen {
		widened.enter()
		const linger = time.Second // to change it stops everything for a moment
		defer func() { time.AfterFunc(linger, widened.leave) }()
	}
	work()
	return nil
}

// width is how many goroutines may run at once, and by whom that is one more than usual.
type width struct {
	mu sync.Mutex
	by int
}

//nolint:gochecknoglobals // GOMAXPROCS is the process's, and so is who has changed it
var widened width

func (w *width) enter() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by++; w.by == 1 {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}

func (w *width) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by--; w.by == 0 {
		runtime.SetDefaultGOMAXPROCS()
	}
}

func (h hashers) refuse(ctx context.Context) error {
	pause := time.NewTimer(rand.N(h.pause + 1)) //nolint:gosec // it keeps clients apart, and need not be hard to guess
	defer pause.Stop()
	select {
	case <-pause.C:
		return overloaded()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func overloaded() error {
	return fault.New(fault.Overloaded, "Too many passwords are being checked right now: try again in a moment.").After(time.Second)
}
