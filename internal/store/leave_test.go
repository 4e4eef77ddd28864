package store_test

import (
	"cmp"
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"testing"

	"postern/internal/blog"
	"postern/internal/id"
	"postern/internal/page"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

// TestReadingWhileOthersLeave: who waits for a connection gets one that works, though all who have one leave at once. What they asked is
// answered a moment later, to nobody, and their connections are kept; if it is not, PostgreSQL's driver ends them.
func TestReadingWhileOthersLeave(t *testing.T) {
	t.Parallel()
	for name, soon := range map[string]bool{"answered soon": true, "not answered": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			readWhileOthersLeave(t, soon)
		})
	}
}

func readWhileOthersLeave(t *testing.T, soon bool) {
	t.Helper()
	const connections, waiting, rounds = 6, 12, 5
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
	blocked := func() (servers string) { // once all connections are
		for n := 0; n < connections; {
			const query = `SELECT count(*), coalesce(string_agg(pid::text, ' ' ORDER BY pid), '') FROM pg_locks
				WHERE NOT granted AND relation = 'posts'::regclass`
			if err := other.QueryRowContext(t.Context(), query).Scan(&n, &servers); err != nil {
				t.Fatal(err)
			}
		}
		return servers
	}
	var first string
	for range rounds {
		tx, err := other.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), `LOCK TABLE posts IN ACCESS EXCLUSIVE MODE`); err != nil {
			t.Fatal(err)
		}
		leaving, leave := context.WithCancel(t.Context())
		var left, all sync.WaitGroup
		for i := range connections {
			left.Go(func() {
				if i%2 == 0 {
					_ = read(leaving)
				} else { // in a transaction
					_ = s.DeletePost(leaving, id.NewPost(begin), func(*blog.Post) error { return nil })
				}
			})
		}
		servers := blocked()
		if first = cmp.Or(first, servers); soon && servers != first {
			t.Errorf("connections to the servers %s, want those to %s", servers, first)
		}
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
		if !soon {
			left.Wait()
		}
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		left.Wait()
		all.Wait()
	}
}
