package blog

import (
	"context"
	"errors"
	"sync"

	"postern/internal/fault"
	"postern/internal/id"
)

// What a subscriber may leave unread before it is dropped: so many posts in its channel, and then as many as make the backlog,
// in which each counts as long as its content and a kilobyte more. The posts are shared by all who have not read them.
const (
	buffered = 16
	backlog  = 4 << 20
	overhead = 1 << 10
)

// errFeedEnded is why there are no more posts after the end of Run.
var errFeedEnded = errors.New("the feed has ended")

// feed tells subscribers of posts, each once and in their order. It never waits for any of them.
type feed struct {
	news chan struct{} // has room for one: that there may be something to read

	mu          sync.Mutex
	subscribers map[*Subscription]struct{}
	position    int64 // of the last publication that was delivered
	ended       bool
}

// Subscription is what somebody hears of the feed.
type Subscription struct {
	// Posts are closed when there are no more, for which Err is the reason. Who receives one shares it with others, and must
	// not change it.
	Posts <-chan *Post

	feed   *feed
	author *id.User // nil: all
	after  int64    // the position from which on it hears
	posts  chan *Post
	unlink func() bool // from its context

	// What follows is the feed's to lock.
	err     error
	unread  []*Post // what found no room in posts
	size    int     // of unread
	dropped chan struct{}
	pumping bool // a goroutine moves unread to posts, and closes it
}

func newFeed() *feed {
	return &feed{news: make(chan struct{}, 1), subscribers: make(map[*Subscription]struct{})}
}

// wake says that there may be something to read. It never waits.
func (f *feed) wake() {
	select {
	case f.news <- struct{}{}:
	default:
	}
}

// subscribe hears of what comes after a position, which was the last one a moment ago.
func (f *feed) subscribe(ctx context.Context, author *id.User, position int64) (*Subscription, error) {
	posts := make(chan *Post, buffered)
	s := &Subscription{Posts: posts, feed: f, author: author, after: position, posts: posts}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return nil, errFeedEnded
	}
	if len(f.subscribers) == 0 { // nobody has missed anything
		f.position = position
	}
	f.subscribers[s] = struct{}{}
	s.unlink = context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.drop(s, context.Cause(ctx))
	})
	f.wake() // for what was published since
	return s, nil
}

// wanted tells whether there is anybody to read for.
func (f *feed) wanted() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.subscribers) > 0
}

// delivered is the position to read on from.
func (f *feed) delivered() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.position
}

// deliver hands publications to all whom they concern.
func (f *feed) deliver(published []Publication) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range published {
		if p.Position <= f.position {
			continue // read for others, who are gone
		}
		f.position = p.Position
		for s := range f.subscribers {
			if p.Position > s.after && (s.author == nil || *s.author == p.Post.Author.ID) {
				s.push(p.Post)
			}
		}
	}
}

// rewind goes back to a position that is lower than what was delivered: the database has lost what came after it, as one
// does that takes over from another without having heard of all.
func (f *feed) rewind(position int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.position = min(f.position, position)
	for s := range f.subscribers {
		s.after = min(s.after, position)
	}
}

// end drops all, and lets nobody in any more.
func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	for s := range f.subscribers {
		f.drop(s, errFeedEnded)
	}
}

// drop forgets a subscriber; f.mu is held.
func (f *feed) drop(s *Subscription, why error) {
	if _, there := f.subscribers[s]; !there {
		return
	}
	delete(f.subscribers, s)
	s.unlink()
	s.err, s.unread = why, nil
	if s.pumping {
		close(s.dropped) // who may be sending closes
	} else {
		close(s.posts)
	}
}

// push hands a post over if there is room for it, and else keeps it until there is; f.mu is held.
func (s *Subscription) push(post *Post) {
	if !s.pumping {
		select {
		case s.posts <- post:
			return
		default:
		}
		s.dropped, s.pumping = make(chan struct{}), true
		go s.pump()
	}
	s.unread, s.size = append(s.unread, post), s.size+size(post)
	if s.size > backlog {
		s.feed.drop(s, fault.New(fault.SlowSubscriber, "Too many posts were left unread. Subscribe anew, and read in posts what was missed."))
	}
}

func size(post *Post) int { return overhead + len(post.Content) }

// pump moves what is unread to posts, until nothing is, or the subscriber is dropped.
func (s *Subscription) pump() {
	for {
		post := s.pop()
		if post == nil {
			return
		}
		select {
		case s.posts <- post:
		case <-s.dropped:
		}
	}
}

// pop takes the oldest unread post; nil ends the pump.
func (s *Subscription) pop() *Post {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	if s.err != nil {
		close(s.posts)
		return nil
	}
	if len(s.unread) == 0 {
		s.pumping, s.unread = false, nil
		return nil
	}
	post := s.unread[0]
	s.unread[0], s.unread = nil, s.unread[1:]
	s.size -= size(post)
	return post
}

// Err is why Posts are closed: a SlowSubscriber fault if they were not received in time, the cause of the end of the
// subscriber's context, or that the feed has ended. It is nil as long as they are not.
func (s *Subscription) Err() error {
	s.feed.mu.Lock()
	defer s.feed.mu.Unlock()
	return s.err
}
