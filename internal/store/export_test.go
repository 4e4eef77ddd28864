package store

import (
	"database/sql"
	"time"
)

// DB is the pool, for tests that look below the store.
func (s *Store) DB() *sql.DB { return s.db }

// SetAttention makes lines that are dead noticed sooner.
func (s *Store) SetAttention(quiet, answer time.Duration) { s.attention = attention{quiet, answer} }

// Kept is how many statements are kept prepared.
func (s *Store) Kept() int {
	kept := 0
	s.stmts.kept.Range(func(any, any) bool {
		kept++
		return true
	})
	return kept
}
