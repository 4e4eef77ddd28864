package store_test

import (
	"context"
	"testing"
	"time"

	"postern/internal/store"
	"postern/internal/store/storetest"
)

// listener is somebody who listens.
type listener struct {
	heard chan struct{}
	ended chan error
	stop  context.CancelFunc
}

func listen(t *testing.T, s *store.Store) *listener {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	l := &listener{heard: make(chan struct{}, 1000), ended: make(chan error, 1), stop: stop}
	go func() { l.ended <- s.Listen(ctx, func() { l.heard <- struct{}{} }) }()
	select {
	case <-l.heard:
	case err := <-l.ended:
		t.Fatalf("Listen() = %v", err)
	}
	return l
}

// TestListenHearsCommits has another store publish: each commit is heard once, and nothing else.
func TestListenHearsCommits(t *testing.T) {
	url := storetest.PostgresURL(t)
	here, there := storetest.Open(t, url), storetest.Open(t, url)
	author := newAuthor(t, here)
	l := listen(t, here)
	tx, err := there.DB().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	insert := func(n int) {
		p := newPost(author, n)
		if _, err := tx.ExecContext(t.Context(), `
			INSERT INTO posts (id, author_id, slug, title, content, created_at, updated_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			p.ID, author.ID, p.Slug, p.Title, p.Content, p.CreatedAt, p.UpdatedAt, p.Version); err != nil {
			t.Fatal(err)
		}
	}
	// Messages come in the order of commits: had anything been heard too early, or of what is rolled back, it would count.
	insert(1)
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	if tx, err = there.DB().BeginTx(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	insert(2)
	if err := here.CreatePost(t.Context(), newPost(author, 3)); err != nil { // it does not wait for who has not committed
		t.Fatal(err)
	}
	<-l.heard
	if published, err := here.Published(t.Context(), 0, 10); err != nil || len(published) != 1 || published[0].Post.Title != "Notes 3" {
		t.Errorf("Published() = %v, %v, want the one that is committed", published, err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	<-l.heard
	if err := there.CreatePost(t.Context(), newPost(author, 4)); err != nil {
		t.Fatal(err)
	}
	<-l.heard
	l.stop()
	<-l.ended
	if more := len(l.heard); more != 0 {
		t.Errorf("%d more were heard, want none", more)
	}
	if published, err := here.Published(t.Context(), 0, 10); err != nil || len(published) != 3 || published[1].Post.Title != "Notes 2" {
		t.Errorf("Published() = %v, %v, want the later commit second", published, err)
	}
}

// TestListenTakesNoneOfThePool has a pool of one connection.
func TestListenTakesNoneOfThePool(t *testing.T) {
	s := open(t, store.Options{URL: storetest.PostgresURL(t), MaxConnections: 1})
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	l := listen(t, s)
	if err := s.CreatePost(t.Context(), newPost(newAuthor(t, s), 1)); err != nil {
		t.Fatal(err)
	}
	<-l.heard
}

// TestListenNotices breaks the line in the ways that lines break.
func TestListenNotices(t *testing.T) {
	proxy := storetest.NewProxy(t, storetest.PostgresURL(t))
	s := open(t, store.Options{URL: proxy.URL(t)})
	s.SetAttention(50*time.Millisecond, time.Second)
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, breaks := range map[string]func(){
		"cut": proxy.Cut, "swallowed": proxy.Swallow,
		"ended by the server": func() {
			if _, err := s.DB().ExecContext(t.Context(), `
				SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := listen(t, s)
			breaks()
			if err := <-l.ended; err == nil || t.Context().Err() != nil {
				t.Errorf("Listen() = %v, want what broke", err)
			}
			if name != "ended by the server" {
				if err := s.Listen(t.Context(), func() { t.Error("heard through a broken line") }); err == nil {
					t.Error("Listen(through what is broken) = nil, want an error")
				}
			}
			proxy.Mend()
			listen(t, s).stop()
		})
	}
}

// TestListenStaysOnAQuietLine asks it again and again whether it is there, which is no news.
func TestListenStaysOnAQuietLine(t *testing.T) {
	s := storetest.Open(t, storetest.PostgresURL(t))
	s.SetAttention(time.Millisecond, time.Minute)
	author := newAuthor(t, s)
	l := listen(t, s)
	for n := range 200 {
		if err := s.CreatePost(t.Context(), newPost(author, n)); err != nil {
			t.Fatal(err)
		}
	}
	for range 200 {
		select {
		case <-l.heard:
		case err := <-l.ended:
			t.Fatalf("Listen() = %v", err)
		}
	}
	l.stop()
	<-l.ended
	if more := len(l.heard); more != 0 {
		t.Errorf("%d more were heard, want none", more)
	}
}
