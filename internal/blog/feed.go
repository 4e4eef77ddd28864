package blog

import (
	"context"
	"sync"

	"postern/internal/id"
)

// backlog is how many posts a subscriber may be behind before it is dropped.
const backlog = 64

// Feed tells subscribers of posts as they are published. It never waits for any of them.
type Feed struct {
	mu          sync.Mutex
	subscribers map[*subscriber]struct{}
}

type subscriber struct {
	author *id.User // nil: all
	posts  chan *Post
}

func newFeed() *Feed {
	return &Feed{subscribers: make(map[*subscriber]struct{})}
}

func (f *Feed) publish(post *Post) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for s := range f.subscribers {
		if s.author != nil && *s.author != post.Author.ID {
			continue
		}
		select {
		case s.posts <- post:
		default:
			f.drop(s)
		}
	}
}

func (f *Feed) subscribe(ctx context.Context, author *id.User) <-chan *Post {
	s := &subscriber{author: author, posts: make(chan *Post, backlog)}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.subscribers[s] = struct{}{}
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.drop(s)
	})
	return s.posts
}

// drop forgets a subscriber; f.mu is held.
func (f *Feed) drop(s *subscriber) {
	if _, there := f.subscribers[s]; there {
		delete(f.subscribers, s)
		close(s.posts)
	}
}
