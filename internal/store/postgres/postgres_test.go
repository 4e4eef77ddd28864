package postgres_test

import (
	"context"
	"database/sql"
	"testing"

	"postern/internal/store/postgres"
	"postern/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// database opens one of so many connections at most, and what reads it.
func database(t *testing.T, most int) (*sql.DB, postgres.Reader) {
	t.Helper()
	return open(t, storetest.PostgresURL(t), most)
}

func open(t *testing.T, url string, most int) (*sql.DB, postgres.Reader) {
	t.Helper()
	db, err := postgres.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	return db, postgres.NewReader(db)
}

// one scans the first row of a statement.
func one(ctx context.Context, r postgres.Reader, text string, args []any, dest ...any) error {
	none := true
	err := r.Each(ctx, text, args, func(row postgres.Row) (more bool, err error) {
		none = false
		return false, row.Scan(dest...)
	})
	if err == nil && none {
		return sql.ErrNoRows
	}
	return err
}

// server is the process of the server's that a connection has.
func server(t *testing.T, r postgres.Reader) (pid int) {
	t.Helper()
	if err := one(t.Context(), r, `SELECT pg_backend_pid()`, nil, &pid); err != nil {
		t.Fatal(err)
	}
	return pid
}
