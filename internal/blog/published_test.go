package blog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/id"
	"postern/internal/store/storetest"
)

// published subscribes.
func (h *house) published(t *testing.T, ctx context.Context, author *id.User) *blog.Subscription { //nolint:revive // it is the test's that comes first
	t.Helper()
	s, err := h.Published(ctx, author)
	if err != nil {
		t.Fatalf("Published() = %v", err)
	}
	return s
}

// hears checks the next posts of a subscription.
func hears(t *testing.T, name string, s *blog.Subscription, want ...*blog.Post) {
	t.Helper()
	for i, post := range want {
		got, open := <-s.Posts
		if !open {
			t.Fatalf("Published(%s) ended at post %d with %v, want %q", name, i, s.Err(), post.Title)
		}
		if *got != *post {
			t.Errorf("Published(%s) has post %d = %+v, want %+v", name, i, got, post)
		}
	}
}

// titlesUntil are the titles of what a subscription has, up to one.
func titlesUntil(t *testing.T, s *blog.Subscription, last string) (found []string) {
	t.Helper()
	for post := range s.Posts {
		if found = append(found, post.Title); post.Title == last {
			return found
		}
	}
	t.Fatalf("Published() ended with %v after %d posts, want %q", s.Err(), len(found), last)
	return nil
}

func TestPublishedTellsWhatWasStored(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		t.Helper()
		h := openOn(t, url)
		jane, john := h.visitor(t, "Jane", auth.Author), h.visitor(t, "John", auth.Author)
		h.post(t, jane, "Before anybody subscribed")
		ctx, cancel := context.WithCancelCause(t.Context())
		all, johns := h.published(t, ctx, nil), h.published(t, ctx, &john.UserID)

		janes := h.post(t, jane, "By Jane")
		if _, err := h.CreatePost(ctx, jane, blog.CreatePostInput{Title: "T", Content: "C", Slug: &janes.Slug}); err == nil {
			t.Error("CreatePost(taken slug) = nil, want an error")
		}
		hears(t, "all", all, janes)
		if _, err := h.UpdatePost(ctx, jane, blog.UpdatePostInput{PostID: janes.ID, Title: new("Changed")}); err != nil {
			t.Error(err)
		}
		late := h.published(t, ctx, nil)
		last := h.post(t, john, "By John")
		hears(t, "all", all, last)
		hears(t, "John's", johns, last)
		hears(t, "late", late, last)

		gone := errors.New("gone")
		cancel(gone)
		for name, s := range map[string]*blog.Subscription{"all": all, "John's": johns, "late": late} {
			for post := range s.Posts {
				t.Errorf("Published(%s) after its end = %+v, want no more", name, post)
			}
			if err := s.Err(); err != gone { //nolint:errorlint // the very cause
				t.Errorf("Err() of %s = %v, want the cause", name, err)
			}
		}
		h.post(t, jane, "To nobody")
	})
}

func TestPublishedOutsideOfRun(t *testing.T) {
	t.Parallel()
	h := open(t)
	service := blog.NewService(blog.Options{Store: h.store, Now: h.tick})
	s, err := service.Published(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	post := h.post(t, h.visitor(t, "Jane", auth.Author), "Before it runs")
	t.Run("it runs", func(t *testing.T) {
		runFeed(t, service)
		hears(t, "by who subscribed before it ran", s, post)
	})
	for range s.Posts { // until it is closed
	}
	if s.Err() == nil {
		t.Error("Err() after the end of Run = nil, want an error")
	}
	if _, err := service.Published(t.Context(), nil); err == nil {
		t.Error("Published() after the end of Run = nil, want an error")
	}
}

// TestPublishedLeavesOutWhatIsDeleted deletes posts before the feed runs to read them.
func TestPublishedLeavesOutWhatIsDeleted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		t.Helper()
		h := openOn(t, url)
		jane, john := h.visitor(t, "Jane", auth.Author), h.visitor(t, "John", auth.Author)
		service := blog.NewService(blog.Options{Store: h.store, Now: h.tick})
		s, err := service.Published(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		first, gone := h.post(t, jane, "First"), h.post(t, jane, "Gone")
		h.post(t, john, "Gone with John")
		last := h.post(t, jane, "Last")
		if _, err := h.DeletePost(t.Context(), jane, blog.DeletePostInput{PostID: gone.ID}); err != nil {
			t.Fatal(err)
		}
		if err := h.store.DeleteAccount(t.Context(), john.UserID, nil, nil); err != nil {
			t.Fatal(err)
		}
		runFeed(t, service)
		hears(t, "all", s, first, last)
	})
}

// TestPublishedInOrder has subscribers who come while eight write: each hears what it should, in the one order.
func TestPublishedInOrder(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		t.Helper()
		const writers, each = 8, 20
		h := openOn(t, url)
		other := blog.NewService(blog.Options{Store: storetest.Open(t, url), Now: h.tick})
		jane := h.visitor(t, "Jane", auth.Author)
		early := h.published(t, t.Context(), nil)
		var group sync.WaitGroup
		late := make([]*blog.Subscription, writers)
		for writer := range writers {
			group.Go(func() {
				service := []*blog.Service{h.Service, other}[writer%2]
				for i := range each {
					_, err := service.CreatePost(t.Context(), jane, blog.CreatePostInput{Title: fmt.Sprintf("%d of %d", i, writer), Content: "…"})
					if err != nil {
						t.Error(err)
					}
					if i == each/2 {
						late[writer] = h.published(t, t.Context(), nil)
					}
				}
			})
		}
		group.Wait()
		h.post(t, jane, "The end")
		all := titlesUntil(t, early, "The end")
		for writer := range writers {
			for i := range each {
				title := fmt.Sprintf("%d of %d", i, writer)
				at := slices.Index(all, title)
				if at < 0 || slices.Index(all[at+1:], title) >= 0 || i > 0 && slices.Index(all[:at], fmt.Sprintf("%d of %d", i-1, writer)) < 0 {
					t.Errorf("%q is at %d of %q, want it once, and after the one before", title, at, all)
				}
			}
			got := titlesUntil(t, late[writer], "The end")
			if want := all[len(all)-len(got):]; !slices.Equal(got, want) {
				t.Errorf("late subscriber %d heard %q, want the end of what others did: %q", writer, got, want)
			}
			before, after := fmt.Sprintf("%d of %d", each/2, writer), fmt.Sprintf("%d of %d", each/2+1, writer)
			if slices.Contains(got, before) || !slices.Contains(got, after) {
				t.Errorf("late subscriber %d heard %q, want none committed before it came, and all after", writer, got)
			}
		}
	})
}

// TestPublishedByOthers has two services on two stores of one PostgreSQL: subscribers of both hear the same.
func TestPublishedByOthers(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	houses := []*house{openOn(t, url), openOn(t, url)}
	jane := houses[0].visitor(t, "Jane", auth.Author)
	subscriptions := []*blog.Subscription{houses[0].published(t, t.Context(), nil), houses[1].published(t, t.Context(), &jane.UserID)}
	var group sync.WaitGroup
	for i, h := range houses {
		group.Go(func() {
			for n := range 50 {
				if _, err := h.CreatePost(t.Context(), jane, blog.CreatePostInput{Title: fmt.Sprint(n, " at ", i), Content: "…"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	houses[0].post(t, jane, "The end")
	first, second := titlesUntil(t, subscriptions[0], "The end"), titlesUntil(t, subscriptions[1], "The end")
	if len(first) != 101 || !slices.Equal(first, second) {
		t.Errorf("heard %d: %q, and elsewhere %d: %q, want 101, the same", len(first), first, len(second), second)
	}
}

// TestPublishedDuringAnOutage cuts a service from its database while another one publishes.
func TestPublishedDuringAnOutage(t *testing.T) {
	t.Parallel()
	url := storetest.PostgresURL(t)
	proxy := storetest.NewProxy(t, url)
	here, there := openOn(t, proxy.URL(t)), openOn(t, url)
	jane := there.visitor(t, "Jane", auth.Author)
	s := here.published(t, t.Context(), nil)
	hears(t, "all", s, there.post(t, jane, "Before"), here.post(t, jane, "Also before"))
	proxy.Cut()
	var missed []*blog.Post
	for i := range 100 {
		missed = append(missed, there.post(t, jane, fmt.Sprint("Missed ", i)))
	}
	proxy.AwaitConnections(2) // it tries, and cannot
	if err := second(here.Published(t.Context(), nil)); err == nil {
		t.Error("Published() without a database = nil, want an error")
	}
	proxy.Mend()
	hears(t, "all", s, append(missed, there.post(t, jane, "After"))...)
}
