package blog

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// shelf is a store of publications alone, without which time cannot be a test's own.
type shelf struct {
	Store
	mu        sync.Mutex
	published []Publication
	position  int64
	attempts  int           // to listen
	line      chan error    // breaks what listens
	broken    error         // is what it answers
	hanging   chan struct{} // until it is closed, nothing is answered; nil if all is
}

var errBroken = errors.New("no route")

func (s *shelf) Position(ctx context.Context) (int64, error) {
	if err := s.answers(ctx); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.position, nil
}

func (s *shelf) Published(ctx context.Context, after int64, limit int) (found []Publication, err error) {
	if err := s.answers(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.published {
		if p.Position > after && len(found) < limit {
			found = append(found, p)
		}
	}
	return found, nil
}

func (s *shelf) Listen(ctx context.Context, heard func()) error {
	s.mu.Lock()
	s.attempts++
	s.mu.Unlock()
	if err := s.answers(ctx); err != nil {
		return err
	}
	heard()
	select {
	case err := <-s.line:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tried is how often somebody tried to listen.
func (s *shelf) tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts
}

// answers tells how the store does, when it does.
func (s *shelf) answers(ctx context.Context) error {
	s.mu.Lock()
	broken, hanging := s.broken, s.hanging
	s.mu.Unlock()
	if hanging != nil {
		select {
		case <-hanging:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return broken
}

// set changes how the store does.
func (s *shelf) set(broken error, hanging chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken, s.hanging = broken, hanging
}

// publish has another process publish posts, of which nobody is told.
func (s *shelf) publish(posts ...*Post) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, post := range posts {
		s.position++
		s.published = append(s.published, Publication{Position: s.position, Post: post})
	}
}

// lose forgets the last publications.
func (s *shelf) lose(last int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.position -= int64(last)
	s.published = s.published[:len(s.published)-last]
}

// reader is a service that runs on such a store.
type reader struct {
	*Service
	store *shelf
	log   *bytes.Buffer
}

// follow runs a test with a reader, in a time of its own, and checks what was logged.
func follow(t *testing.T, store *shelf, logged []string, test func(*testing.T, reader)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := reader{store: store, log: new(bytes.Buffer)}
		r.store.line = make(chan error)
		r.Service = NewService(Options{Store: r.store, Now: time.Now})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go r.Run(ctx, slog.New(slog.NewTextHandler(r.log, nil)))
		synctest.Wait()
		test(t, r)
		cancel()
		synctest.Wait()
		lines := strings.Split(strings.TrimSpace(r.log.String()), "\n")
		if !slices.EqualFunc(lines, logged, strings.Contains) {
			t.Errorf("logged %q, want %q", lines, logged)
		}
	})
}

func (r reader) subscribe(t *testing.T) *Subscription {
	t.Helper()
	s, err := r.Published(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// outage is longer than any pause; after it, and as long again, all is as it was.
const outage = 10 * time.Minute

const (
	deaf  = "the feed does not hear of new posts; it tries to"
	hears = "the feed hears of new posts again"
	blind = "the feed cannot read new posts; it tries to"
)

// TestFollowFromABadStart cannot reach the store when it starts.
func TestFollowFromABadStart(t *testing.T) {
	t.Parallel()
	follow(t, &shelf{broken: errBroken}, []string{deaf, hears}, func(t *testing.T, r reader) {
		if _, err := r.Published(t.Context(), nil); !errors.Is(err, errBroken) {
			t.Errorf("Published() = %v, want %v", err, errBroken)
		}
		<-time.After(outage)
		if got, most := r.store.tried(), int(outage/(mostPause/2))+10; got > most || got < most/3 {
			t.Errorf("%d attempts in %v, want up to %d", got, outage, most)
		}
		r.store.set(nil, nil)
		s, post := r.subscribe(t), new(Post)
		r.store.publish(post)
		<-time.After(mostPause)
		if got, closed := drained(s); !slices.Equal(got, []*Post{post}) || closed {
			t.Errorf("heard %v, closed: %v, want what was published before it was told", got, closed)
		}
	})
}

// TestFollowThroughAnOutage loses the line and the database for a while: what was missed is read, once, in its order.
func TestFollowThroughAnOutage(t *testing.T) {
	t.Parallel()
	follow(t, new(shelf), []string{deaf, blind, hears}, func(t *testing.T, r reader) {
		all := r.subscribe(t)
		synctest.Wait()
		var missed []*Post
		for range 3*batch + 1 {
			missed = append(missed, new(Post))
		}
		r.store.publish(missed[0])
		r.feed.wake()
		synctest.Wait()
		r.store.set(errBroken, nil)
		r.store.line <- errBroken
		synctest.Wait()
		r.store.publish(missed[1:]...)
		r.feed.wake()
		<-time.After(outage)
		r.store.set(nil, nil)
		<-time.After(mostPause)
		if got, closed := drained(all); !slices.Equal(got, missed) || closed {
			t.Errorf("heard %d posts, closed: %v, want all %d in their order", len(got), closed, len(missed))
		}
	})
}

// TestFollowDoesNotWaitForEver has a store whose connections say nothing: whoever wants to subscribe is told, and those who
// have hear all once it answers others.
func TestFollowDoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	follow(t, new(shelf), []string{blind}, func(t *testing.T, r reader) {
		s := r.subscribe(t)
		synctest.Wait()
		r.store.set(nil, make(chan struct{}))
		post := new(Post)
		r.store.publish(post)
		r.feed.wake()
		begin := time.Now()
		_, err := r.Published(t.Context(), nil)
		if waited := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || waited != readTimeout {
			t.Errorf("Published() = %v after %v, want that time is over, after %v", err, waited, readTimeout)
		}
		r.store.set(nil, nil) // but the old connection says nothing still
		<-time.After(readTimeout + mostPause)
		if got, closed := drained(s); !slices.Equal(got, []*Post{post}) || closed {
			t.Errorf("heard %v, closed: %v, want what was published", got, closed)
		}
	})
}

// TestFollowRewinds finds another database when the line is back, which has not got all that was published.
func TestFollowRewinds(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]int{"nothing is lost": 0, "two are lost": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			follow(t, new(shelf), []string{deaf, hears}, func(t *testing.T, r reader) {
				s := r.subscribe(t)
				r.store.publish(new(Post), new(Post), new(Post))
				r.feed.wake()
				synctest.Wait()
				r.store.lose(lost)
				r.store.line <- errBroken
				<-time.After(mostPause)
				next := new(Post)
				r.store.publish(next)
				r.feed.wake()
				if got, closed := drained(s); len(got) != 4 || got[3] != next || closed {
					t.Errorf("heard %d, closed: %v, want three posts and then the next", len(got), closed)
				}
			})
		})
	}
}
