package store_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"postern/internal/blog"
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
	t.Cleanup(stop)
	l := &listener{heard: make(chan struct{}, 1000), ended: make(chan error, 1), stop: stop}
	go func() { l.ended <- s.Listen(ctx, func() { l.heard <- struct{}{} }) }()
	select {
	case <-l.heard:
	case err := <-l.ended:
		t.Fatalf("Listen() = %v", err)
	}
	return l
}

// end stops to listen.
func (l *listener) end(t *testing.T) {
	t.Helper()
	l.stop()
	if err := <-l.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Listen() = %v, want %v", err, context.Canceled)
	}
}

// TestListenHearsCommits has another store publish: each commit is heard once, and nothing else.
func TestListenHearsCommits(t *testing.T) {
	url := storetest.PostgresURL(t)
	here, there := storetest.Open(t, url), storetest.Open(t, url)
	author := newAuthor(t, here)
	l := listen(t, here)
	begin := func(post *blog.Post) *sql.Tx {
		tx, err := there.DB().BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		insert(t, tx, post)
		return tx
	}
	// Messages come in the order of commits: had anything been heard too early, or of what is rolled back, it would count.
	if err := begin(newPost(author, 1)).Rollback(); err != nil {
		t.Fatal(err)
	}
	tx := begin(newPost(author, 2))
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
	l.end(t)
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
	url := storetest.PostgresURL(t)
	there := open(t, store.Options{URL: url})
	proxy := storetest.NewProxy(t, url)
	s := open(t, store.Options{URL: proxy.URL(t)})
	s.SetAttention(50*time.Millisecond, 2*time.Second)
	for name, breaks := range map[string]func(){
		"cut": proxy.Cut, "swallowed": proxy.Swallow,
		"ended by the server": func() {
			if _, err := there.DB().ExecContext(t.Context(), `
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
			listen(t, s).end(t)
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
	l.end(t)
	if more := len(l.heard); more != 0 {
		t.Errorf("%d more were heard, want none", more)
	}
}
