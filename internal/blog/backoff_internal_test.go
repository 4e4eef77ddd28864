package blog

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var b backoff
		for round := range 2 {
			for i, milliseconds := range []int{100, 200, 400, 800, 1600, 3200, 5000, 5000} {
				most := time.Duration(milliseconds) * time.Millisecond
				if b.first() != (i == 0) {
					t.Errorf("first() = %v at attempt %d", b.first(), i)
				}
				start := time.Now()
				b.wait(t.Context())
				if waited := time.Since(start); waited < most/2 || waited > most {
					t.Errorf("in round %d wait() number %d took %v, want %v to %v", round, i, waited, most/2, most)
				}
			}
			for range 100 { // for ever, if need be
				b.wait(t.Context())
			}
			b.reset()
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		start := time.Now()
		if b.wait(ctx); time.Since(start) != 0 {
			t.Errorf("wait() took %v after the end", time.Since(start))
		}
	})
}
