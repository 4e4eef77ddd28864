package blog

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"postern/internal/account"
	"postern/internal/id"
)

// by is a post by an author.
func by(author id.User) *Post { return &Post{Author: account.User{ID: author}} }

// drained is all that a feed still has, and whether it has been closed.
func drained(posts <-chan *Post) (found []*Post, closed bool) {
	for {
		select {
		case post, open := <-posts:
			if !open {
				return found, true
			}
			found = append(found, post)
		default:
			return found, false
		}
	}
}

func TestFeedDeliversByAuthor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		feed := newFeed()
		jane, john := id.NewUser(time.Now()), id.NewUser(time.Now())
		all, janes, nobodys := feed.subscribe(t.Context(), nil), feed.subscribe(t.Context(), &jane), feed.subscribe(t.Context(), &id.User{})
		first, second := by(jane), by(john)
		feed.publish(first)
		feed.publish(second)
		for name, test := range map[string]struct {
			feed <-chan *Post
			want []*Post
		}{
			"all": {all, []*Post{first, second}}, "Jane's": {janes, []*Post{first}}, "nobody's": {nobodys, nil},
		} {
			got, closed := drained(test.feed)
			if len(got) != len(test.want) || closed {
				t.Fatalf("%s = %v, closed: %v, want %v", name, got, closed, test.want)
			}
			for i := range got {
				if got[i] != test.want[i] {
					t.Errorf("%s[%d] = %p, want %p", name, i, got[i], test.want[i])
				}
			}
		}
	})
}

// TestFeedDropsWhoDoesNotKeepUp has a subscriber that never reads: the publisher does not wait, and others hear all.
func TestFeedDropsWhoDoesNotKeepUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		feed := newFeed()
		ctx, cancel := context.WithCancel(t.Context())
		slow, quick := feed.subscribe(ctx, nil), feed.subscribe(ctx, nil)
		post := by(id.User{})
		for i := range backlog + 3 {
			feed.publish(post) // in this very goroutine: if it waited, so would the test
			if got := <-quick; got != post {
				t.Fatalf("the quick one's post %d = %v, want it", i, got)
			}
		}
		if got, closed := drained(slow); len(got) != backlog || !closed {
			t.Errorf("the slow one has %d posts, closed: %v, want %d and the end", len(got), closed, backlog)
		}
		if got := len(feed.subscribers); got != 1 {
			t.Errorf("subscribers = %d, want 1", got)
		}
		cancel() // of one that is gone already, too
		synctest.Wait()
		if _, closed := drained(quick); !closed || len(feed.subscribers) != 0 {
			t.Errorf("the quick one is closed: %v, and %d are left, want none", closed, len(feed.subscribers))
		}
		feed.publish(post)
	})
}

func TestFeedKeepsAFullBacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		feed := newFeed()
		posts := feed.subscribe(t.Context(), nil)
		for range backlog {
			feed.publish(by(id.User{}))
		}
		if got, closed := drained(posts); len(got) != backlog || closed {
			t.Errorf("it has %d posts, closed: %v, want %d, and to go on", len(got), closed, backlog)
		}
		feed.publish(by(id.User{}))
		if got, closed := drained(posts); len(got) != 1 || closed {
			t.Errorf("it has %d posts, closed: %v, want 1, and to go on", len(got), closed)
		}
	})
}

// TestFeedEndsWithItsContext needs no goroutine of the feed's own while the context lives: synctest would report it.
func TestFeedEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		feed := newFeed()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		posts := feed.subscribe(ctx, nil)
		feed.publish(by(id.User{}))
		start := time.Now()
		heard := 0
		for range posts {
			heard++
		}
		if waited := time.Since(start); heard != 1 || waited != time.Hour || len(feed.subscribers) != 0 {
			t.Errorf("heard %d posts in %v, and %d are left, want 1 in an hour and none", heard, waited, len(feed.subscribers))
		}
		feed.publish(by(id.User{}))

		cancel()
		late := feed.subscribe(ctx, nil) // its context has ended already
		synctest.Wait()
		if got, closed := drained(late); len(got) != 0 || !closed || len(feed.subscribers) != 0 {
			t.Errorf("who came late has %d posts, closed: %v, and %d are left, want the end", len(got), closed, len(feed.subscribers))
		}
	})
}

// TestFeedRaces subscribes, publishes and cancels all at once; the race detector, a panic or a deadlock would tell.
func TestFeedRaces(t *testing.T) {
	t.Parallel()
	feed := newFeed()
	var publishers, readers sync.WaitGroup
	for range 4 {
		publishers.Go(func() {
			for range 500 {
				feed.publish(by(id.User{}))
			}
		})
	}
	for i := range 50 {
		readers.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			read := 0
			for range feed.subscribe(ctx, nil) {
				if read++; read == i {
					cancel()
				}
				if i == 0 {
					break // and never read again
				}
			}
		})
		if i%10 == 9 {
			readers.Go(func() { _ = feed.subscribe(t.Context(), nil) })
		}
	}
	publishers.Wait()
	// Who is not through waits for posts: give them as many as it takes.
	finished := make(chan struct{})
	go func() { readers.Wait(); close(finished) }()
	for {
		select {
		case <-finished:
			return
		default:
			feed.publish(by(id.User{}))
		}
	}
}
