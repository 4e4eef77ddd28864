// Package store remembers accounts and posts in SQLite or PostgreSQL: one SQL text for both, in PostgreSQL's syntax. What
// cannot be one text lives in dialect.go.
//
// It may import blog and account, whose Store seams it fills, and what lies below them.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/fault"
	"postern/internal/store/sqlite"
	"postern/internal/width"
)

var (
	_ account.Store = (*Store)(nil)
	_ blog.Store    = (*Store)(nil)
)

// Options are how a database is opened.
type Options struct {
	// URL is postgres://… or the path of an SQLite file, with or without sqlite: before it.
	URL string
	// MaxConnections is how many connections are kept open at most; 0 is a number that suits the machine. On SQLite those are the
	// connections that read; two more are kept for who writes and who exports, each of whom gets one of as many, and one for the
	// generation.
	MaxConnections int
	// RequireVerified lets accounts do no more than read until their email is verified: who asks is told that they are readers.
	RequireVerified bool
	// Width is made wide while somebody waits for a disk.
	Width *width.Width
	// Log is told of every statement, at level debug, without its arguments.
	Log *slog.Logger
}

// Store is a database. It is safe for concurrent use.
type Store struct {
	db      *sql.DB
	direct  *sqlite.Pool // reads SQLite where that needs no transaction; nil on PostgreSQL
	dialect dialect
	log     *slog.Logger
	stmts   statements
	reader  querier // runs statements outside any transaction
	role    string  // of a session's account, as who asks is told it
	// dsn and attention are what Listen makes its line of.
	dsn       string
	attention attention
	// commits has writers take turns on SQLite, which lets one write at a time and makes others poll; nil on PostgreSQL.
	commits *commits
	width   *width.Width
	// What tells the generation: changes where there is a line that tells of them, and else counter.
	changes changes
	counter *counter
}

// Open opens a database; it must be migrated before it is used. SQLite's file is made if there is none.
func Open(ctx context.Context, o Options) (*Store, error) {
	d, dsn, err := dialectFor(o.URL)
	if err != nil {
		return nil, err
	}
	db, err := d.open(dsn)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", d.name, err)
	}
	connections, readers := o.MaxConnections, o.MaxConnections
	if connections <= 0 {
		connections = max(10, 4*o.Width.Usual())
		readers = max(4, 2*o.Width.Usual()) // they take turns on the processors: more would but have memory for pages of their own
	}
	db.SetMaxOpenConns(connections)
	idle := connections // database/sql keeps 2, and opens the others anew each time
	var direct *sqlite.Pool
	if d.direct != nil {
		direct, idle = d.direct(dsn, readers), 2
	}
	db.SetMaxIdleConns(idle)
	db.SetConnMaxIdleTime(5 * time.Minute)

	s := &Store{
		db: db, direct: direct, dialect: d, log: o.Log, width: o.Width, stmts: statements{db: db}, role: `u.role`,
		dsn: dsn, attention: attention{quiet: time.Second, answer: 4 * time.Second},
	}
	s.reader = querier{log: s.log, dialect: &s.dialect, prepare: s.stmts.prepare, direct: d.reader(db, direct)}
	if o.RequireVerified {
		s.role = `CASE WHEN u.email_verified_at IS NULL THEN '` + auth.Reader.String() + `' ELSE u.role END`
	}
	if d.oneWriter {
		s.commits = new(commits)
	}
	if d.generation != "" {
		s.counter = newCounter(d.direct(dsn, 1), d.generation)
	}
	if err := s.reach(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// reach makes the first connection. To make a new file of SQLite's a WAL needs it for itself alone, and does not wait for
// others that just do the same: so we do.
func (s *Store) reach(ctx context.Context) error {
	const attempts, pause = 100, 20 * time.Millisecond
	err := s.Ping(ctx)
	for range attempts {
		if err == nil || !s.dialect.isBusy(err) {
			return err
		}
		select {
		case <-time.After(pause):
			err = s.Ping(ctx)
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
	return err
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	err := s.db.PingContext(ctx)
	if err == nil && s.direct != nil {
		err = s.direct.Ping(ctx)
	}
	if err != nil {
		return fmt.Errorf("reach %s: %w", s.dialect.name, err)
	}
	return nil
}

// Name is the database's name, to show.
func (s *Store) Name() string { return s.dialect.name }

// Close closes all connections.
func (s *Store) Close() error {
	var err error
	if s.direct != nil {
		err = s.direct.Close()
	}
	err = errors.Join(err, s.stmts.close(), s.db.Close())
	if s.counter != nil {
		err = errors.Join(err, s.counter.close())
	}
	return err
}

// write runs fn in a transaction, which is on disk when write returns nil. Every write goes through here.
func (s *Store) write(ctx context.Context, fn func(q querier) error) error {
	if s.commits != nil {
		return s.share(ctx, fn)
	}
	return s.transact(ctx, fn)
}

// transact runs fn in a transaction of its own.
func (s *Store) transact(ctx context.Context, fn func(q querier) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	t := transaction{tx: tx, stmts: &s.stmts}
	defer t.keep(ctx)
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := fn(querier{log: s.log, dialect: &s.dialect, prepare: t.prepare}); err != nil {
		return err
	}
	commit := tx.Commit
	if t.public {
		commit = func() error { return s.changes.commit(tx.Commit) }
	}
	if s.direct != nil {
		defer s.direct.Pause()()
	}
	if err := commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// snapshot runs fn in a transaction that reads the database as it is when it begins, whoever writes in the meantime: nobody waits
// for it. SQLite reads so in every transaction.
func (s *Store) snapshot(ctx context.Context, fn func(q querier) error) error {
	tx, err := s.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	t := transaction{tx: tx, stmts: &s.stmts}
	defer t.keep(ctx)
	defer func() { _ = tx.Rollback() }() // there is nothing to commit
	return fn(querier{log: s.log, dialect: &s.dialect, prepare: t.prepare})
}

// notFound turns "no rows" into a fault.
func notFound(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "There is no such %s.", what)
	}
	return err
}
