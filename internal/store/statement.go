package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

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
	// direct reads without database/sql; nil where what is read must be of a transaction, and on PostgreSQL.
	direct *sqlite.Pool
	// steady has statements run to their end, whoever waits for them no longer.
	steady bool
}

// row is what scan functions read from.
type row interface{ Scan(dest ...any) error }

// rows are what a statement answers: *sql.Rows or *sqlite.Rows.
type rows interface {
	row
	Next() bool
	Err() error
	Close() error
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

// query runs a statement that answers rows. Here the two ways to them part.
func (q querier) query(ctx context.Context, text string, args []any) (rows, error) {
	ctx = q.context(ctx)
	q.tell(ctx, text)
	if q.direct != nil {
		found, err := q.direct.Query(ctx, text, args)
		if err != nil {
			return nil, err
		}
		return found, nil
	}
	stmt, err := q.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...) //nolint:rowserrcheck // who reads the rows asks for it
}

// one scans the only row of a statement; without one the error is sql.ErrNoRows.
func (q querier) one(ctx context.Context, text string, args []any, dest ...any) error {
	found, err := q.query(ctx, text, args)
	if err != nil {
		return err
	}
	defer func() { _ = found.Close() }() // again, unless the row was scanned
	if !found.Next() {
		return cmp.Or(found.Err(), sql.ErrNoRows)
	}
	if err := found.Scan(dest...); err != nil {
		return err
	}
	return found.Close()
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
	found, err := q.query(ctx, text, args)
	if err != nil {
		return err
	}
	defer func() { _ = found.Close() }() // what went wrong, Err tells
	for found.Next() {
		if err := take(found); err != nil {
			return err
		}
	}
	return found.Err()
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

// ScanInteger implements sqlite.Integer.
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
