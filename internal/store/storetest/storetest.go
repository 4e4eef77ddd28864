// Package storetest is the contract of the two Store seams as tests, and the databases to run it and other tests on: SQLite
// in a temporary file, and a PostgreSQL server that the tests start themselves.
//
// A package that uses PostgreSQL here has one line more in its tests:
//
//	func TestMain(m *testing.M) { storetest.Main(m) }
//
// It is for tests alone, and may import whatever store may.
package storetest

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/blog"
	"postern/internal/id"
	"postern/internal/store"
)

// Store is what the contract is about.
type Store interface {
	account.Store
	blog.Store
	Mails
}

// Mails is the queue of mails that are to be sent.
type Mails interface {
	// TakeMails takes mails that are due, the first due first, and has them due again at another time: by then whoever takes them
	// must have sent them, or given up. Attempts counts how often each was taken.
	TakeMails(ctx context.Context, now, until time.Time, most int) ([]account.Mail, error)
	// MailSent forgets a mail.
	MailSent(ctx context.Context, m id.Mail) error
	// PutMailOff has a mail due at another time.
	PutMailOff(ctx context.Context, m account.Mail, until time.Time) error
	// NextMail is when the next mail is due; nil if there is none.
	NextMail(ctx context.Context) (*time.Time, error)
}

// Each runs a test on both databases; the URL is that of a fresh one, without a schema.
func Each(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLiteURL(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, PostgresURL(t)) })
}

// SQLiteURL is the URL of a fresh database of the test's own, in a file that is not there yet.
func SQLiteURL(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "postern.db")
}

// Open opens a database and brings its schema up to date. It is closed when the test ends.
func Open(t testing.TB, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{URL: url, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
	})
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Run checks every sentence of the comments of account.Store and blog.Store. What open returns is empty, and the test's own.
func Run(t *testing.T, open func(t *testing.T) Store) {
	t.Helper()
	for _, contract := range [][]clause{
		accounts(), sessions(), posts(), publications(), pages(), races(), attempts(), events(), audits(), mails(), emailTokens(),
		formerEmails(), deletions(), exports(), cancellations(), values(),
	} {
		for _, c := range contract {
			t.Run(c.sentence, func(t *testing.T) { c.check(newScene(t, open(t))) })
		}
	}
}

// clause is a part of the contract.
type clause struct {
	sentence string
	check    func(s *scene)
}
