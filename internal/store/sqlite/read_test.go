package sqlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"postern/internal/store/sqlite"
)

// TestReadsWhatIsCommitted by all connections, at once.
func TestReadsWhatIsCommitted(t *testing.T) {
	p, db := pool(t, 4)
	for n := 2; n < 200; n++ {
		write(t, db, `INSERT INTO numbers VALUES ($1, 'more')`, n)
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if got := count(t, p, `SELECT count(*) FROM numbers`); got != n {
					t.Errorf("count = %d, want %d", got, n)
				}
			})
		}
		all.Wait()
	}
}

// TestRowsAreOfOneMoment while others write.
func TestRowsAreOfOneMoment(t *testing.T) {
	p, db := pool(t, 2)
	write(t, db, `INSERT INTO numbers VALUES (2, 'two'), (3, 'three')`)
	rows, err := p.Query(t.Context(), `SELECT word FROM numbers ORDER BY n`, nil)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	for rows.Next() {
		var word string
		if err := rows.Scan(&word); err != nil {
			t.Fatal(err)
		}
		words = append(words, word)
		write(t, db, `UPDATE numbers SET word = 'other'`)
	}
	if err := rows.Err(); err != nil || strings.Join(words, " ") != "one two three" {
		t.Errorf("rows = %v, %v, want them as they were at first", words, err)
	}
}

// TestEach: rows come in their order until there are enough, or none is left, or one is no good, or who takes it panics; the connection
// rests then.
func TestEach(t *testing.T) {
	p, db := pool(t, 1)
	for n := 2; n <= 10; n++ {
		write(t, db, `INSERT INTO numbers VALUES ($1, 'more')`, n)
	}
	bad := errors.New("bad")
	for name, test := range map[string]struct {
		end    int
		fail   error
		panics bool
		taken  int
	}{
		"all":                {0, nil, false, 10},
		"one":                {1, nil, false, 1},
		"some":               {5, nil, false, 5},
		"a bad one":          {1, bad, false, 1},
		"a bad last one":     {10, bad, false, 10},
		"one that is feared": {5, nil, true, 5},
	} {
		taken := 0
		each := func() (err error) {
			defer func() {
				if (recover() != nil) != test.panics {
					t.Errorf("%s: panicked %v, want %v", name, !test.panics, test.panics)
				}
			}()
			return p.Each(t.Context(), `SELECT n FROM numbers ORDER BY n`, nil, func(row sqlite.Row) (more bool, err error) {
				taken++
				var n int
				if err := row.Scan(&n); err != nil || n != taken {
					t.Errorf("%s: row %d = %d, %v", name, taken, n, err)
				}
				if taken == test.end && test.panics {
					panic("taken")
				}
				if taken == test.end {
					return test.fail != nil, test.fail // whatever is wanted, what fails ends it
				}
				return true, nil
			})
		}
		if err := each(); taken != test.taken || !errors.Is(err, test.fail) || (err == nil) != (test.fail == nil) {
			t.Errorf("%s: %d rows, %v, want %d, %v", name, taken, err, test.taken, test.fail)
		}
		if connections, _ := p.Rested(); connections != 1 {
			t.Errorf("%s: %d connections rest, want one", name, connections)
		}
	}
	if err := p.Each(t.Context(), `SELEKT`, nil, func(sqlite.Row) (bool, error) { return true, nil }); err == nil {
		t.Error("Each(no SQL) = nil, want an error")
	}
}

// TestSchemaChanges under statements that are kept.
func TestSchemaChanges(t *testing.T) {
	p, db := pool(t, 1)
	const text = `SELECT word FROM numbers WHERE n = $1`
	read := func(want string) {
		t.Helper()
		var got string
		if err := one(t.Context(), p, text, []any{1}, &got); err != nil || got != want {
			t.Errorf("%s = %q, %v, want %q", text, got, err, want)
		}
	}
	read("one")
	for _, change := range []string{
		`ALTER TABLE numbers ADD COLUMN other INTEGER`,
		`CREATE INDEX by_word ON numbers (n, word)`,
		`DROP INDEX by_word`,
		`CREATE TABLE copied (word TEXT, n INTEGER PRIMARY KEY)`,
		`INSERT INTO copied SELECT word || '!', n FROM numbers`,
		`DROP TABLE numbers`,
		`ALTER TABLE copied RENAME TO numbers`,
	} {
		write(t, db, change)
		if !strings.HasPrefix(change, "DROP TABLE") && !strings.Contains(change, "RENAME") {
			read("one")
		}
	}
	read("one!")
	write(t, db, `ALTER TABLE numbers RENAME COLUMN word TO name`)
	if err := one(t.Context(), p, text, []any{1}, new(string)); err == nil || !strings.Contains(err.Error(), "no such column") {
		t.Errorf("%s without that column = %v, want that there is none", text, err)
	}
	write(t, db, `ALTER TABLE numbers RENAME COLUMN name TO word`)
	read("one!")
}

// busy tells whether somebody keeps the log from being taken into the file and emptied.
func busy(t *testing.T, db *sql.DB) (busy bool) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, new(int), new(int)); err != nil {
		t.Fatal(err)
	}
	return busy
}

// TestRestedReadersHoldNothing: the log can be taken into the file and emptied soon, whatever was read, and however that ended.
func TestRestedReadersHoldNothing(t *testing.T) {
	p, db := pool(t, 2)
	write(t, db, `INSERT INTO numbers VALUES (2, 'two')`)
	for name, end := range map[string]func(*sqlite.Rows){
		"closed in the middle": func(*sqlite.Rows) {},
		"read to the end": func(rows *sqlite.Rows) {
			for rows.Next() {
				_ = rows.Scan(new(int))
			}
		},
		"not scanned":    func(rows *sqlite.Rows) { _ = rows.Scan(new(struct{})) },
		"scanned badly":  func(rows *sqlite.Rows) { _ = rows.Scan(new(int), new(int)) },
		"panicked about": func(rows *sqlite.Rows) { defer func() { _ = recover() }(); _ = rows.Scan(panics{}) },
	} {
		rows, err := p.Query(t.Context(), `SELECT n FROM numbers ORDER BY n`, nil)
		if err != nil || !rows.Next() {
			t.Fatal(err)
		}
		write(t, db, `UPDATE numbers SET word = word || '.'`)
		if !busy(t, db) {
			t.Errorf("%s: nobody reads, want somebody at first", name)
		}
		end(rows)
		_ = rows.Close()
		for busy(t, db) { // it has no end unless what is held does
			runtime.Gosched()
		}
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = p.Query(t.Context(), `SELECT $1`, []any{panics{}})
	}()
	if connections, _ := p.Rested(); connections != 1 {
		t.Errorf("%d connections rest, want the one", connections)
	}
	for busy(t, db) { // likewise
		runtime.Gosched()
	}
}

// panics does so when it is asked anything.
type panics struct{}

func (panics) Scan(any) error               { panic("scanned") }
func (panics) Value() (driver.Value, error) { panic("asked for its value") }

// TestWritesNothing although the file is open to be written.
func TestWritesNothing(t *testing.T) {
	p, _ := pool(t, 1)
	for _, text := range []string{`DELETE FROM numbers RETURNING n`, `DROP TABLE numbers`, `PRAGMA user_version = 7`} {
		if err := one(t.Context(), p, text, nil, new(int)); err == nil || !strings.Contains(err.Error(), "readonly") {
			t.Errorf("%s: %v, want that it may not", text, err)
		}
	}
	if n := count(t, p, `SELECT count(*) FROM numbers`); n != 1 {
		t.Errorf("%d rows are left, want 1", n)
	}
}

// TestSettings are those of each connection.
func TestSettings(t *testing.T) {
	p, _ := pool(t, 1)
	for pragma, want := range map[string]int{"query_only": 1, "temp_store": 2, "busy_timeout": 5000} { // 2 is memory
		if got := count(t, p, `PRAGMA `+pragma); got != want {
			t.Errorf("%s = %d, want %d", pragma, got, want)
		}
	}
}

// TestPlaceholders are bound by their numbers, in whatever order they come.
func TestPlaceholders(t *testing.T) {
	p, _ := pool(t, 1)
	for text, want := range map[string]string{
		`SELECT $1 || $2 || $3`:             "abc",
		`SELECT $3 || $1 || $2`:             "cab",
		`SELECT $2 || $2 || $3 || $1 || $2`: "bbcab",
	} {
		for range 2 {
			var got string
			if err := one(t.Context(), p, text, []any{"a", "b", "c"}, &got); err != nil || got != want {
				t.Errorf("%s = %q, %v, want %q", text, got, err, want)
			}
		}
		for _, args := range [][]any{nil, {"a", "b"}, {"a", "b", "c", "d"}} {
			if err := one(t.Context(), p, text, args, new(string)); err == nil || !strings.Contains(err.Error(), "arguments") {
				t.Errorf("%s of %d arguments = %v, want an error", text, len(args), err)
			}
		}
	}
	for text, want := range map[string]string{
		`SELECT ?`: "placeholder", `SELECT :a`: "placeholder", `SELECT $a`: "placeholder", `SELECT $0`: "placeholder",
		`SELECT @1`: "placeholder", ``: "no statement", ` -- nothing`: "no statement", `SELEC`: "syntax error", `SELECT x`: "no such column",
	} {
		if err := one(t.Context(), p, text, nil, new(string)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, statements := p.Rested(); statements != 3+2 { // and the two that open a connection
		t.Errorf("%d statements are kept, want the 3 that are right", statements-2)
	}
}

// TestNoRows and a statement that fails at its second row.
func TestNoRows(t *testing.T) {
	p, db := pool(t, 1)
	if err := one(t.Context(), p, `SELECT n FROM numbers WHERE n = 7`, nil, new(int)); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("one(none) = %v, want %v", err, sql.ErrNoRows)
	}
	write(t, db, `INSERT INTO numbers VALUES (2, 'two'), (3, NULL)`)
	rows, err := p.Query(t.Context(), `SELECT abs(CASE n WHEN 3 THEN -9223372036854775808 ELSE n END) FROM numbers ORDER BY n`, nil)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for rows.Next() {
		read++
	}
	if err := rows.Err(); read != 2 || err == nil || !strings.Contains(err.Error(), "integer overflow") {
		t.Errorf("%d rows and %v, want 2 and an overflow", read, err)
	}
	if n := count(t, p, `SELECT count(*) FROM numbers`); n != 3 {
		t.Errorf("count = %d, want 3", n)
	}
}

// TestManyAtOnce has each statement's answer be its own.
func TestManyAtOnce(t *testing.T) {
	p, _ := pool(t, 3)
	var all sync.WaitGroup
	for worker := range 12 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			for i := range 200 {
				want := fmt.Sprint(strings.Repeat("x", i), worker)
				var got string
				if err := one(ctx, p, `SELECT $1 || $2`, []any{want[:i], want[i:]}, &got); err != nil || got != want {
					t.Errorf("%q, %v, want %q", got, err, want)
				}
			}
		})
	}
	all.Wait()
}
