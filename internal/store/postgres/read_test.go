package postgres_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"postern/internal/store/postgres"
	"postern/internal/store/storetest"
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
	_, r := database(t, 1)
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
				return test.fail != nil, test.fail // whatever is wanted, what fails ends it
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
}

// prepared is when a statement was prepared by the only connection of a database.
func prepared(t *testing.T, db *sql.DB, text string) (at time.Time) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), `SELECT prepare_time FROM pg_prepared_statements WHERE statement = $1`, text).Scan(&at); err != nil {
		t.Fatalf("when %s was prepared: %v", text, err)
	}
	return at
}

// TestStatementsArePreparedOnce for each connection, and are there again when database/sql has closed one of the same text.
func TestStatementsArePreparedOnce(t *testing.T) {
	db, r := database(t, 1)
	read := func() {
		t.Helper()
		var n int
		if err := one(t.Context(), r, numbers, nil, &n); err != nil || n != 1 {
			t.Errorf("Each() = %d, %v, want 1", n, err)
		}
	}
	read()
	first := prepared(t, db, numbers)
	read()
	if again := prepared(t, db, numbers); !again.Equal(first) {
		t.Errorf("prepared at %v, and again at %v", first, again)
	}
	stmt, err := db.PrepareContext(t.Context(), numbers)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	if err := stmt.QueryRowContext(t.Context()).Scan(&n); err != nil || n != 1 {
		t.Errorf("QueryRowContext() = %d, %v, want 1", n, err)
	}
	read()
	if err := stmt.Close(); err != nil { //nolint:sqlclosecheck // not at the end of the test, but here
		t.Error(err)
	}
	read()
	if err := db.QueryRowContext(t.Context(), numbers).Scan(&n); err != nil || n != 1 {
		t.Errorf("QueryRowContext() = %d, %v, want 1", n, err)
	}
	read()
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
	if err := one(t.Context(), r, `SELECT 1 / (n - 500) FROM generate_series(1, 1000) AS n`, nil, new(int)); err == nil {
		t.Error("one row, and an error after it: nil, want the error")
	}
	if after := server(t, r); after != before {
		t.Errorf("the server is %d, want %d", after, before)
	}
}

// panics when it is asked for its value.
type panics struct{}

func (panics) Value() (driver.Value, error) { panic("asked for its value") }

// TestPanic: who panics may leave a connection in the middle of a statement, which is ended; others get another one.
func TestPanic(t *testing.T) {
	db, r := database(t, 1)
	for name, read := range map[string]func() error{
		"taking a row": func() error {
			return r.Each(t.Context(), numbers, nil, func(postgres.Row) (bool, error) { panic("taken") })
		},
		"being an argument": func() error { return one(t.Context(), r, `SELECT $1::text`, []any{panics{}}, new(string)) },
	} {
		before := server(t, r)
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s nobody panicked", name)
				}
			}()
			_ = read()
		}()
		if n := db.Stats().OpenConnections; n != 0 {
			t.Errorf("%s: %d connections are open, want none", name, n)
		}
		if after := server(t, r); after == before {
			t.Errorf("%s: the connection was given to somebody else", name)
		}
	}
}

// TestContexts that are over: nothing is asked, and the connection is as it was. Nobody waits for one with them, either.
func TestContexts(t *testing.T) {
	db, r := database(t, 1)
	before := server(t, r)
	over, end := context.WithCancel(t.Context())
	end()
	if err := one(over, r, numbers, nil, new(int)); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is over: %v, want %v", err, context.Canceled)
	}
	if err := r.Each(t.Context(), numbers, nil, func(postgres.Row) (more bool, err error) {
		waiting, end := context.WithCancel(t.Context())
		defer end()
		var left sync.WaitGroup
		left.Go(func() {
			if err := one(waiting, r, numbers, nil, new(int)); !errors.Is(err, context.Canceled) {
				t.Errorf("waiting in vain: %v, want %v", err, context.Canceled)
			}
		})
		for db.Stats().WaitCount == 0 {
			runtime.Gosched()
		}
		end()
		left.Wait()
		return false, nil
	}); err != nil {
		t.Error(err)
	}
	if after := server(t, r); after != before {
		t.Errorf("the server is %d, want %d", after, before)
	}
}

// TestLeaving in the middle of a statement: what is answered soon is handed over, and the connection kept; what is not, ends with it.
func TestLeaving(t *testing.T) {
	for name, soon := range map[string]bool{"answered soon": true, "not answered": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := storetest.PostgresURL(t)
			db, r := open(t, url, 1)
			before := server(t, r)
			other, _ := open(t, url, 1)
			tx, err := other.BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = tx.Rollback() }()
			ask := func(text string, dest any) {
				t.Helper()
				if err := tx.QueryRowContext(t.Context(), text).Scan(dest); err != nil {
					t.Fatal(err)
				}
			}
			ask(`SELECT pg_advisory_xact_lock(7)::text`, new(string))
			leaving, leave := context.WithCancel(t.Context())
			left := make(chan error, 1)
			go func() { left <- one(leaving, r, `SELECT pg_advisory_lock_shared(7)::text`, nil, new(string)) }()
			for waits := false; !waits; {
				select {
				case err := <-left:
					t.Fatalf("Each() = %v before anybody left", err)
				default:
				}
				ask(`SELECT EXISTS (SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
					WHERE l.locktype = 'advisory' AND NOT l.granted AND d.datname = current_database())`, &waits) // others do the same in theirs
			}
			leave()
			if soon {
				if err := tx.Rollback(); err != nil {
					t.Fatal(err)
				}
			}
			err = <-left
			if soon && err != nil || !soon && !errors.Is(err, context.Canceled) {
				t.Errorf("Each() = %v", err)
			}
			if kept := db.Stats().OpenConnections == 1; kept != soon {
				t.Errorf("%d connections are open", db.Stats().OpenConnections)
			}
			if after := server(t, r); (after == before) != soon {
				t.Errorf("the server is %d, and was %d", after, before)
			}
		})
	}
}

// TestCutOff between two rows: that is told, and others get another connection.
func TestCutOff(t *testing.T) {
	proxy := storetest.NewProxy(t, storetest.PostgresURL(t))
	db, r := open(t, proxy.URL(t), 1)
	taken := 0
	err := r.Each(t.Context(), `SELECT repeat('a', 1000000) FROM generate_series(1, 100)`, nil, func(row postgres.Row) (bool, error) {
		taken++
		if taken == 1 {
			proxy.Cut()
			proxy.Mend()
		}
		return true, row.Scan(new(string))
	})
	if err == nil || taken == 100 {
		t.Errorf("Each() = %d rows, %v, want an error", taken, err)
	}
	if n := db.Stats().OpenConnections; n != 0 {
		t.Errorf("%d connections are open, want none", n)
	}
	server(t, r)
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
