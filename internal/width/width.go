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
	mu       sync.Mutex
	by       int  // who needs it wide
	wide     bool // as far as is known
	changing bool // somebody makes it wide, or narrow
	rest     *time.Timer
}

//nolint:gochecknoglobals // GOMAXPROCS is the process's, and so is who has changed it
var process Width

// New returns the process's Width; nil if the environment says how wide it is.
func New(getenv func(string) string) *Width {
	if getenv("GOMAXPROCS") != "" {
		return nil
	}
	return &process
}

// linger is for how long it stays wide when nobody needs that any more. To change it stops everything for a moment, and waits for
// garbage that is being collected.
const linger = time.Second

// Usual is how wide it is while nobody needs more.
func (w *Width) Usual() int {
	if w == nil {
		return runtime.GOMAXPROCS(0)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wide {
		return runtime.GOMAXPROCS(0) - 1
	}
	return runtime.GOMAXPROCS(0)
}

// Widen has room made, which it does not wait for, until the function that it returns is called, and a while longer.
func (w *Width) Widen() (done func()) {
	if w == nil {
		return func() {}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.by++
	w.change()
	return w.leave
}

func (w *Width) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by--; w.by > 0 {
		return
	}
	if w.rest == nil {
		w.rest = time.AfterFunc(linger, w.narrow)
	}
	w.rest.Reset(linger)
}

// narrow is called when nobody has needed it wide for a while.
func (w *Width) narrow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == 0 {
		w.change()
	}
}

// change has it changed if it is not as it should be, unless somebody is at it already, who will look again.
func (w *Width) change() {
	wide := w.by > 0
	if w.changing || w.wide == wide {
		return
	}
	w.changing = true
	go func() {
		by := -1
		if wide {
			by = 1
		}
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + by)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.wide, w.changing = wide, false
		if w.by > 0 { // those who left meanwhile have set the timer
			w.change()
		}
	}()
}
