package store_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"postern/internal/blog"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

func TestSQLiteIsDurable(t *testing.T) {
	const connections = 12
	s := open(t, store.Options{URL: storetest.SQLiteURL(t), MaxConnections: connections})
	want := map[string]string{
		"journal_mode": "wal",
		"synchronous":  "2", // FULL
		"foreign_keys": "1",
		"busy_timeout": "5000",
		"temp_store":   "2", // MEMORY
	}
	held := make([]*sql.Conn, connections) // all at once, so that they are different ones
	for i := range held {
		var err error
		if held[i], err = s.DB().Conn(t.Context()); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = held[i].Close() }()
	}
	for i, conn := range held {
		for pragma, value := range want {
			var got string
			if err := conn.QueryRowContext(t.Context(), `PRAGMA `+pragma).Scan(&got); err != nil || got != value {
				t.Errorf("connection %d: PRAGMA %s = %q, %v, want %q", i, pragma, got, err, value)
			}
		}
	}
}

// TestSQLiteIsNewEnough: before 3.51.3 a database in WAL mode could be damaged.
func TestSQLiteIsNewEnough(t *testing.T) {
	s := open(t, store.Options{URL: storetest.SQLiteURL(t)})
	var text string
	if err := s.DB().QueryRowContext(t.Context(), `SELECT sqlite_version()`).Scan(&text); err != nil {
		t.Fatal(err)
	}
	var version []int
	for part := range strings.SplitSeq(text, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			t.Fatal(err)
		}
		version = append(version, n)
	}
	if want := []int{3, 51, 3}; slices.Compare(version, want) < 0 {
		t.Errorf("sqlite_version() = %v, want %v or newer", version, want)
	}
}

func TestSQLiteFileNames(t *testing.T) {
	for _, name := range []string{"plain.db", "with space.db", "who?.db", "a#b.db", "100%.db", "%20.db", "a&b=c;d.db", "ü漢👍.db", "a:b.db", "no/such/folder.db"} {
		for _, prefix := range []string{"", "sqlite:"} {
			t.Run(prefix+name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), name)
				storetest.Open(t, prefix+path)
				if info, err := os.Stat(path); err != nil || info.Size() == 0 {
					t.Errorf("Open(%q) made no such file: %v", prefix+path, err)
				}
			})
		}
	}
	t.Run("relative", func(t *testing.T) {
		t.Chdir(t.TempDir())
		storetest.Open(t, "postern.db")
		if _, err := os.Stat("postern.db"); err != nil {
			t.Error(err)
		}
	})
}

// TestSQLiteIsPrivate: the file holds emails and password hashes, and so do those beside it.
func TestSQLiteIsPrivate(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	storetest.Open(t, filepath.Join(folder, "postern.db"))
	for path, want := range map[string]os.FileMode{
		"": 0o700 | os.ModeDir, "postern.db": 0o600, "postern.db-wal": 0o600, "postern.db-shm": 0o600,
	} {
		info, err := os.Stat(filepath.Join(folder, path))
		if err != nil {
			t.Error(err)
		} else if info.Mode() != want {
			t.Errorf("the mode of data/%s is %v, want %v", path, info.Mode(), want)
		}
	}
}

func TestPlansAreGenericUnlessTheURLSaysOtherwise(t *testing.T) {
	plain, err := url.Parse(storetest.PostgresURL(t))
	if err != nil {
		t.Fatal(err)
	}
	other := *plain
	query := other.Query()
	query.Set("plan_cache_mode", "auto")
	other.RawQuery = query.Encode()
	for address, want := range map[string]string{plain.String(): "force_generic_plan", other.String(): "auto"} {
		var got string
		db := open(t, store.Options{URL: address}).DB()
		if err := db.QueryRowContext(t.Context(), `SHOW plan_cache_mode`).Scan(&got); err != nil || got != want {
			t.Errorf("SHOW plan_cache_mode = %q, %v, want %q", got, err, want)
		}
	}
}

func TestOpenTellsWhatIsWrong(t *testing.T) {
	for _, url := range []string{
		t.TempDir(),
		"postgres://postern:verysecret@127.0.0.1:1/postern?connect_timeout=5",
		"postgres://postern:verysecret@127.0.0.1:port/postern",
		"postgresql://postern:verysecret@/postern?host=" + t.TempDir(),
	} {
		_, err := store.Open(t.Context(), store.Options{URL: url})
		if err == nil || strings.Contains(err.Error(), "verysecret") {
			t.Errorf("Open(%q) = %v, want an error that tells no secret", url, err)
		}
	}
}

// TestWritersWaitNoLongerThanTheyWant: SQLite lets one write at a time, and the store lets the others wait.
func TestWritersWaitNoLongerThanTheyWant(t *testing.T) {
	s := storetest.Open(t, storetest.SQLiteURL(t))
	author := newAuthor(t, s)
	post := newPost(author, 1)
	if err := s.CreatePost(t.Context(), post); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := s.UpdatePost(t.Context(), post.ID, func(*blog.Post) error {
		waited := make(chan error)
		go func() { waited <- s.CreatePost(ctx, newPost(author, 2)) }()
		cancel()
		if err := <-waited; !errors.Is(err, context.Canceled) {
			t.Errorf("CreatePost() = %v, want %v", err, context.Canceled)
		}
		_, err := s.Post(t.Context(), blog.PostLookup{ID: &post.ID}) // who reads does not wait
		return err
	}); err != nil {
		t.Errorf("UpdatePost() = %v, want nil", err)
	}
	if err := s.CreatePost(t.Context(), newPost(author, 3)); err != nil {
		t.Errorf("CreatePost() = %v, want nil", err)
	}
}

// TestSilentConnections swallows what a connection that rests and the new one after it would say. A statement that may take for
// ever gives up both, and is answered by the next.
func TestSilentConnections(t *testing.T) {
	t.Parallel()
	proxy := storetest.NewProxy(t, storetest.PostgresURL(t))
	s := open(t, store.Options{URL: proxy.URL(t)})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	proxy.Swallow()
	if err := s.Ping(ctx); err == nil || ctx.Err() != nil {
		t.Errorf("Ping() of a silent server = %v and %v, want that it gave up by itself", err, ctx.Err())
	}
	proxy.Mend()
	if err := s.Ping(ctx); err != nil {
		t.Errorf("Ping() afterwards = %v, want nil", err)
	}
}
