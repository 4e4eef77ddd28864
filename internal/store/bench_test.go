package store_test

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/blog"
	"postern/internal/id"
	"postern/internal/page"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

// each runs a benchmark on both databases, of so many posts by many authors, of which it is given one.
func each(b *testing.B, posts int, bench func(b *testing.B, s *store.Store, author *account.Credentials)) {
	b.Helper()
	for _, database := range databases {
		b.Run(database.name, func(b *testing.B) {
			s := storetest.Open(b, database.url(b))
			authors := make([]*account.Credentials, max(1, min(posts, 1000)))
			for i := range authors {
				authors[i] = newAuthor(b, s)
			}
			seed(b, s, authors, posts)
			b.ReportAllocs()
			bench(b, s, authors[0])
		})
	}
}

// seed writes posts of two kilobytes, a hundred in a statement. The planners get no statistics: a new blog has none.
func seed(tb testing.TB, s *store.Store, authors []*account.Credentials, posts int) {
	tb.Helper()
	const batch, columns = 100, 8
	content := strings.Repeat("The Analytical Engine weaves algebraic patterns. ", 40)
	tx, err := s.DB().BeginTx(tb.Context(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for from := 0; from < posts; from += batch {
		var rows []string
		var args []any
		for n := from; n < min(from+batch, posts); n++ {
			author := authors[n%len(authors)]
			p := newPost(author, n)
			row := make([]string, columns)
			for i := range row {
				row[i] = fmt.Sprintf("$%d", len(args)+i+1)
			}
			rows = append(rows, "("+strings.Join(row, ",")+")")
			args = append(args, p.ID, author.ID, p.Slug, p.Title, content, p.CreatedAt, p.UpdatedAt, p.Version)
		}
		if _, err := tx.ExecContext(tb.Context(), `
			INSERT INTO posts (id, author_id, slug, title, content, created_at, updated_at, version)
			VALUES `+strings.Join(rows, ","), args...); err != nil {
			tb.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		tb.Fatal(err)
	}
}

func readPage(b *testing.B, s *store.Store, args page.Args, detail blog.Detail) {
	b.Helper()
	w, err := args.Window(page.All())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		found, err := s.Posts(b.Context(), w, nil, detail)
		if err != nil || len(found.Items) != page.Default || !found.HasNext {
			b.Fatalf("Posts() = %d items, %v, want %d", len(found.Items), err, page.Default)
		}
	}
}

// BenchmarkPosts reads 20 posts, the newest and those in the middle: how many there are makes no difference.
func BenchmarkPosts(b *testing.B) {
	for _, posts := range []int{1000, 100_000} {
		b.Run(strconv.Itoa(posts), func(b *testing.B) {
			each(b, posts, func(b *testing.B, s *store.Store, _ *account.Credentials) {
				b.Run("first", func(b *testing.B) {
					b.ReportAllocs()
					readPage(b, s, page.Args{}, blog.Whole)
				})
				b.Run("middle", func(b *testing.B) {
					b.ReportAllocs()
					readPage(b, s, page.Args{After: new(id.Floor(begin.Add(time.Duration(posts/2) * time.Millisecond)))}, blog.Whole)
				})
				b.Run("outlines", func(b *testing.B) {
					b.ReportAllocs()
					readPage(b, s, page.Args{}, blog.Outline)
				})
			})
		})
	}
}

func BenchmarkPost(b *testing.B) {
	each(b, 1000, func(b *testing.B, s *store.Store, _ *account.Credentials) {
		for b.Loop() {
			if _, err := s.Post(b.Context(), blog.PostLookup{Slug: new("notes-500")}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkAuthorize is what every request with a token costs, and then what whoever it is sees of themselves.
func BenchmarkAuthorize(b *testing.B) {
	each(b, 0, func(b *testing.B, s *store.Store, author *account.Credentials) {
		session := account.Session{ID: id.NewSession(begin), CreatedAt: begin, LastUsedAt: begin, ExpiresAt: begin.Add(time.Hour)}
		family := sha256.Sum256([]byte("family"))
		state := &account.SessionState{
			Session:  session,
			UserID:   author.ID,
			Family:   family[:],
			Rotation: account.Rotation{Current: family[:], RotatedAt: begin},
		}
		if err := s.OpenSession(b.Context(), state, author.PasswordHash, nil); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := s.SessionRole(b.Context(), author.ID, session.ID, begin); err != nil {
				b.Fatal(err)
			}
			if _, err := s.Account(b.Context(), author.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCreatePost writes one after the other; each is on disk when the next is written, on SQLite. The PostgreSQL that
// the tests start does not wait for the disk.
func BenchmarkCreatePost(b *testing.B) {
	each(b, 0, func(b *testing.B, s *store.Store, author *account.Credentials) {
		n := 0
		for b.Loop() {
			n++
			if err := s.CreatePost(b.Context(), newPost(author, n)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCreatePostsAtOnce has 32 write at once, as many clients do: those who wait together share what takes long.
func BenchmarkCreatePostsAtOnce(b *testing.B) {
	const writers = 32
	each(b, 0, func(b *testing.B, s *store.Store, author *account.Credentials) {
		var n atomic.Int64
		b.SetParallelism((writers + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := s.CreatePost(b.Context(), newPost(author, int(n.Add(1)))); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
