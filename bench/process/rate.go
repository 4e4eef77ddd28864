package process

import (
	"context"
	"errors"
	"sync"
	"time"
)

// AtRate asks so many times a second, at least once, whether those before were answered or not; ask gets the number of each. Each lasts
// from when it was due to its answer, so that none is left out that a slow server would have kept from coming.
func AtRate(ctx context.Context, rate float64, duration time.Duration, ask func(i int) error) ([]time.Duration, error) {
	waits := make([]time.Duration, max(1, int(rate*duration.Seconds())))
	errs := make([]error, len(waits))
	start := time.Now()
	var all sync.WaitGroup
	for i := range waits {
		due := start.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		all.Go(func() {
			errs[i] = ask(i)
			waits[i] = time.Since(due)
		})
	}
	all.Wait()
	return waits, errors.Join(errs...)
}
