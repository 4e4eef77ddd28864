package storetest

import (
	"context"
	"errors"
	"slices"
	"sync"

	"postern/internal/account"
	"postern/internal/blog"
)

func publications() []clause {
	return []clause{
		{"posts are published in their order, with their authors", publishedInOrder},
		{"what fails is not published", failuresUnpublished},
		{"deleted posts are left out, and their positions are not used again", deletedUnpublished},
		{"of many who publish none gets a position below one that was read", raceForPositions},
		{"who listens is told so, and listens until the end", listensUntilTheEnd},
	}
}

// published is all that the store has after a position.
func (s *scene) published(after int64) (posts []*blog.Post, positions []int64) {
	s.t.Helper()
	found, err := s.store.Published(s.ctx, after, 1000)
	s.must(err)
	for _, p := range found {
		posts, positions = append(posts, p.Post), append(positions, p.Position)
	}
	return posts, positions
}

// position is that of the last publication.
func (s *scene) position() int64 {
	s.t.Helper()
	position, err := s.store.Position(s.ctx)
	s.must(err)
	return position
}

func publishedInOrder(s *scene) {
	start := s.position()
	posts, _ := s.published(start)
	s.equal("Published() of nothing", len(posts), 0)
	a, b := s.user(), s.user()
	early := s.newPost(a) // the order is that of commits, not of ids
	var want []*blog.Post
	for _, author := range []*account.Credentials{a, b, a} {
		want = append(want, s.post(author))
		_, positions := s.published(start)
		s.equal("Position()", s.position(), positions[len(positions)-1])
	}
	s.must(s.store.CreatePost(s.ctx, early))
	want = append(want, early)
	got, positions := s.published(start)
	s.equal("Published()", got, want)
	s.equal("whether positions rise", slices.IsSorted(positions) && len(slices.Compact(slices.Clone(positions))) == len(want), true)
	for i, position := range positions {
		rest, _ := s.published(position)
		s.equal("Published(after one)", len(rest), len(want)-i-1)
	}
	some, err := s.store.Published(s.ctx, positions[0], 2)
	s.must(err)
	s.equal("the number of Published(two at most)", len(some), 2)
	s.equal("Published(two at most)", []*blog.Post{some[0].Post, some[1].Post}, want[1:3])

	changed, err := s.store.UpdatePost(s.ctx, want[0].ID, func(p *blog.Post) error {
		p.Title = "Changed"
		return nil
	})
	s.must(err)
	got, _ = s.published(start)
	s.equal("Published(), which has posts as they are,", got, append([]*blog.Post{changed}, want[1:]...))
}

func failuresUnpublished(s *scene) {
	author := s.user()
	there := s.post(author)
	start := s.position()
	clash := s.newPost(author)
	clash.Slug = there.Slug
	s.taken("CreatePost()", s.store.CreatePost(s.ctx, clash), "slug")
	s.notFound("CreatePost(by nobody)", s.store.CreatePost(s.ctx, s.newPost(s.newUser())))
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	if err := s.store.CreatePost(ctx, s.newPost(author)); !errors.Is(err, context.Canceled) {
		s.t.Errorf("CreatePost(cancelled): error = %v, want %v", err, context.Canceled)
	}
	posts, _ := s.published(start)
	s.equal("Published()", len(posts), 0)
	s.equal("Position()", s.position(), start)
}

func deletedUnpublished(s *scene) {
	author, leaver := s.user(), s.user()
	start := s.position()
	kept, deleted := s.post(author), s.post(author)
	s.post(leaver)
	before := s.position()
	s.must(s.store.DeletePost(s.ctx, deleted.ID, allow))
	s.must(s.store.DeleteAccount(s.ctx, leaver.ID, nil, nil))
	posts, _ := s.published(start)
	s.equal("Published()", posts, []*blog.Post{kept})
	s.equal("Position()", s.position(), before)

	last := s.post(author)
	posts, _ = s.published(before)
	s.equal("Published(after what is gone)", posts, []*blog.Post{last})
}

// raceForPositions reads on and on from where it is, while others write: had a commit a lower position than one before, it
// would never be read.
func raceForPositions(s *scene) {
	const writers, each = 8, 25
	author, clash := s.user(), s.post(s.user())
	start := s.position()
	var committed []*blog.Post
	var mu sync.Mutex
	written := make(chan []error, 1)
	go func() {
		written <- together(writers, func(i int) error {
			for range each {
				post := s.newPost(author)
				if err := s.store.CreatePost(s.ctx, post); err != nil {
					return err
				}
				mu.Lock()
				committed = append(committed, post)
				mu.Unlock()
				if i == 0 { // some fail in between
					failed := s.newPost(author)
					failed.Slug = clash.Slug
					s.taken("CreatePost()", s.store.CreatePost(s.ctx, failed), "slug")
				}
			}
			return nil
		})
	}()
	var read []*blog.Post
	done := false
	for after := start; !done; {
		select {
		case errs := <-written:
			s.must(errors.Join(errs...))
			done = true // but what was written last is still to be read
		default:
		}
		posts, positions := s.published(after)
		if len(positions) > 0 {
			read, after = append(read, posts...), positions[len(positions)-1]
		}
	}
	times := make(map[string]int)
	for _, post := range read {
		times[post.Slug]++
	}
	for _, post := range committed {
		if times[post.Slug] != 1 {
			s.t.Errorf("%s was read %d times, want once", post.Slug, times[post.Slug])
		}
	}
	s.equal("the number of posts that were read", len(read), writers*each)
	again, _ := s.published(start)
	s.equal("Published(), read at once,", again, read)
}

func listensUntilTheEnd(s *scene) {
	ctx, hangUp := context.WithCancel(s.ctx)
	heard, ended := make(chan struct{}, 1), make(chan error, 1)
	go func() {
		ended <- s.store.Listen(ctx, func() {
			select {
			case heard <- struct{}{}:
			default:
			}
		})
	}()
	<-heard
	hangUp()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		s.t.Errorf("Listen(): error = %v, want %v", err, context.Canceled)
	}
	if err := s.store.Listen(ctx, func() {}); !errors.Is(err, context.Canceled) {
		s.t.Errorf("Listen(cancelled): error = %v, want %v", err, context.Canceled)
	}
}
