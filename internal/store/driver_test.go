package store_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"

	"postern/internal/blog"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

// TestPlaceholders checks what the one SQL text for both databases rests on: the drivers bind $n by its number.
func TestPlaceholders(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		db := open(t, store.Options{URL: url}).DB()
		args := []any{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"}
		for _, order := range []string{"1", "2 1", "1 1", "3 1 2 1 3", "11 1 10 2 9 3 8 4 7 5 6", "2 11 2 11 1 10 9 8 7 6 5 4 3"} {
			var terms, want strings.Builder
			highest := 0
			for i, number := range strings.Fields(order) {
				if i > 0 {
					terms.WriteString(` || `)
				}
				terms.WriteString(`CAST($` + number + ` AS text)`)
				n, err := strconv.Atoi(number)
				if err != nil {
					t.Fatal(err)
				}
				want.WriteString(args[n-1].(string))
				highest = max(highest, n)
			}
			stmt, err := db.PrepareContext(t.Context(), `SELECT `+terms.String())
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				var got string
				if err := stmt.QueryRowContext(t.Context(), args[:highest]...).Scan(&got); err != nil || got != want.String() {
					t.Errorf("SELECT %s = %q, %v, want %q", terms.String(), got, err, want.String())
				}
			}
			if err := stmt.Close(); err != nil { //nolint:sqlclosecheck // not at the end of the test, but here
				t.Error(err)
			}
		}
	})
}

// TestTwoStoresOnOneDatabase has two pools, as two processes would.
func TestTwoStoresOnOneDatabase(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		stores := []*store.Store{storetest.Open(t, url), storetest.Open(t, url)}
		const times = 25
		post := newPost(newAuthor(t, stores[0]), 1)
		if err := stores[0].CreatePost(t.Context(), post); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range times {
			for _, s := range stores {
				all.Go(func() {
					if _, err := s.UpdatePost(t.Context(), post.ID, func(p *blog.Post) error {
						p.Title += "!"
						return nil
					}); err != nil {
						t.Errorf("UpdatePost() number %d = %v, want nil", i, err)
					}
				})
			}
		}
		all.Wait()
		got, err := stores[1].Post(t.Context(), blog.PostLookup{ID: &post.ID})
		if err != nil {
			t.Fatal(err)
		}
		if want := post.Title + strings.Repeat("!", 2*times); got.Title != want || got.Version != 1+2*times {
			t.Errorf("Post() = %q of version %d, want %q of %d", got.Title, got.Version, want, 1+2*times)
		}
	})
}
