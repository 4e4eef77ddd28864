package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/internal/store/sqlite"
)

// writable is a database in WAL mode, by way of database/sql, and the URI of its file. Nobody waits who finds it busy.
func writable(t *testing.T) (db *sql.DB, uri string) {
	t.Helper()
	uri = "file:" + filepath.Join(t.TempDir(), "test.db")
	db, err := sql.Open("sqlite", uri+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(0)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	write(t, db, `CREATE TABLE numbers (n INTEGER PRIMARY KEY, word TEXT) STRICT`)
	return db, uri
}

func write(t *testing.T, db *sql.DB, text string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatal(err)
	}
}

// pool is one of a database that has a row, or that of who writes to it.
func pool(t *testing.T, most int) (*sqlite.Pool, *sql.DB) {
	t.Helper()
	db, uri := writable(t)
	write(t, db, `INSERT INTO numbers VALUES (1, 'one')`)
	p := sqlite.NewPool(uri, most)
	t.Cleanup(func() { _ = p.Close() })
	return p, db
}

// one scans the only row of a statement.
func one(ctx context.Context, p *sqlite.Pool, text string, args []any, dest ...any) error {
	rows, err := p.Query(ctx, text, args)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		return errors.Join(rows.Err(), sql.ErrNoRows)
	}
	if err := rows.Scan(dest...); err != nil {
		return err
	}
	if rows.Next() {
		return errors.New("there is another row")
	}
	return rows.Err()
}

// count is what a statement counts.
func count(t *testing.T, p *sqlite.Pool, text string, args ...any) (n int) {
	t.Helper()
	if err := one(t.Context(), p, text, args, &n); err != nil {
		t.Errorf("%s: %v", text, err)
	}
	return n
}

const (
	// endless answers two rows and then looks for a third one for ever.
	endless = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 3 OR i < 0`
	// long is asked many times whether anybody waits for it.
	long = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) SELECT count(*) FROM n`
)

// TestQueryEndsWithItsContext ends a statement that would run for ever, before it, in the middle and by time, and has others use the
// one connection after it.
func TestQueryEndsWithItsContext(t *testing.T) {
	p, _ := pool(t, 1)
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		rows, err := p.Query(ctx, endless, nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if !rows.Next() {
				t.Fatal(rows.Err())
			}
		}
		go cancel()
		if rows.Next() || !errors.Is(rows.Err(), context.Canceled) {
			t.Errorf("Err() = %v, want %v", rows.Err(), context.Canceled)
		}
		if _, err := p.Query(ctx, `SELECT 1`, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("Query(ended) = %v, want %v", err, context.Canceled)
		}
		short, stop := context.WithTimeout(t.Context(), time.Millisecond)
		if err := one(short, p, long, []any{int64(1) << 62}, new(int)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one(for ever) = %v, want %v", err, context.DeadlineExceeded)
		}
		stop()
		if n := count(t, p, long, 5000); n != 5000 {
			t.Errorf("count = %d, want 5000", n)
		}
	}
	if connections, _ := p.Rested(); connections != 1 {
		t.Errorf("%d connections rest, want the one", connections)
	}
}

// TestEndingEndsNobodyElse ends statements whenever it happens, while others use the same connections.
// asked is a context that nobody can wait for the end of. It ends when it is asked for the last time: by an error, or by a panic.
type asked struct {
	context.Context //nolint:containedctx // what it is made of

	left int
	last func() error
}

func (*asked) Done() <-chan struct{} { return nil }

func (a *asked) Err() error {
	if a.left--; a.left > 0 {
		return nil
	}
	return a.last()
}

// TestQueryAsksForTheEnd: the engine itself finds out that a context has ended, and what panics meanwhile does no harm to who comes next.
func TestQueryAsksForTheEnd(t *testing.T) {
	t.Parallel()
	p, db := pool(t, 1)
	for range 3 {
		ctx := &asked{Context: t.Context(), left: 10, last: func() error { return context.DeadlineExceeded }}
		if err := one(ctx, p, endless, nil, new(int), new(int)); err == nil {
			t.Error("what has no end ended")
		}
		rows, err := p.Query(&asked{Context: t.Context(), left: 10, last: func() error { return context.DeadlineExceeded }}, endless, nil)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
		}
		if err := errors.Join(rows.Err(), rows.Close()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a statement ended with %v, want the context's error", err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("a panic is gone")
				}
			}()
			_ = one(&asked{Context: t.Context(), left: 10, last: func() error { panic("asked too often") }}, p,
				strings.Replace(endless, "i < 3 OR", "", 1), nil, new(int))
		}()
		if n := count(t, p, `SELECT count(*) FROM numbers`); n != 1 {
			t.Errorf("then %d rows are counted, want 1", n)
		}
	}
	write(t, db, `PRAGMA wal_checkpoint(TRUNCATE)`)
}

func TestEndingEndsNobodyElse(t *testing.T) {
	p, _ := pool(t, 2)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for range 200 {
				ctx, cancel := context.WithCancel(t.Context())
				if worker%2 == 0 {
					go cancel()
					if err := one(ctx, p, endless, nil, new(int)); !errors.Is(err, context.Canceled) && err.Error() != "there is another row" {
						t.Errorf("one(ended) = %v, want %v", err, context.Canceled)
					}
				} else {
					var n int
					if err := one(ctx, p, long, []any{500}, &n); err != nil || n != 500 {
						t.Errorf("one() = %d, %v, want 500", n, err)
					}
				}
				cancel()
			}
		})
	}
	all.Wait()
	if connections, _ := p.Rested(); connections != 2 {
		t.Errorf("%d connections rest, want 2", connections)
	}
}

// TestPoolIsBounded: who waits for a connection does so as long as they want, and the one that was used last is used again.
func TestPoolIsBounded(t *testing.T) {
	p, _ := pool(t, 2)
	if connections, _ := p.Rested(); connections != 0 {
		t.Errorf("%d connections rest at first, want none", connections)
	}
	held := make([]*sqlite.Rows, 2)
	for i := range held {
		var err error
		if held[i], err = p.Query(t.Context(), endless, nil); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	waited := make(chan error)
	for range 3 {
		go func() { waited <- one(ctx, p, `SELECT 1`, nil, new(int)) }()
	}
	go func() { waited <- one(t.Context(), p, `SELECT 1`, nil, new(int)) }()
	cancel()
	for range 3 {
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("Query() = %v, want %v", err, context.Canceled)
		}
	}
	for _, rows := range held {
		for range 2 { // once more does nothing
			if err := rows.Close(); err != nil || rows.Next() || rows.Scan(new(int)) == nil {
				t.Errorf("Close() = %v, or there are rows after it", err)
			}
		}
	}
	if err := <-waited; err != nil {
		t.Errorf("Query() = %v, want nil", err)
	}
	for range 10 {
		count(t, p, `SELECT 2`)
	}
	if connections, statements := p.Rested(); connections != 2 || statements != 2*3+2 {
		t.Errorf("%d connections keep %d statements, want 2 that share 3, and 2 more of the one that was used last", connections, statements)
	}
}

// TestPagesAreNotShared: no connection has a cache of pages, and with it a lock, in common with others.
func TestPagesAreNotShared(t *testing.T) {
	p, _ := pool(t, 1)
	count(t, p, countNumbers)
	if most, initialized := sqlite.SharedPages(); most != 0 || !initialized {
		t.Errorf("%d pages can be shared; the engine's own are looked at: %t", most, initialized)
	}
}

// TestClosedPool closes it while somebody reads.
func TestClosedPool(t *testing.T) {
	p, _ := pool(t, 2)
	count(t, p, `SELECT 1`)
	rows, err := p.Query(t.Context(), `SELECT n FROM numbers`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
	if !rows.Next() || rows.Next() || rows.Err() != nil {
		t.Errorf("who reads has %v, want the row", rows.Err())
	}
	if _, err := p.Query(t.Context(), `SELECT 1`, nil); !errors.Is(err, sqlite.ErrClosed) {
		t.Errorf("Query() = %v, want %v", err, sqlite.ErrClosed)
	}
	if connections, _ := p.Rested(); connections != 0 {
		t.Errorf("%d connections rest, want none", connections)
	}
	if err := p.Close(); err != nil {
		t.Errorf("Close() again = %v, want nil", err)
	}
}

// TestNoDatabase has no file, one that is no database, a folder, and one that is damaged.
func TestNoDatabase(t *testing.T) {
	folder := t.TempDir()
	junk := filepath.Join(folder, "junk.db")
	if err := os.WriteFile(junk, []byte(strings.Repeat("This is no database. ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	db, uri := writable(t)
	damaged := strings.TrimPrefix(uri, "file:")
	if err := db.Close(); err != nil { // it writes the log into the file
		t.Fatal(err)
	}
	content, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	for i := range content[100:] {
		content[100+i] = 0xff
	}
	if err := os.WriteFile(damaged, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]struct {
		code int
		text string
	}{
		filepath.Join(folder, "none.db"): {14, "unable to open"},
		folder:                           {14, "unable to open"},
		junk:                             {26, "not a database"},
		damaged:                          {11, "malformed"},
	} {
		p := sqlite.NewPool("file:"+path, 1)
		for range 2 { // and again, by the same place
			_, err := p.Query(t.Context(), `SELECT n FROM numbers`, nil)
			if fault, ok := errors.AsType[*sqlite.Error](err); !ok || fault.Code()&0xff != want.code || !strings.Contains(err.Error(), want.text) {
				t.Errorf("Query(of %s) = %v, want code %d and %q", path, err, want.code, want.text)
			}
		}
		if err := p.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "none.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file that was not there: %v, want that it is not there", err)
	}
}
