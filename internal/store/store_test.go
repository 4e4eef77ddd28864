package store_test

import (
	"log/slog"
	"testing"

	"postern/internal/store"
	"postern/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var databases = []struct {
	name string
	url  func(testing.TB) string
}{
	{"sqlite", storetest.SQLiteURL},
	{"postgres", storetest.PostgresURL},
}

func TestContract(t *testing.T) {
	for _, database := range databases {
		t.Run(database.name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Store { return storetest.Open(t, database.url(t)) })
		})
	}
}

// TestDatabasesInMemory are refused: each connection would have one of its own.
func TestDatabasesInMemory(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"sqlite::memory:", ":memory:", "sqlite:", ""} {
		if s, err := store.Open(t.Context(), store.Options{URL: url, Log: slog.New(slog.DiscardHandler)}); err == nil {
			t.Errorf("Open(%q) = no error", url)
			_ = s.Close()
		}
	}
}
