package storetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"postern/internal/account"
	"postern/internal/blog"
	"postern/internal/id"
	"postern/internal/page"
)

func pages() []clause {
	return []clause{
		{"every page of posts is that of a plain slice", postPages},
		{"every page of sessions is that of a plain slice", sessionPages},
		{"who walks forward meets what stays, once", func(s *scene) { walk(s, forward) }},
		{"who walks backward meets what stays, once", func(s *scene) { walk(s, backward) }},
	}
}

// postPages compares every combination of arguments, author and span of time.
func postPages(s *scene) {
	a, b, nobody := s.user(), s.user(), s.newUser()
	var all []*blog.Post
	for i := range 12 {
		all = append(all, s.post([]*account.Credentials{a, a, b}[i%3]))
	}
	gone := all[5]
	s.must(s.store.DeletePost(s.ctx, gone.ID, allow))
	all = slices.Delete(all, 5, 6)
	slices.Reverse(all)

	cursors := []*uuid.UUID{nil, &all[0].ID.UUID, &all[4].ID.UUID, &gone.ID.UUID, &all[10].ID.UUID, &a.ID.UUID}
	spans := map[string]page.Span{
		"all":     page.All(),
		"since":   {Over: id.Floor(all[8].CreatedAt), Under: uuid.Max},
		"between": {Over: id.Floor(all[8].CreatedAt), Under: id.Floor(all[2].CreatedAt)},
		"never":   {Over: id.Floor(all[2].CreatedAt), Under: id.Floor(all[8].CreatedAt)},
	}
	for name, span := range spans {
		for by, author := range map[string]*id.User{"anybody": nil, "a": &a.ID, "nobody": &nobody.ID} {
			var list []*blog.Post
			for _, p := range all {
				if inside(span, p.ID.UUID) && (author == nil || p.Author.ID == *author) {
					list = append(list, p)
				}
			}
			for args := range combinations(cursors) {
				got, err := s.store.Posts(s.ctx, s.window(args, span), author, blog.Whole)
				s.returns(fmt.Sprintf("Posts(%s by %s, %s)", name, by, show(args)), plain(got), err, plain(cut(args, list, postID)))
				if s.t.Failed() {
					return // the others would say the same
				}
			}
		}
	}
}

func sessionPages(s *scene) {
	c, other := s.user(), s.user()
	var all []*account.Session
	now := s.newSession(c.ID).CreatedAt.Add(time.Minute)
	for i := range 8 {
		session := s.newSession(c.ID)
		if i%3 == 0 {
			session.ExpiresAt = now
		} else {
			all = append(all, &session.Session)
		}
		s.must(s.store.OpenSession(s.ctx, session, c.PasswordHash, nil))
		s.session(other)
	}
	slices.Reverse(all)
	cursors := []*uuid.UUID{nil, &all[0].ID.UUID, &all[2].ID.UUID, &all[4].ID.UUID, &other.ID.UUID, {}, &uuid.Max}
	for args := range combinations(cursors) {
		got, err := s.store.Sessions(s.ctx, c.ID, now, s.window(args, page.All()))
		want := cut(args, all, func(session *account.Session) uuid.UUID { return session.ID.UUID })
		s.returns(fmt.Sprintf("Sessions(%s)", show(args)), plain(got), err, plain(want))
		if s.t.Failed() {
			return
		}
	}
}

// combinations are all arguments with the given cursors and telling numbers.
func combinations(cursors []*uuid.UUID) func(yield func(page.Args) bool) {
	return func(yield func(page.Args) bool) {
		for _, after := range cursors {
			for _, before := range cursors {
				for _, limit := range []int{-1, 0, 1, 3} {
					for _, unflagged := range []bool{false, true} {
						forward := page.Args{After: after, Before: before, Unflagged: unflagged}
						backward := forward
						if limit >= 0 {
							forward.First, backward.Last = &limit, &limit
						}
						if !yield(forward) || backward.Last != nil && !yield(backward) {
							return
						}
					}
				}
			}
		}
	}
}

// cut is the page of a plain slice, newest first: the model of what a store is to find.
func cut[T any](args page.Args, list []T, of func(T) uuid.UUID) page.Page[T] {
	if args.Unflagged {
		args.Unflagged = false
		return page.Page[T]{Items: cut(args, list, of).Items}
	}
	var window []T
	above, below := false, false
	for _, item := range list {
		newer := args.After != nil && !less(of(item), *args.After)
		older := args.Before != nil && !less(*args.Before, of(item))
		above, below = above || newer, below || older
		if !newer && !older {
			window = append(window, item)
		}
	}
	items := window
	if args.Last != nil {
		items = items[len(items)-min(*args.Last, len(items)):]
		above = above || len(items) < len(window)
	} else {
		first := page.Default
		if args.First != nil {
			first = *args.First
		}
		items = items[:min(first, len(items))]
		below = below || len(items) < len(window)
	}
	if len(items) == 0 {
		return page.Page[T]{HasPrevious: above, HasNext: below}
	}
	return page.Page[T]{
		Items:       items,
		HasPrevious: of(items[0]) != of(list[0]),
		HasNext:     of(items[len(items)-1]) != of(list[len(list)-1]),
	}
}

// walk pages through a list while others publish and delete.
func walk(s *scene, next func(size int, seen []*blog.Post) page.Args) {
	const posts, size = 40, 3
	random := rand.New(rand.NewPCG(20260314, posts)) //nolint:gosec // the same walk each time
	author := s.user()
	var there []*blog.Post
	for range posts {
		there = append(there, s.post(author))
	}
	var seen []*blog.Post
	stayed := slices.Clone(there)
	for more := true; more; {
		args := next(size, seen)
		got, err := s.store.Posts(s.ctx, s.window(args, page.All()), nil, blog.Whole)
		s.must(err)
		seen, more = append(seen, got.Items...), got.HasNext
		if args.Last != nil {
			more = got.HasPrevious
		}
		if len(seen) > 2*posts {
			s.t.Fatalf("Posts() after %d of %d posts has more, want an end", len(seen), posts)
		}
		victims := []*blog.Post{there[random.IntN(len(there))]}
		if len(got.Items) > 0 && random.IntN(2) == 0 {
			victims = append(victims, got.Items[len(got.Items)-1], got.Items[0]) // the cursors themselves
		}
		for _, victim := range victims {
			is := func(p *blog.Post) bool { return p.ID == victim.ID }
			if !slices.ContainsFunc(there, is) {
				continue
			}
			s.must(s.store.DeletePost(s.ctx, victim.ID, allow))
			there, stayed = slices.DeleteFunc(there, is), slices.DeleteFunc(stayed, is)
		}
		there = append(there, s.post(author))
	}
	times := make(map[id.Post]int)
	for _, p := range seen {
		if times[p.ID]++; times[p.ID] > 1 {
			s.t.Errorf("Posts() found %v twice", p.ID)
		}
	}
	for _, p := range stayed {
		if times[p.ID] != 1 {
			s.t.Errorf("Posts() found %v, which stayed, %d times, want once", p.ID, times[p.ID])
		}
	}
}

func forward(size int, seen []*blog.Post) page.Args {
	args := page.Args{First: &size}
	if len(seen) > 0 {
		args.After = &seen[len(seen)-1].ID.UUID
	}
	return args
}

// backward goes from the oldest to the newest; within a page the newest is the first.
func backward(size int, seen []*blog.Post) page.Args {
	args := page.Args{Last: &size}
	if len(seen) > 0 {
		args.Before = &slices.MaxFunc(seen, func(a, b *blog.Post) int { return bytes.Compare(a.ID.UUID[:], b.ID.UUID[:]) }).ID.UUID
	}
	return args
}

func (s *scene) window(args page.Args, list page.Span) page.Window {
	s.t.Helper()
	w, err := args.Window(list)
	s.must(err)
	return w
}

func postID(p *blog.Post) uuid.UUID { return p.ID.UUID }

// plain is the page with nil for no items: whether it is nil or empty is all the same.
func plain[T any](p page.Page[T]) page.Page[T] {
	if len(p.Items) == 0 {
		p.Items = nil
	}
	return p
}

func inside(span page.Span, u uuid.UUID) bool { return less(span.Over, u) && less(u, span.Under) }

func less(a, b uuid.UUID) bool { return bytes.Compare(a[:], b[:]) < 0 }
