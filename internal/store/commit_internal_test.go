package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"postern/internal/width"
)

// ledger is a database whose writers write numbers, and are held up until so many wait.
type ledger struct {
	*Store
	log *lines
}

// lines is what is logged, a line each.
type lines struct {
	mu   sync.Mutex
	text []string
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, string(p))
	return len(p), nil
}

func (l *lines) count(what string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.text {
		if strings.Contains(line, what) {
			n++
		}
	}
	return n
}

func openLedger(t *testing.T) *ledger {
	t.Helper()
	log := new(lines)
	s, err := Open(t.Context(), Options{
		URL: "sqlite:" + filepath.Join(t.TempDir(), "ledger.db"), Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.db.ExecContext(t.Context(), `CREATE TABLE numbers (n INTEGER PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	return &ledger{Store: s, log: log}
}

// put writes a number.
func put(ctx context.Context, n int) func(q querier) error {
	return func(q querier) error {
		_, err := q.exec(ctx, `INSERT INTO numbers (n) VALUES ($1)`, n)
		return err
	}
}

// together has writers wait for one that is held up, in their order, and returns what they were answered once it is let go.
func (l *ledger) together(t *testing.T, ready func(), writers ...func() error) []error {
	t.Helper()
	held, letGo := make(chan struct{}), make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		_ = l.write(context.WithoutCancel(t.Context()), func(querier) error {
			close(held)
			<-letGo
			return nil
		})
	})
	<-held
	errs := make([]error, len(writers))
	for i, write := range writers {
		writing.Go(func() {
			defer func() {
				if panicked := recover(); panicked != nil {
					errs[i] = fmt.Errorf("panic: %v", panicked)
				}
			}()
			errs[i] = write()
		})
		for l.waiting() <= i {
			runtime.Gosched()
		}
	}
	ready()
	close(letGo)
	writing.Wait()
	return errs
}

func (l *ledger) waiting() int {
	l.commits.mu.Lock()
	defer l.commits.mu.Unlock()
	return len(l.commits.waiting)
}

// has checks which numbers there are.
func (l *ledger) has(t *testing.T, want ...int) {
	t.Helper()
	got, err := all(t.Context(), l.reader, func(r row) (n int, err error) { return n, r.Scan(&n) }, `SELECT n FROM numbers ORDER BY n`)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the numbers are %v, %v, want %v", got, err, want)
	}
}

// TestShare: those who wait share a commit, and whoever fails, panics or leaves is undone alone.
func TestShare(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	left, leave := context.WithCancel(t.Context())
	leaving, leaveNow := context.WithCancel(t.Context())
	full := errors.New("no more numbers")
	writers := []func() error{
		func() error { return l.write(t.Context(), put(t.Context(), 1)) },
		func() error { // which has written something by the time that it fails
			return l.write(t.Context(), func(q querier) error { return errors.Join(put(t.Context(), 2)(q), full) })
		},
		func() error { return l.write(t.Context(), put(t.Context(), 1)) }, // which is there already
		func() error {
			return l.write(t.Context(), func(q querier) error {
				_ = put(t.Context(), 3)(q)
				panic("three")
			})
		},
		func() error { // whose client leaves in the middle: it is written all the same
			return l.write(leaving, func(q querier) error {
				err := put(leaving, 4)(q)
				leaveNow()
				return errors.Join(err, put(leaving, 5)(q))
			})
		},
		func() error { return l.write(left, put(left, 6)) }, // whose client has left by then
		func() error { return l.write(t.Context(), put(t.Context(), 7)) },
	}
	errs := l.together(t, func() {
		leave()
		for l.waiting() == len(writers) { // until it waits no longer
			runtime.Gosched()
		}
	}, writers...)
	for i, want := range []string{"<nil>", full.Error(), "constraint failed", "panic: three", "<nil>", context.Canceled.Error(), "<nil>"} {
		if got := fmt.Sprint(errs[i]); !strings.Contains(got, want) {
			t.Errorf("writer %d is answered %s, want %s", i, got, want)
		}
	}
	l.has(t, 1, 4, 5, 7)
	if began, undone := l.log.count("SAVEPOINT one"), l.log.count("ROLLBACK TO one"); began != 6 || undone != 3 {
		t.Errorf("%d shared a commit and %d were undone, want 6 and 3", began, undone)
	}
	if err := l.write(t.Context(), put(t.Context(), 8)); err != nil || l.log.count("SAVEPOINT one") != 6 {
		t.Errorf("who writes alone is answered %v after %d savepoints, want none of its own", err, l.log.count("SAVEPOINT one"))
	}
}

// TestWritersWaitWide: while one waits for the disk, another goroutine more may run.
func TestWritersWaitWide(t *testing.T) { //nolint:paralleltest // GOMAXPROCS is the process's
	l := openLedger(t)
	l.width = width.New(func(string) string { return "" })
	usual := l.width.Usual()
	if err := l.write(t.Context(), func(querier) error {
		for runtime.GOMAXPROCS(0) == usual { // it has no end unless there will be room
			runtime.Gosched()
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if given, err := Open(t.Context(), Options{URL: filepath.Join(t.TempDir(), "w.db"), Width: l.width, Log: l.Store.log}); err != nil || given.width != l.width {
		t.Errorf("Open leaves the width out: %v", err)
	} else if err := given.Close(); err != nil {
		t.Error(err)
	}
}

// TestShareOfMany: no more than so many share a commit, and the others the next.
func TestShareOfMany(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	var writers []func() error
	var want []int
	for n := range 2*mostTogether + 1 {
		writers = append(writers, func() error { return l.write(t.Context(), put(t.Context(), n)) })
		want = append(want, n)
	}
	for i, err := range l.together(t, func() {}, writers...) {
		if err != nil {
			t.Errorf("writer %d is answered %v", i, err)
		}
	}
	l.has(t, want...)
	if got := l.log.count("SAVEPOINT one"); got != 2*mostTogether {
		t.Errorf("%d shared a commit, want %d, and the last one of its own", got, 2*mostTogether)
	}
}

// TestShareOfAFullDisk: if what they share is undone, all of them are told so, also who was done already.
func TestShareOfAFullDisk(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	for name, fail := range map[string]string{
		"the database rolls back": `ROLLBACK`, "the savepoint is gone": `RELEASE one`,
	} {
		errs := l.together(t, func() {},
			func() error { return l.write(t.Context(), put(t.Context(), 1)) },
			func() error {
				return l.write(t.Context(), func(q querier) error {
					_, err := q.exec(t.Context(), fail)
					return errors.Join(err, errors.New("the disk is full"))
				})
			},
			func() error { return l.write(t.Context(), put(t.Context(), 2)) },
		)
		for i, err := range errs {
			if err == nil {
				t.Errorf("%s: writer %d is told that all is well", name, i)
			}
		}
		l.has(t)
	}
	if err := l.write(t.Context(), put(t.Context(), 3)); err != nil {
		t.Errorf("who writes afterwards is answered %v", err)
	}
	l.has(t, 3)
}

// TestShareAmongMany writes from everywhere, some of whom leave: each number is there if and only if its writer was told so.
func TestShareAmongMany(t *testing.T) {
	t.Parallel()
	l := openLedger(t)
	const writers, each = 16, 25
	var mu sync.Mutex
	written := []int{}
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				n := w*each + i
				ctx, cancel := context.WithCancel(t.Context())
				if n%7 == 0 {
					cancel()
				}
				err := l.write(ctx, put(ctx, n))
				cancel()
				if err == nil {
					mu.Lock()
					written = append(written, n)
					mu.Unlock()
				}
			}
		})
	}
	writing.Wait()
	slices.Sort(written)
	l.has(t, written...)
	if len(written) != writers*each-(writers*each+6)/7 {
		t.Errorf("%d were written, want all but those who left", len(written))
	}
}
