package transport

import "sync"

// step is a part of what is done for a client; it returns the next one, if there is any.
type step func() step

// walk takes one step after the other, each on a stack of its own: that on which a response was made is too large to wait on.
func walk(running *sync.WaitGroup, next step, take func(step) step) {
	running.Go(func() {
		if next := take(next); next != nil {
			walk(running, next, take)
		}
	})
}
