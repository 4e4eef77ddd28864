package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"postern/internal/store/postgres"
	"postern/internal/store/sqlite"
)

// statements are prepared once, when they are first needed, and kept.
type statements struct {
	db   *sql.DB
	kept sync.Map // text → *sql.Stmt
}

func (s *statements) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt, ok := s.kept.Load(text); ok {
		return stmt.(*sql.Stmt), nil
	}
	stmt, err := s.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	if first, raced := s.kept.LoadOrStore(text, stmt); raced {
		return first.(*sql.Stmt), stmt.Close()
	}
	return stmt, nil
}

func (s *statements) close() error {
	var errs []error
	s.kept.Range(func(_, stmt any) bool {
		errs = append(errs, stmt.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(errs...)
}

// transaction prepares statements for one transaction.
type transaction struct {
	tx     *sql.Tx
	stmts  *statements
	fresh  []string // what was not kept yet
	public bool     // it changes what anybody may read
}

// prepare returns a statement that is kept, or prepares one on the transaction's own connection: if all connections had
// transactions that waited for another connection to prepare on, none would ever get one.
func (t *transaction) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	t.public = t.public || changesPublic(text)
	if stmt, ok := t.stmts.kept.Load(text); ok {
		return t.tx.StmtContext(ctx, stmt.(*sql.Stmt)), nil
	}
	t.fresh = append(t.fresh, text)
	stmt, err := t.tx.PrepareContext(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	return stmt, nil
}

// keep prepares, when the transaction has ended, what it had to prepare for itself. If that fails, the next one tries.
func (t *transaction) keep(ctx context.Context) {
	for _, text := range t.fresh {
		_, _ = t.stmts.prepare(ctx, text)
	}
}

// querier runs statements, in a transaction or outside.
type querier struct {
	log     *slog.Logger
	dialect *dialect
	prepare func(ctx context.Context, text string) (*sql.Stmt, error)
	// direct reads without database/sql; nil where what is read must be of a transaction.
	direct rowReader
	// steady has statements run to their end, whoever waits for them no longer.
	steady bool
}

// row is what scan functions read from. It is an alias, as those of the packages whose readers are rowReaders: what takes a row is of
// one type for all of them.
type row = interface{ Scan(dest ...any) error }

// rowReader is *sqlite.Pool or postgres.Reader.
type rowReader interface {
	Each(ctx context.Context, text string, args []any, take func(row) (more bool, err error)) error
}

// exec runs a statement and tells how many rows it touched.
func (q querier) exec(ctx context.Context, text string, args ...any) (int64, error) {
	ctx = q.context(ctx)
	q.tell(ctx, text)
	stmt, err := q.prepare(ctx, text)
	if err != nil {
		return 0, err
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// read runs a statement that answers rows, and hands them over as long as take wants more. Here the two ways to them part.
func (q querier) read(ctx context.Context, text string, args []any, take func(row) (more bool, err error)) error {
	ctx = q.context(ctx)
	q.tell(ctx, text)
	if q.direct != nil {
		return q.direct.Each(ctx, text, args, take)
	}
	stmt, err := q.prepare(ctx, text)
	if err != nil {
		return err
	}
	found, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer func() { _ = found.Close() }() // again, unless there was enough
	for found.Next() {
		more, err := take(found)
		if err != nil {
			return err
		}
		if !more {
			return found.Close()
		}
	}
	return found.Err()
}

// one scans the only row of a statement; without one the error is sql.ErrNoRows.
func (q querier) one(ctx context.Context, text string, args []any, dest ...any) error {
	found := false
	err := q.read(ctx, text, args, func(r row) (more bool, err error) {
		found = true
		return false, r.Scan(dest...)
	})
	if err == nil && !found {
		return sql.ErrNoRows
	}
	return err
}

// all scans every row of a statement.
func all[T any](ctx context.Context, q querier, scan func(row) (T, error), text string, args ...any) ([]T, error) {
	var found []T
	err := each(ctx, q, func(r row) error {
		item, err := scan(r)
		found = append(found, item)
		return err
	}, text, args...)
	if err != nil {
		return nil, err
	}
	return found, nil
}

// each hands over every row of a statement, one after the other, until that fails.
func each(ctx context.Context, q querier, take func(row) error, text string, args ...any) error {
	return q.read(ctx, text, args, func(r row) (more bool, err error) { return true, take(r) })
}

func (q querier) context(ctx context.Context) context.Context {
	if q.steady {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// tell logs a statement; when nobody reads that, it costs nothing.
func (q querier) tell(ctx context.Context, text string) {
	if q.log.Enabled(ctx, slog.LevelDebug) {
		q.log.DebugContext(ctx, "sql", "statement", text)
	}
}

// in is a list of placeholders for so many values, from $first on. Lists grow in steps of powers of two, so that few
// statements are kept; pad fills the rest of the arguments with a value that is no row's.
func in[T any](first int, values []T, pad T) (placeholders string, args []any) {
	size := 1
	for size < len(values) {
		size *= 2
	}
	var list strings.Builder
	for i := range size {
		if i > 0 {
			list.WriteByte(',')
		}
		fmt.Fprintf(&list, "$%d", first+i)
		if i < len(values) {
			args = append(args, values[i])
		} else {
			args = append(args, pad)
		}
	}
	return list.String(), args
}

// moment scans a time: PostgreSQL has a type for it, SQLite stores microseconds since 1970.
type moment struct{ dest *time.Time }

var (
	_ sqlite.Integer  = moment{}
	_ postgres.Moment = moment{}
)

// ScanInteger implements sqlite.Integer and postgres.Moment.
func (m moment) ScanInteger(micros int64) error {
	*m.dest = time.UnixMicro(micros).UTC()
	return nil
}

// Scan implements sql.Scanner.
func (m moment) Scan(stored any) error {
	switch v := stored.(type) {
	case time.Time:
		*m.dest = v.UTC()
	case int64:
		return m.ScanInteger(v)
	default:
		return fmt.Errorf("a time is stored as %T", stored)
	}
	return nil
}

// perhaps scans a time that may be NULL.
type perhaps struct{ dest **time.Time }

// Scan implements sql.Scanner.
func (p perhaps) Scan(stored any) error {
	if stored == nil {
		*p.dest = nil
		return nil
	}
	*p.dest = new(time.Time)
	return moment{*p.dest}.Scan(stored)
}
