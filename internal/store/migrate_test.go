package store_test

import (
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/id"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

// open opens a database as it is.
func open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// known are the names of all migrations, and how many of them are applied.
func known(t testing.TB, s *store.Store) (names []string, applied int) {
	t.Helper()
	migrations, err := s.Migrations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range migrations {
		names = append(names, m.Name)
		if m.Applied {
			applied++
		}
	}
	return names, applied
}

func TestMigrate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, store.Options{URL: url})
		names, applied := known(t, s)
		if len(names) == 0 || applied != 0 {
			t.Errorf("Migrations() of a fresh database = %v, %d of them applied, want some and none", names, applied)
		}
		if err := s.CheckVersion(t.Context()); !errors.Is(err, store.ErrBehind) {
			t.Errorf("CheckVersion() of a fresh database = %v, want %v", err, store.ErrBehind)
		}
		if err := s.CheckMigrated(t.Context()); !errors.Is(err, store.ErrBehind) {
			t.Errorf("CheckMigrated() of a fresh database = %v, want %v", err, store.ErrBehind)
		}
		if _, err := s.DB().ExecContext(t.Context(), `SELECT 1 FROM goose_db_version`); err == nil {
			t.Error("Migrations() and CheckVersion() made a table, want nothing written")
		}
		for _, want := range [][]string{names, {}} {
			got, err := s.Migrate(t.Context())
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("Migrate() = %v, %v, want %v", got, err, want)
			}
			if err := s.CheckVersion(t.Context()); err != nil {
				t.Errorf("CheckVersion() = %v, want nil", err)
			}
			if err := s.CheckMigrated(t.Context()); err != nil {
				t.Errorf("CheckMigrated() = %v, want nil", err)
			}
			if _, applied := known(t, s); applied != len(names) {
				t.Errorf("Migrations() = %d applied, want %d", applied, len(names))
			}
		}
	})
}

// TestMigrateAtOnce has as many pools as there would be processes.
func TestMigrateAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		const processes = 8
		var (
			all     sync.WaitGroup
			mu      sync.Mutex
			applied []string
			start   = make(chan struct{})
		)
		for range processes {
			all.Go(func() {
				<-start
				s, err := store.Open(t.Context(), store.Options{URL: url, Log: slog.New(slog.DiscardHandler)})
				if err != nil {
					t.Errorf("Open() = %v, want nil", err)
					return
				}
				defer func() { _ = s.Close() }()
				names, err := s.Migrate(t.Context())
				if err != nil {
					t.Errorf("Migrate() = %v, want nil", err)
				}
				mu.Lock()
				defer mu.Unlock()
				applied = append(applied, names...)
			})
		}
		close(start)
		all.Wait()
		slices.Sort(applied) // each process may have applied some
		if want, _ := known(t, open(t, store.Options{URL: url})); !slices.Equal(applied, want) {
			t.Errorf("Migrate() by %d at once applied %v, want %v", processes, applied, want)
		}
	})
}

func TestProgramOlderThanItsDatabase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		if _, err := s.DB().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`); err != nil {
			t.Fatal(err)
		}
		if err := s.CheckVersion(t.Context()); !errors.Is(err, store.ErrAhead) {
			t.Errorf("CheckVersion() = %v, want %v", err, store.ErrAhead)
		}
		if err := s.CheckMigrated(t.Context()); err != nil {
			t.Errorf("CheckMigrated() = %v, want nil", err)
		}
		if got, err := s.Migrate(t.Context()); !errors.Is(err, store.ErrAhead) {
			t.Errorf("Migrate() = %v, %v, want %v", got, err, store.ErrAhead)
		}
	})
}

func TestMigrationsHaveTheSameNumbers(t *testing.T) {
	sqlite, _ := known(t, open(t, store.Options{URL: storetest.SQLiteURL(t)}))
	postgres, _ := known(t, open(t, store.Options{URL: storetest.PostgresURL(t)}))
	if !slices.Equal(sqlite, postgres) {
		t.Errorf("Migrations() of SQLite = %v, of PostgreSQL %v, want the same", sqlite, postgres)
	}
}

// TestMigratePublications has posts of before there were publications: they were published to nobody, and those that come are.
func TestMigratePublications(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, store.Options{URL: url})
		if err := s.MigrateTo(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		author := anAuthor()
		if _, err := s.DB().ExecContext(t.Context(), `
			INSERT INTO users (id, handle, name, email, email_key, role, password_hash, created_at)
			VALUES ($1, 'ada', 'Ada', 'ada@example.org', 'ada@example.org', 'AUTHOR', '', $2)`, author.ID, author.CreatedAt); err != nil {
			t.Fatal(err)
		}
		insert(t, s.DB(), newPost(author, 1))
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		insert(t, s.DB(), newPost(author, 2)) // by a program that still runs
		if err := s.CreatePost(t.Context(), newPost(author, 3)); err != nil {
			t.Fatal(err)
		}
		published, err := s.Published(t.Context(), 0, 10)
		if err != nil || len(published) != 2 || published[0].Post.Title != "Notes 2" || published[1].Post.Title != "Notes 3" {
			t.Errorf("Published() = %v, %v, want the second and the third", published, err)
		}
	})
}

// TestMigrateEvents has events of before they had positions: they come first, in the order of their ids, and those of a program
// that still runs after them.
func TestMigrateEvents(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s := open(t, store.Options{URL: url})
		if err := s.MigrateTo(t.Context(), 4); err != nil {
			t.Fatal(err)
		}
		events := make([]account.Event, 4)
		for i := range events {
			at := begin.Add(time.Duration(i) * time.Second)
			events[i] = account.Event{ID: id.NewEvent(at), Kind: account.LoginFailed, CreatedAt: at}
		}
		record := func(events ...account.Event) {
			t.Helper()
			if err := s.Record(t.Context(), events...); err != nil { // it names no column of later
				t.Fatal(err)
			}
		}
		record(events[2], events[0])
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		record(events[3])
		record(events[1])
		found, err := s.Log(t.Context(), account.EventFilter{}, 0, 10)
		if err != nil || len(found) != 4 {
			t.Fatalf("Log() = %v, %v, want 4 events", found, err)
		}
		for i, want := range []account.Event{events[0], events[2], events[3], events[1]} {
			if found[i].ID != want.ID || found[i].Position != int64(i+1) {
				t.Errorf("Log() has %s at %d, want %s at %d", found[i].ID, found[i].Position, want.ID, i+1)
			}
		}
	})
}
