package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/id"
	"postern/internal/page"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

// statements counts what the store logs of its statements.
type statements struct {
	mu    sync.Mutex
	count map[string]int
}

func (*statements) Enabled(context.Context, slog.Level) bool { return true }
func (s *statements) WithAttrs([]slog.Attr) slog.Handler     { return s }
func (s *statements) WithGroup(string) slog.Handler          { return s }

func (s *statements) Handle(_ context.Context, r slog.Record) error {
	if r.Message != "sql" {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "statement" {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.count[a.Value.String()]++
		}
		return true
	})
	return nil
}

// total is how many statements were run, and how many different ones.
func (s *statements) total() (run, different int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, times := range s.count {
		run += times
	}
	return run, len(s.count)
}

// logged opens a migrated database whose statements are counted.
func logged(t testing.TB, url string) (*store.Store, *statements) {
	t.Helper()
	log := &statements{count: make(map[string]int)}
	s := open(t, store.Options{URL: url, Log: slog.New(log)})
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, log
}

// begin is when the first thing in these tests was made.
var begin = time.Date(2026, 3, 14, 15, 9, 26, 535_897_000, time.UTC)

func newAuthor(t testing.TB, s *store.Store) *account.Credentials {
	t.Helper()
	c := anAuthor()
	if err := s.CreateAccount(t.Context(), c, nil); err != nil {
		t.Fatal(err)
	}
	return c
}

// anAuthor is one that nobody has stored.
func anAuthor() *account.Credentials {
	user := id.NewUser(begin)
	email := user.String() + "@example.org"
	return &account.Credentials{
		Account: account.Account{
			User:  account.User{ID: user, Handle: user.String(), Name: "Ada Lovelace", CreatedAt: begin},
			Email: email,
			Role:  auth.Author,
		},
		EmailKey:     email,
		PasswordHash: "$argon2id$",
	}
}

func newPost(author *account.Credentials, n int) *blog.Post {
	at := begin.Add(time.Duration(n) * time.Millisecond)
	return &blog.Post{
		ID:        id.NewPost(at),
		Slug:      fmt.Sprintf("notes-%d", n),
		Title:     fmt.Sprintf("Notes %d", n),
		Content:   "On the Analytical Engine.",
		Author:    author.User,
		CreatedAt: at,
		UpdatedAt: at,
		Version:   1,
	}
}

// insert writes a post as a program does that knows nothing of publications.
func insert(t testing.TB, db interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}, p *blog.Post,
) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), `
		INSERT INTO posts (id, author_id, slug, title, content, created_at, updated_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		p.ID, p.Author.ID, p.Slug, p.Title, p.Content, p.CreatedAt, p.UpdatedAt, p.Version); err != nil {
		t.Fatal(err)
	}
}

func TestListIsOneStatement(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, log := logged(t, url)
		author := newAuthor(t, s)
		posts := make([]*blog.Post, 110)
		for i := range posts {
			posts[i] = newPost(author, i)
			if err := s.CreatePost(t.Context(), posts[i]); err != nil {
				t.Fatal(err)
			}
		}
		newest, oldest := &posts[len(posts)-1].ID.UUID, &posts[0].ID.UUID
		for name, test := range map[string]struct {
			args       page.Args
			author     *id.User
			items, run int
		}{
			"one":                  {page.Args{First: new(1)}, nil, 1, 1},
			"a hundred":            {page.Args{First: new(100)}, nil, 100, 1},
			"one after":            {page.Args{First: new(1), After: newest}, nil, 1, 1},
			"a hundred after":      {page.Args{First: new(100), After: newest}, nil, 100, 1},
			"the last one":         {page.Args{Last: new(1)}, nil, 1, 1},
			"the last before":      {page.Args{Last: new(100), Before: oldest}, nil, 100, 1},
			"between":              {page.Args{First: new(100), After: newest, Before: oldest}, nil, 100, 1},
			"an author's":          {page.Args{First: new(100)}, &author.ID, 100, 1},
			"an author's after":    {page.Args{First: new(100), After: newest}, &author.ID, 100, 1},
			"nobody's":             {page.Args{}, &id.User{}, 0, 1},
			"nothing after":        {page.Args{After: oldest}, nil, 0, 2}, // the second tells what is around
			"nothing, as wished":   {page.Args{First: new(0)}, nil, 0, 1},
			"none after no cursor": {page.Args{First: new(0), After: &uuid.Max}, nil, 0, 1},
		} {
			window, err := test.args.Window(page.All())
			if err != nil {
				t.Fatal(err)
			}
			before, _ := log.total()
			got, err := s.Posts(t.Context(), window, test.author, blog.Whole)
			after, _ := log.total()
			if err != nil || len(got.Items) != test.items || after-before != test.run {
				t.Errorf("Posts(%s) = %d items, %v, in %d statements, want %d in %d", name, len(got.Items), err, after-before, test.items, test.run)
			}
		}
	})
}

func TestStatementsAreKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		s, log := logged(t, url)
		author := newAuthor(t, s)
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				if err := writeAndRead(t.Context(), s, newPost(author, i)); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		run, different := log.total()
		different-- // the list, which is read by a way that keeps statements for each connection
		if kept := s.Kept(); kept != different || run < 40*different/2 {
			t.Errorf("%d statements are kept, want the %d different ones of %d", kept, different, run)
		}
	})
}

func TestOneConnectionIsEnough(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		s := open(t, store.Options{URL: url, MaxConnections: 1})
		if _, err := s.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		if err := writeAndRead(ctx, s, newPost(newAuthor(t, s), 1)); err != nil {
			t.Error(err)
		}
	})
}

func writeAndRead(ctx context.Context, s *store.Store, post *blog.Post) error {
	if err := s.CreatePost(ctx, post); err != nil {
		return err
	}
	if _, err := s.UpdatePost(ctx, post.ID, func(*blog.Post) error { return nil }); err != nil {
		return err
	}
	if _, err := s.Posts(ctx, page.Window{List: page.All(), Span: page.All(), Limit: 3}, nil, blog.Whole); err != nil {
		return err
	}
	return s.DeletePost(ctx, post.ID, func(*blog.Post) error { return nil })
}

// TestErrorsAfterEnough: who wants one row is told what goes wrong after it, in a transaction and outside.
func TestErrorsAfterEnough(t *testing.T) {
	s := storetest.Open(t, storetest.PostgresURL(t))
	const text = `SELECT 1 / (1000 - n) FROM generate_series(1, 1000) AS n`
	for name, one := range map[string]func(ctx context.Context, text string, dest ...any) error{
		"outside": s.One, "in a transaction": s.OneInTransaction,
	} {
		if told, is := errors.AsType[*pgconn.PgError](one(t.Context(), text, new(int))); !is || told.Code != "22012" {
			t.Errorf("%s: %v, want a division by zero", name, told)
		}
	}
}
