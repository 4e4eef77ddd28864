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
	h := newHeldUp(t, connections)
	var first string
	for range rounds {
		release := h.hold(t)
		leaving, leave := context.WithCancel(t.Context())
		var left, all sync.WaitGroup
		for i := range connections {
			left.Go(func() {
				if i%2 == 0 {
					_ = h.read(leaving)
				} else { // in a transaction
					_ = h.DeletePost(leaving, id.NewPost(begin), func(*blog.Post) error { return nil })
				}
			})
		}
		servers := h.waited(t, connections)
		if first = cmp.Or(first, servers); soon && servers != first {
			t.Errorf("connections to the servers %s, want those to %s", servers, first)
		}
		for range waiting {
			all.Go(func() {
				if err := h.read(t.Context()); err != nil {
					t.Errorf("Posts() while others leave: %v", err)
				}
			})
			all.Go(func() {
				if err := h.ForgetAttempts(t.Context(), begin); err != nil {
					t.Errorf("ForgetAttempts() while others leave: %v", err)
				}
			})
		}
		leave()
		if !soon {
			left.Wait()
		}
		release()
		left.Wait()
		all.Wait()
	}
}

// TestEndedConnectionsAreGone: those that end with who left do not come back to the pool, where they would be given to others.
func TestEndedConnectionsAreGone(t *testing.T) {
	t.Parallel()
	const connections = 6
	h := newHeldUp(t, connections)
	release := h.hold(t)
	leaving, leave := context.WithCancel(t.Context())
	var left sync.WaitGroup
	for range connections {
		left.Go(func() { _ = h.read(leaving) })
	}
	h.waited(t, connections)
	leave()
	left.Wait()
	if open := h.DB().Stats().OpenConnections; open > 0 {
		t.Errorf("%d connections are in the pool after all have ended, want none", open)
	}
	release()
	if err := h.read(t.Context()); err != nil {
		t.Errorf("Posts() afterwards = %v, want nil", err)
	}
}

// heldUp is a store on PostgreSQL whose posts somebody else can lock.
type heldUp struct {
	*store.Store

	other  *sql.DB
	window page.Window
}

func newHeldUp(t *testing.T, connections int) heldUp {
	t.Helper()
	url := storetest.PostgresURL(t)
	storetest.Open(t, url)
	other, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	window, err := page.Args{}.Window(page.All())
	if err != nil {
		t.Fatal(err)
	}
	return heldUp{open(t, store.Options{URL: url, MaxConnections: connections, Log: slog.New(slog.DiscardHandler)}), other, window}
}

func (h heldUp) read(ctx context.Context) error {
	_, err := h.Posts(ctx, h.window, nil, blog.Outline)
	return err
}

// hold has everybody wait who wants posts, until they are released.
func (h heldUp) hold(t *testing.T) (release func()) {
	t.Helper()
	tx, err := h.other.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), `LOCK TABLE posts IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	}
}

// waited returns once so many wait for posts, and which of PostgreSQL's processes they are connected to.
func (h heldUp) waited(t *testing.T, many int) (servers string) {
	t.Helper()
	const query = `SELECT count(*), coalesce(string_agg(pid::text, ' ' ORDER BY pid), '') FROM pg_locks
		WHERE NOT granted AND relation = 'posts'::regclass`
	for n := 0; n < many; {
		if err := h.other.QueryRowContext(t.Context(), query).Scan(&n, &servers); err != nil {
			t.Fatal(err)
		}
	}
	return servers
}
