// Package width lets one goroutine more run at once than there are processors, while what runs would keep the others from one.
//
// It imports nothing of ours.
package width

import (
	"runtime"
	"sync"
	"time"
)

// Width is how many goroutines may run at once (GOMAXPROCS). Go's scheduler gives each of so many a processor of its own, and leaves it to
// one that computes alone for ten milliseconds, and for about as long to one that waits in a system call for a disk. With one more
// there is always somebody to answer those who want neither; at other times two threads on one processor would only be in each other's
// way, and the heap grow while they take turns.
//
// A nil *Width stays as it is.
type Width struct {
	mu   sync.Mutex
	by   int // who needs it wide
	wide bool
	rest *time.Timer
}

// New returns a Width; nil if the environment says how wide it is.
func New(getenv func(string) string) *Width {
	if getenv("GOMAXPROCS") != "" {
		return nil
	}
	return new(Width)
}

// linger is for how long it stays wide when nobody needs that any more: to change it stops everything for a moment.
const linger = time.Second

// Widen makes room until the function that it returns is called, and a while longer.
func (w *Width) Widen() (done func()) {
	if w == nil {
		return func() {}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by++; !w.wide {
		w.wide = true
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
	return w.leave
}

func (w *Width) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch w.by--; {
	case w.by > 0:
	case w.rest == nil:
		w.rest = time.AfterFunc(linger, w.narrow)
	default:
		w.rest.Reset(linger)
	}
}

func (w *Width) narrow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == 0 && w.wide {
		w.wide = false
		runtime.SetDefaultGOMAXPROCS()
	}
}
