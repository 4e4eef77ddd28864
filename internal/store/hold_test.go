package store_test

import (
	"testing"

	"postern/internal/account"
	"postern/internal/store/storetest"
)

// TestCommitsAreNotKeptInTheLog: whatever is read before a commit, the log of SQLite can be taken into the file with it.
func TestCommitsAreNotKeptInTheLog(t *testing.T) {
	t.Parallel()
	url := storetest.SQLiteURL(t)
	s := storetest.Open(t, url)
	author := newAuthor(t, s)
	db := storetest.Connect(t, url)
	for range 100 {
		for range 2 { // the second time it is the transaction of the first one, or another in its place
			if _, err := s.Account(t.Context(), author.ID); err != nil {
				t.Fatal(err)
			}
		}
		name := "Ada"
		if _, err := s.UpdateProfile(t.Context(), author.ID, account.UpdateProfileInput{Name: &name}); err != nil {
			t.Fatal(err)
		}
		var busy bool
		var log, taken int // pages
		if err := db.QueryRowContext(t.Context(), `PRAGMA wal_checkpoint(PASSIVE)`).Scan(&busy, &log, &taken); err != nil || busy || log != taken {
			t.Fatalf("of %d pages of the log %d can be taken, %v", log, taken, err)
		}
	}
}
