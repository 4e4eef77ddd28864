package blog

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff waits between attempts: at first shortly, then twice as long each time, up to a limit. No two wait equally long, so
// that those whom the same failure hit do not all come back at once.
type backoff struct {
	failed int // how many attempts have, in a row
}

const (
	leastPause = 100 * time.Millisecond
	mostPause  = 5 * time.Second
)

// first tells whether none has failed before.
func (b *backoff) first() bool { return b.failed == 0 }

// reset says that an attempt has succeeded.
func (b *backoff) reset() { b.failed = 0 }

// wait pauses after an attempt that failed, until ctx ends at most.
func (b *backoff) wait(ctx context.Context) {
	pause := min(leastPause<<min(b.failed, 10), mostPause)
	b.failed++
	select {
	case <-time.After(pause/2 + rand.N(pause/2)): //nolint:gosec // nobody gains by guessing it
	case <-ctx.Done():
	}
}
