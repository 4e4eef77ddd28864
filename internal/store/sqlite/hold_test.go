package sqlite_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"postern/internal/store/sqlite"
)

const countNumbers = `SELECT count(*) FROM numbers`

// held reads until a connection holds what it sees, which has no end unless one does.
func held(t *testing.T, p *sqlite.Pool) {
	t.Helper()
	for count(t, p, countNumbers); p.Holding() != 1; {
		count(t, p, countNumbers)
	}
}

// TestHold: what is seen is held when a statement has ended, for a moment, and by nobody while there is a pause.
func TestHold(t *testing.T) {
	p, db := pool(t, 2)
	read := func() { count(t, p, countNumbers) }
	held(t, p)
	for p.Holding() != 0 { // it has no end unless that ends by itself
		runtime.Gosched()
	}
	held(t, p)
	resume, again := p.Pause(), p.Pause()
	for range 100 {
		if n := p.Holding(); n != 0 || busy(t, db) {
			t.Fatalf("%d connections hold what they see, in a pause", n)
		}
		write(t, db, `UPDATE numbers SET word = word || '.'`)
		read()
	}
	resume()
	if read(); p.Holding() != 0 {
		t.Error("what is seen is held, in what one of two has paused")
	}
	again()
	held(t, p)
}

// TestPauseEndsWhatBegan: a statement that began before a pause holds nothing once it ends in it.
func TestPauseEndsWhatBegan(t *testing.T) {
	p, _ := pool(t, 1)
	count(t, p, countNumbers) // the first connection holds nothing yet
	rows, err := p.Query(t.Context(), countNumbers, nil)
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	resume := p.Pause()
	defer resume()
	if err := rows.Close(); err != nil || p.Holding() != 0 {
		t.Errorf("Close() = %v, and %d connections hold what they see, in a pause", err, p.Holding())
	}
}

// TestRoundEndsWhatBegan: so does one that is longer than a round.
func TestRoundEndsWhatBegan(t *testing.T) {
	p, _ := pool(t, 1)
	count(t, p, countNumbers)
	rows, err := p.Query(t.Context(), countNumbers, nil)
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	p.EndRound()
	if err := rows.Close(); err != nil || p.Holding() != 0 {
		t.Errorf("Close() = %v, and %d connections hold what they see, from one round to the next", err, p.Holding())
	}
}

// TestHeldReadersSeeEachCommit, one after the other, by whichever connection, and of their own as well.
func TestHeldReadersSeeEachCommit(t *testing.T) {
	p, db := pool(t, 2)
	for n := 2; n < 500; n++ {
		write(t, db, `INSERT INTO numbers VALUES ($1, 'more')`, n)
		for range 3 {
			if got := count(t, p, countNumbers); got != n {
				t.Fatalf("count = %d, want %d", got, n)
			}
		}
	}
}

// TestLogStaysShort: it is taken into the file, and begins anew, whoever holds what they see before and after each commit.
func TestLogStaysShort(t *testing.T) {
	t.Parallel()
	db, uri := writable(t)
	p := sqlite.NewPool(uri, 2)
	defer func() { _ = p.Close() }()
	const commits, page, taken = 5000, 4096, 1000 // so many pages SQLite takes into the file at once
	word := strings.Repeat("a word ", 500)
	for n := range commits {
		held(t, p)
		resume := p.Pause()
		write(t, db, `INSERT INTO numbers VALUES ($1, $2) ON CONFLICT DO UPDATE SET word = excluded.word`, n%10, strconv.Itoa(n)+word)
		resume()
	}
	about, err := os.Stat(strings.TrimPrefix(uri, "file:") + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if pages := about.Size() / page; pages > 2*taken {
		t.Errorf("after %d commits, the log has %d pages, want some %d", commits, pages, taken)
	}
}

// TestNothingIsHeldWithoutLog: where a reader would keep writers out, there is nothing that tells of commits.
func TestNothingIsHeldWithoutLog(t *testing.T) {
	t.Parallel()
	uri := "file:" + filepath.Join(t.TempDir(), "test.db")
	db, err := sql.Open("sqlite", uri+"?_pragma=journal_mode(DELETE)&_pragma=busy_timeout(0)")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	write(t, db, `CREATE TABLE numbers (n INTEGER PRIMARY KEY, word TEXT) STRICT`)
	p := sqlite.NewPool(uri, 1)
	defer func() { _ = p.Close() }()
	for n := range 100 {
		write(t, db, `INSERT INTO numbers VALUES ($1, 'more')`, n)
		if got := count(t, p, countNumbers); got != n+1 || p.Holding() != 0 {
			t.Fatalf("count = %d, and %d connections hold what they see; want %d and none", got, p.Holding(), n+1)
		}
	}
}
