package store

import (
	"context"
	"database/sql"
	"time"

	"postern/internal/store/sqlite"
)

// DB is the pool, for tests that look below the store.
func (s *Store) DB() *sql.DB { return s.db }

// Direct is what reads SQLite, likewise.
func (s *Store) Direct() *sqlite.Pool { return s.direct }

// SetAttention makes lines that are dead noticed sooner.
func (s *Store) SetAttention(quiet, answer time.Duration) { s.attention = attention{quiet, answer} }

// MigrateTo brings the schema up to a version, as a program did that knew no more.
func (s *Store) MigrateTo(ctx context.Context, version int64) error {
	migrator, err := s.migrator()
	if err == nil {
		_, err = migrator.UpTo(ctx, version)
	}
	return err
}

// Kept is how many statements are kept prepared.
func (s *Store) Kept() int {
	kept := 0
	s.stmts.kept.Range(func(any, any) bool {
		kept++
		return true
	})
	return kept
}

// ChangesPublic tells whether the store takes a statement for a change of what anybody may read.
func ChangesPublic(text string) bool { return changesPublic(text) }

// One scans the first row of a statement, OneInTransaction in one.
func (s *Store) One(ctx context.Context, text string, dest ...any) error {
	return s.reader.one(ctx, text, nil, dest...)
}

func (s *Store) OneInTransaction(ctx context.Context, text string, dest ...any) error {
	return s.transact(ctx, func(q querier) error { return q.one(ctx, text, nil, dest...) })
}
