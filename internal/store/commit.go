package store

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// commits has writers take turns where a database lets one write at a time, as SQLite does. Those who wait while others write share
// the next commit: what takes long is to have it on disk, and that is one wait for all of them.
type commits struct {
	mu      sync.Mutex
	writing bool
	waiting []*commit
}

// commit is what somebody waits for.
type commit struct {
	fn func(q querier) error
	// gone is why who waits for it does so no longer; nil if they do.
	gone func() error
	// turn is told true when it is one's turn to write for all who wait, and false when somebody else has.
	turn chan bool

	err      error
	panicked any
}

// errPanic undoes what was written by what panicked.
var errPanic = errors.New("what was to be written panicked")

// mostTogether is how many share a commit at most.
const mostTogether = 64

// enter has somebody wait, unless nobody writes: then it is their turn.
func (c *commits) enter(one *commit) (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, one)
	first = !c.writing
	c.writing = true
	return first
}

// withdraw has somebody not wait any longer, and tells whether it is early enough for that.
func (c *commits) withdraw(one *commit) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.waiting, one)
	if i < 0 || i == 0 && len(one.turn) > 0 {
		return false
	}
	c.waiting = slices.Delete(c.waiting, i, i+1)
	return true
}

// take takes those who wait, the first of whom writes for them.
func (c *commits) take() (together []*commit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(len(c.waiting), mostTogether)
	together = slices.Clone(c.waiting[:n])
	c.waiting = slices.Delete(c.waiting, 0, n)
	return together
}

// leave tells those who were written for, and whose turn is next.
func (c *commits) leave(together []*commit) {
	for _, one := range together[1:] {
		one.turn <- false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.writing = len(c.waiting) > 0; c.writing {
		c.waiting[0].turn <- true
	}
}

// share runs fn in a transaction that it may share with others who wait as well: for them it is as if each had one of its own.
func (s *Store) share(ctx context.Context, fn func(q querier) error) error {
	one := &commit{fn: fn, gone: ctx.Err, turn: make(chan bool, 1)}
	if !s.commits.enter(one) {
		select {
		case <-ctx.Done():
			if s.commits.withdraw(one) {
				return ctx.Err()
			}
			if !<-one.turn {
				return one.outcome()
			}
		case mine := <-one.turn:
			if !mine {
				return one.outcome()
			}
		}
	}
	defer s.width.Widen()() // others go on while we wait for the disk
	together := s.commits.take()
	defer s.commits.leave(together)
	if len(together) == 1 {
		return s.transact(ctx, fn)
	}
	s.writeAll(context.WithoutCancel(ctx), together)
	return one.outcome()
}

func (c *commit) outcome() error {
	if c.panicked != nil {
		panic(c.panicked)
	}
	return c.err
}

// writeAll writes for several in one transaction. Whoever fails is undone alone. That somebody waits no longer must not end a
// statement: SQLite would roll all of it back.
func (s *Store) writeAll(ctx context.Context, together []*commit) {
	err := s.transact(ctx, func(q querier) error {
		q.steady = true
		for _, one := range together {
			if one.err = one.gone(); one.err != nil {
				continue
			}
			if err := q.writeOne(ctx, one); err != nil {
				return err
			}
		}
		return nil
	})
	for _, one := range together {
		if one.err == nil {
			one.err = err
		}
	}
}

// writeOne writes for one of several. The error is of what none of them can go on after.
func (q querier) writeOne(ctx context.Context, one *commit) error {
	if _, err := q.exec(ctx, `SAVEPOINT one`); err != nil {
		return err
	}
	if one.err = one.run(q); one.err != nil {
		if _, err := q.exec(ctx, `ROLLBACK TO one`); err != nil {
			return err
		}
	}
	_, err := q.exec(ctx, `RELEASE one`)
	return err
}

// run runs what is to be written. What panics does so where somebody waits for it.
func (c *commit) run(q querier) (err error) {
	defer func() {
		if c.panicked = recover(); c.panicked != nil {
			err = errPanic
		}
	}()
	return c.fn(q)
}
