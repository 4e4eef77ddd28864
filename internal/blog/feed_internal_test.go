package blog

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"postern/internal/account"
	"postern/internal/fault"
	"postern/internal/id"
)

// publisher makes publications with positions that rise.
type publisher struct {
	feed *feed
	last int64
}

// publish delivers a post by an author.
func (p *publisher) publish(author id.User) *Post {
	p.last++
	post := &Post{Author: account.User{ID: author}, Version: int(p.last)}
	p.feed.deliver([]Publication{{Position: p.last, Post: post}})
	return post
}

// subscribe subscribes to what comes next.
func (p *publisher) subscribe(t *testing.T, ctx context.Context, author *id.User) *Subscription { //nolint:revive // it is the test's that comes first
	t.Helper()
	s, err := p.feed.subscribe(ctx, author, p.last)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drained is all that a subscriber still gets, once all goroutines rest, and whether that was the end.
func drained(s *Subscription) (found []*Post, closed bool) {
	for {
		synctest.Wait()
		select {
		case post, open := <-s.Posts:
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
		p := &publisher{feed: newFeed()}
		jane, john := id.NewUser(time.Now()), id.NewUser(time.Now())
		all, janes, nobodys := p.subscribe(t, t.Context(), nil), p.subscribe(t, t.Context(), &jane), p.subscribe(t, t.Context(), &id.User{})
		first, second := p.publish(jane), p.publish(john)
		late := p.subscribe(t, t.Context(), nil)
		third := p.publish(jane)
		for name, test := range map[string]struct {
			feed *Subscription
			want []*Post
		}{
			"all": {all, []*Post{first, second, third}}, "Jane's": {janes, []*Post{first, third}}, "nobody's": {nobodys, nil},
			"late": {late, []*Post{third}},
		} {
			if got, closed := drained(test.feed); !slices.Equal(got, test.want) || closed || test.feed.Err() != nil {
				t.Errorf("%s = %v, closed: %v, %v, want %v", name, got, closed, test.feed.Err(), test.want)
			}
		}
	})
}

// TestFeedDeliversOnce has batches that overlap, as those are which were read when somebody else was the first to subscribe.
func TestFeedDeliversOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		early, err := f.subscribe(t.Context(), nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		late, err := f.subscribe(t.Context(), nil, 3)
		if err != nil {
			t.Fatal(err)
		}
		published := make([]Publication, 5)
		for i := range published {
			published[i] = Publication{Position: int64(i + 1), Post: &Post{Version: i + 1}}
		}
		f.deliver(published[:4])
		f.deliver(published[1:5])
		f.deliver(published)
		for name, test := range map[string]struct {
			feed *Subscription
			want []Publication
		}{"early": {early, published[1:]}, "late": {late, published[3:]}} {
			got, _ := drained(test.feed)
			if !slices.EqualFunc(got, test.want, func(a *Post, b Publication) bool { return a == b.Post }) {
				t.Errorf("%s = %v, want %v", name, got, test.want)
			}
		}
	})
}

// TestFeedRewinds has a database that takes over without the last two posts.
func TestFeedRewinds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{feed: newFeed()}
		all := p.subscribe(t, t.Context(), nil)
		for range 3 {
			p.publish(id.User{})
		}
		late := p.subscribe(t, t.Context(), nil)
		p.last = 1
		p.feed.rewind(p.last)
		again := p.publish(id.User{})
		if got, _ := drained(all); len(got) != 4 || got[3] != again {
			t.Errorf("all = %v, want four, the last one being %v", got, again)
		}
		if got, _ := drained(late); len(got) != 1 || got[0] != again {
			t.Errorf("late = %v, want %v", got, again)
		}
		p.feed.rewind(1000)
		if got := p.feed.delivered(); got != 2 {
			t.Errorf("rewound forward to %d, want 2", got)
		}
	})
}

// TestFeedDropsWhoDoesNotKeepUp has a subscriber that never reads: the publisher does not wait, and others hear all.
func TestFeedDropsWhoDoesNotKeepUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{feed: newFeed()}
		ctx, cancel := context.WithCancelCause(t.Context())
		slow, quick := p.subscribe(t, ctx, nil), p.subscribe(t, ctx, nil)
		const bound = buffered + backlog/overhead + 1 // and one is in the pump's hand
		published := 0
		for ; slow.Err() == nil; published++ {
			post := p.publish(id.User{}) // in this very goroutine: if it waited, so would the test
			synctest.Wait()
			if got := <-quick.Posts; got != post {
				t.Fatalf("the quick one's post %d = %v, want it", published, got)
			}
		}
		if published != bound+1 {
			t.Errorf("the slow one was dropped at post %d, want %d", published, bound+1)
		}
		if err := slow.Err(); fault.CodeOf(err) != fault.SlowSubscriber {
			t.Errorf("Err() of the slow one = %v, want %s", err, fault.SlowSubscriber)
		}
		if got, closed := drained(slow); len(got) < buffered || len(got) > buffered+1 || !closed || got[1].Version != 2 {
			t.Errorf("the slow one has %d posts, closed: %v, want those that were buffered, and the end", len(got), closed)
		}
		if got := len(p.feed.subscribers); got != 1 {
			t.Errorf("subscribers = %d, want 1", got)
		}
		gone := errors.New("gone")
		cancel(gone)                                                                                     // of one that is gone already, too
		if _, closed := drained(quick); !closed || len(p.feed.subscribers) != 0 || quick.Err() != gone { //nolint:errorlint // the very cause
			t.Errorf("the quick one is closed: %v, %v, and %d are left, want none", closed, quick.Err(), len(p.feed.subscribers))
		}
		if err := slow.Err(); fault.CodeOf(err) != fault.SlowSubscriber {
			t.Errorf("Err() of the slow one = %v, want it to stay", err)
		}
		p.publish(id.User{})
	})
}

// TestFeedBoundsBytes: long posts fill the backlog sooner.
func TestFeedBoundsBytes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFeed()
		s, err := f.subscribe(t.Context(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		long := &Post{Content: strings.Repeat("x", 400_000)}
		published := int64(0)
		for s.Err() == nil {
			published++
			f.deliver([]Publication{{published, long}})
			synctest.Wait()
		}
		if want := int64(buffered + 1 + backlog/(400_000+overhead) + 1); published != want {
			t.Errorf("dropped at post %d, want %d", published, want)
		}
	})
}

// TestFeedKeepsABacklog publishes more than a channel has room for, reads some, and so on: nothing is lost, all is in order.
func TestFeedKeepsABacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{feed: newFeed()}
		s := p.subscribe(t, t.Context(), nil)
		read := 0
		for _, burst := range []int{buffered, 1, buffered + 1, 1000, 3} {
			for range burst {
				p.publish(id.User{})
			}
			for range burst / 2 {
				if read++; (<-s.Posts).Version != read {
					t.Fatalf("post %d is not the %d. one", read, read)
				}
			}
		}
		got, closed := drained(s)
		for _, post := range got {
			if read++; post.Version != read {
				t.Fatalf("post %d is not the %d. one, but %d", read, read, post.Version)
			}
		}
		if int64(read) != p.last || closed || s.pumping || s.unread != nil || s.size != 0 {
			t.Errorf("it has read %d posts of %d, closed: %v, and still pumps: %v, %d, %d", read, p.last, closed, s.pumping, len(s.unread), s.size)
		}
	})
}

// TestFeedEndsWithItsContext needs no goroutine of the feed's own while the context lives: synctest would report it.
func TestFeedEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{feed: newFeed()}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		s, behind := p.subscribe(t, ctx, nil), p.subscribe(t, ctx, nil)
		p.publish(id.User{})
		for range 2 * buffered {
			p.feed.deliver([]Publication{{p.last + 1, &Post{}}})
			p.last++
			synctest.Wait()
			<-s.Posts
		}
		start := time.Now()
		heard := 0
		for range s.Posts {
			heard++
		}
		synctest.Wait()
		if waited := time.Since(start); heard != 1 || waited != time.Hour || len(p.feed.subscribers) != 0 || !errors.Is(s.Err(), context.DeadlineExceeded) {
			t.Errorf("heard %d posts in %v, %v, and %d are left, want 1 in an hour and none", heard, waited, s.Err(), len(p.feed.subscribers))
		}
		if _, closed := drained(behind); !closed {
			t.Error("who was behind is not closed")
		}
		p.publish(id.User{})

		late := p.subscribe(t, ctx, nil) // its context has ended already
		if got, closed := drained(late); len(got) != 0 || !closed || len(p.feed.subscribers) != 0 {
			t.Errorf("who came late has %d posts, closed: %v, and %d are left, want the end", len(got), closed, len(p.feed.subscribers))
		}
	})
}

func TestFeedEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &publisher{feed: newFeed()}
		s := p.subscribe(t, t.Context(), nil)
		post := p.publish(id.User{})
		p.feed.end()
		p.publish(id.User{})
		if got, closed := drained(s); len(got) != 1 || got[0] != post || !closed || s.Err() != errFeedEnded { //nolint:errorlint // the very one
			t.Errorf("%d posts, closed: %v, %v, want one and %v", len(got), closed, s.Err(), errFeedEnded)
		}
		if _, err := p.feed.subscribe(t.Context(), nil, 0); err != errFeedEnded { //nolint:errorlint // the very one
			t.Errorf("subscribe() = %v, want %v", err, errFeedEnded)
		}
	})
}

// TestFeedRaces subscribes, publishes and cancels all at once; the race detector, a panic or a deadlock would tell.
func TestFeedRaces(t *testing.T) {
	t.Parallel()
	p := &publisher{feed: newFeed()}
	var readers sync.WaitGroup
	for i := range 50 {
		readers.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s, err := p.feed.subscribe(ctx, nil, 0)
			if err != nil {
				t.Error(err)
				return
			}
			read := 0
			for range s.Posts {
				if read++; read == 10*i {
					cancel()
				}
				if i == 0 {
					break // and never read again
				}
			}
		})
	}
	finished := make(chan struct{})
	go func() { readers.Wait(); close(finished) }()
	for {
		p.publish(id.User{}) // as many as it takes
		select {
		case <-finished:
			return
		default:
			runtime.Gosched()
		}
	}
}

// TestIdleSubscribersAreCheap has ten thousand of them.
func TestIdleSubscribersAreCheap(t *testing.T) {
	const idle, most = 10_000, 1 << 10
	p := &publisher{feed: newFeed()}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var before, after runtime.MemStats
	goroutines := runtime.NumGoroutine()
	subscriptions := make([]*Subscription, idle)
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range subscriptions {
		subscriptions[i] = p.subscribe(t, ctx, nil)
	}
	p.publish(id.User{})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if each := int64(after.HeapAlloc-before.HeapAlloc) / idle; each > most || runtime.NumGoroutine() > goroutines+idle/100 {
		t.Errorf("each takes %d bytes, and there are %d goroutines more, want %d at most and none", each, runtime.NumGoroutine()-goroutines, most)
	}
	cancel()
	for _, s := range subscriptions {
		for range s.Posts { // until it is closed
		}
	}
}

func BenchmarkDeliver(b *testing.B) {
	const subscribers = 10_000
	p := &publisher{feed: newFeed()}
	subscriptions := make([]*Subscription, subscribers)
	for i := range subscriptions {
		subscriptions[i], _ = p.feed.subscribe(b.Context(), nil, 0)
	}
	for b.Loop() {
		p.publish(id.User{})
		for _, s := range subscriptions {
			<-s.Posts
		}
	}
}
