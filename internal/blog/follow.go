package blog

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"postern/internal/id"
)

const (
	batch       = 32              // how many publications are read at once
	readTimeout = 5 * time.Second // a connection may be dead without anybody knowing
)

// Published is each post whose commit comes after Published has returned, in the order of commits, by the author if one is
// given. Posts are as they are when they are read; one that is deleted before is left out. It ends with ctx.
func (s *Service) Published(ctx context.Context, author *id.User) (*Subscription, error) {
	reading, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	position, err := s.store.Position(reading)
	if err != nil {
		return nil, err
	}
	return s.feed.subscribe(ctx, author, position)
}

// Run reads the feed for those who subscribe, until ctx ends, and their subscriptions with it. A database that does not answer
// is asked until it does. A service runs once.
func (s *Service) Run(ctx context.Context, log *slog.Logger) {
	defer s.feed.end()
	f := follower{store: s.store, feed: s.feed, log: log}
	var listener sync.WaitGroup
	listener.Go(func() { f.listen(ctx) })
	f.read(ctx)
	listener.Wait()
}

// follower reads what is published, for a feed.
type follower struct {
	store Store
	feed  *feed
	log   *slog.Logger
	// renewed tells that the store has been lost and found: it may be another one, which has not got all that was published.
	renewed atomic.Bool
}

// listen wakes the feed when the store tells of publications, and when it can tell again after it could not: what it did not
// tell of is there to be read.
func (f *follower) listen(ctx context.Context) {
	var pause backoff
	for lost := false; ; lost = true {
		err := f.store.Listen(ctx, func() {
			if lost {
				f.log.InfoContext(ctx, "the feed hears of new posts again")
				f.renewed.Store(true)
				lost = false
			}
			pause.reset()
			f.feed.wake()
		})
		if ctx.Err() != nil {
			return
		}
		if pause.first() {
			f.log.WarnContext(ctx, "the feed does not hear of new posts; it tries to", "error", err)
		}
		pause.wait(ctx)
	}
}

// read reads whenever the feed is woken.
func (f *follower) read(ctx context.Context) {
	for {
		select {
		case <-f.feed.news:
			f.catchUp(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// catchUp reads until nothing is left, however long it takes.
func (f *follower) catchUp(ctx context.Context) {
	var pause backoff
	for more := true; more && ctx.Err() == nil; {
		var err error
		if more, err = f.step(ctx); err == nil {
			pause.reset()
			continue
		}
		if more = true; pause.first() && ctx.Err() == nil {
			f.log.WarnContext(ctx, "the feed cannot read new posts; it tries to", "error", err)
		}
		pause.wait(ctx)
	}
}

// step reads one batch, and tells whether there may be more.
func (f *follower) step(ctx context.Context) (more bool, err error) {
	if !f.feed.wanted() {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	if f.renewed.Swap(false) {
		if err := f.renew(ctx); err != nil {
			f.renewed.Store(true)
			return false, err
		}
	}
	published, err := f.store.Published(ctx, f.feed.delivered(), batch)
	if err != nil {
		return false, err
	}
	f.feed.deliver(published)
	return len(published) == batch, nil
}

// renew goes back to where the store is if that has lost what was delivered of it. Where it is, is asked last: whoever
// subscribes in between may be ahead of the answer.
func (f *follower) renew(ctx context.Context) error {
	delivered := f.feed.delivered()
	position, err := f.store.Position(ctx)
	if err == nil && position < delivered {
		f.feed.rewind(position)
	}
	return err
}
