package store_test

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"testing"

	"postern/internal/blog"
	"postern/internal/page"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

// TestReadingWhileOthersLeave: who waits for a connection gets one that works, though all who have one leave at once, with which
// PostgreSQL's driver ends their connections.
func TestReadingWhileOthersLeave(t *testing.T) {
	t.Parallel()
	const connections, waiting, rounds = 6, 12, 10
	url := storetest.PostgresURL(t)
	storetest.Open(t, url)
	s := open(t, store.Options{URL: url, MaxConnections: connections, Log: slog.New(slog.DiscardHandler)})
	other, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	window, err := page.Args{}.Window(page.All())
	if err != nil {
		t.Fatal(err)
	}
	read := func(ctx context.Context) error {
		_, err := s.Posts(ctx, window, nil, blog.Outline)
		return err
	}
	blocked := func(want int) {
		for n := -1; n < want; {
			const query = `SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'posts'::regclass`
			if err := other.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range rounds {
		tx, err := other.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), `LOCK TABLE posts IN ACCESS EXCLUSIVE MODE`); err != nil {
			t.Fatal(err)
		}
		leaving, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range connections {
			all.Go(func() { _ = read(leaving) })
		}
		blocked(connections)
		for range waiting {
			all.Go(func() {
				if err := read(t.Context()); err != nil {
					t.Errorf("Posts() while others leave: %v", err)
				}
			})
			all.Go(func() {
				if err := s.ForgetAttempts(t.Context(), begin); err != nil {
					t.Errorf("ForgetAttempts() while others leave: %v", err)
				}
			})
		}
		leave()
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		all.Wait()
	}
}
