package postgres_test

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"postern/internal/store/postgres"
)

// each has every row of a statement scanned.
func each(t *testing.T, r postgres.Reader, text string, take func(scan func(dest ...any) error) error) error {
	t.Helper()
	return r.Each(t.Context(), text, nil, func(row postgres.Row) (more bool, err error) { return true, take(row.Scan) })
}

const numbers = `SELECT n FROM generate_series(1, 1000) AS n`

// TestEach: rows come in their order until there are enough, or none is left, or one is no good; the connection is used again, and knows
// the statement.
func TestEach(t *testing.T) {
	db, r := database(t, 1)
	before := server(t, r)
	bad := errors.New("bad")
	for name, test := range map[string]struct {
		enough int
		fail   error
		taken  int
	}{
		"all":             {0, nil, 1000},
		"one":             {1, nil, 1},
		"some":            {500, nil, 500},
		"a bad one":       {1, bad, 1},
		"a bad last one":  {1000, bad, 1000},
		"a bad other one": {500, bad, 500},
	} {
		taken := 0
		err := r.Each(t.Context(), numbers, nil, func(row postgres.Row) (more bool, err error) {
			taken++
			var n int
			if err := row.Scan(&n); err != nil || n != taken {
				t.Errorf("%s: row %d = %d, %v", name, taken, n, err)
			}
			if taken == test.enough {
				return false, test.fail
			}
			return true, nil
		})
		if taken != test.taken || !errors.Is(err, test.fail) || (err == nil) != (test.fail == nil) {
			t.Errorf("%s: %d rows, %v, want %d, %v", name, taken, err, test.taken, test.fail)
		}
	}
	if err := one(t.Context(), r, `SELECT 1 WHERE false`, nil, new(int)); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("no row: %v, want sql.ErrNoRows", err)
	}
	if after := server(t, r); after != before {
		t.Errorf("the server is %d, want %d", after, before)
	}
	var prepared int
	if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_prepared_statements WHERE statement = $1`, numbers).Scan(&prepared); err != nil || prepared != 1 {
		t.Errorf("the statement was prepared %d times, %v, want once", prepared, err)
	}
}

// TestErrors of the server's are told, wherever they are met, and end nothing but the statement.
func TestErrors(t *testing.T) {
	_, r := database(t, 1)
	before := server(t, r)
	for name, test := range map[string]struct {
		text  string
		code  string
		taken int
	}{
		"no SQL":          {`SELEKT 1`, "42601", 0},
		"no table":        {`SELECT n FROM nothing`, "42P01", 0},
		"the first row":   {`SELECT 1 / (n - 1) FROM generate_series(1, 3) AS n`, "22012", 0},
		"some row":        {`SELECT 1 / (n - 500) FROM generate_series(1, 1000) AS n`, "22012", 499},
		"no SQL, again":   {`SELEKT 1`, "42601", 0},
		"some row, again": {`SELECT 1 / (n - 500) FROM generate_series(1, 1000) AS n`, "22012", 499},
	} {
		taken := 0
		err := each(t, r, test.text, func(func(...any) error) error { taken++; return nil })
		if told, is := errors.AsType[*pgconn.PgError](err); !is || told.Code != test.code || taken != test.taken {
			t.Errorf("%s: %d rows, %v, want %d and %s", name, taken, err, test.taken, test.code)
		}
	}
	if after := server(t, r); after != before {
		t.Errorf("the server is %d, want %d", after, before)
	}
}

// TestPanic: who panics leaves a connection in the middle of a statement, which is ended; others get another one.
func TestPanic(t *testing.T) {
	db, r := database(t, 1)
	before := server(t, r)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("nobody panicked")
			}
		}()
		_ = r.Each(t.Context(), numbers, nil, func(postgres.Row) (bool, error) { panic("taken") })
	}()
	if n := db.Stats().OpenConnections; n != 0 {
		t.Errorf("%d connections are open, want none", n)
	}
	if after := server(t, r); after == before {
		t.Error("the connection was given to somebody else in the middle of a statement")
	}
}

// TestContexts that are over: nothing is asked, and the connection is as it was. Nobody waits for one with them, either.
func TestContexts(t *testing.T) {
	_, r := database(t, 1)
	before := server(t, r)
	over, end := context.WithCancel(t.Context())
	end()
	if err := one(over, r, numbers, nil, new(int)); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is over: %v, want %v", err, context.Canceled)
	}
	if err := each(t, r, numbers, func(func(...any) error) error {
		waiting, end := context.WithCancel(t.Context())
		defer end()
		var left sync.WaitGroup
		left.Go(func() {
			if err := one(waiting, r, numbers, nil, new(int)); !errors.Is(err, context.Canceled) {
				t.Errorf("waiting in vain: %v, want %v", err, context.Canceled)
			}
		})
		end()
		left.Wait()
		return nil
	}); err != nil {
		t.Error(err)
	}
	if after := server(t, r); after != before {
		t.Errorf("the server is %d, want %d", after, before)
	}
}

// TestManyAtOnce share the connections with who uses them by database/sql.
func TestManyAtOnce(t *testing.T) {
	const connections, readers, times = 3, 20, 50
	db, r := database(t, connections)
	var all sync.WaitGroup
	for i := range readers {
		all.Go(func() {
			for range times {
				var n, m int
				if err := one(t.Context(), r, `SELECT $1::integer`, []any{i}, &n); err != nil || n != i {
					t.Errorf("Each() = %d, %v, want %d", n, err, i)
				}
				if err := db.QueryRowContext(t.Context(), `SELECT $1::integer`, i).Scan(&m); err != nil || m != i {
					t.Errorf("QueryRowContext() = %d, %v, want %d", m, err, i)
				}
			}
		})
	}
	all.Wait()
	if n := db.Stats().OpenConnections; n > connections {
		t.Errorf("%d connections are open, want %d at most", n, connections)
	}
}

// TestClosed says so.
func TestClosed(t *testing.T) {
	db, r := database(t, 1)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := one(t.Context(), r, numbers, nil, new(int)); err == nil {
		t.Error("Each() of what is closed = nil, want an error")
	}
}
