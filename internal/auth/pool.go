package auth

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
	"weak"

	"postern/internal/argon2id"
	"postern/internal/fault"
	"postern/internal/width"
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
	Width    *width.Width  // wide while anybody hashes
	// Spent is told the memory, in KiB, of each password that is hashed by argon2id; it may be nil.
	Spent func(kibibytes uint32)
}

// DefaultPool has a hasher for each goroutine that may run at once, if there may be one more while they hash, and else for each but one;
// and a queue that is worked off within its patience where a hash takes up to a quarter of a second. Who hashes has a processor for
// itself, and hardly anybody would look at the network while all do so.
func DefaultPool(w *width.Width) Pool {
	const queueOfEach = 8
	hashers := w.Usual()
	if w == nil {
		hashers = max(hashers-1, 1)
	}
	return Pool{Hashers: hashers, Queue: queueOfEach * hashers, Patience: 2 * time.Second, Pause: time.Second, Width: w}
}

// spares are what others have hashed in, as far as the garbage collector has not taken it: it lasts through a rush, and no longer. Who
// hashes next takes what was left last, so that there is no more of it than hash at once.
type spares struct {
	mu   sync.Mutex
	left []weak.Pointer[argon2id.Memory]
}

func (s *spares) take() *argon2id.Memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	for last, left := range slices.Backward(s.left) {
		s.left = s.left[:last]
		if memory := left.Value(); memory != nil {
			return memory
		}
	}
	return new(argon2id.Memory)
}

func (s *spares) leave(memory *argon2id.Memory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left = append(s.left, weak.Make(memory))
}

// hashers are a pool at work.
type hashers struct {
	present  chan struct{} // one for everybody who hashes or waits
	hashing  chan struct{} // one for everybody who hashes
	spares   *spares
	patience time.Duration
	pause    time.Duration
	width    *width.Width
}

func newHashers(p Pool) hashers {
	return hashers{
		present:  make(chan struct{}, p.Hashers+p.Queue),
		hashing:  make(chan struct{}, p.Hashers),
		spares:   new(spares),
		patience: p.Patience,
		pause:    p.Pause,
		width:    p.Width,
	}
}

// do does the work when it is its turn: first come, first served, for who waits to send to a channel is served so. The error
// is ctx's, or an Overloaded fault.
func (h hashers) do(ctx context.Context, work func(memory *argon2id.Memory)) error {
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
	defer h.width.Widen()()
	memory := h.spares.take()
	defer h.spares.leave(memory)
	work(memory)
	return nil
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
