package store_test

import (
	"fmt"
	"strings"
	"testing"

	"postern/internal/account"
	"postern/internal/blog"
	"postern/internal/id"
	"postern/internal/page"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

// plan is how SQLite runs the statements that something logs, one line for each table.
func plan(t *testing.T, s *store.Store, log *statements, run func() error) (steps []string) {
	t.Helper()
	log.mu.Lock()
	clear(log.count)
	log.mu.Unlock()
	if err := run(); err != nil {
		t.Fatal(err)
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	for text := range log.count {
		args := 0
		for strings.Contains(text, fmt.Sprintf("$%d", args+1)) {
			args++
		}
		steps = append(steps, explain(t, s, text, make([]any, args))...)
	}
	return steps
}

func explain(t *testing.T, s *store.Store, text string, args []any) (steps []string) {
	t.Helper()
	rows, err := s.Direct().Query(t.Context(), `EXPLAIN QUERY PLAN `+text, args)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var step string
		if err := rows.Scan(new(int), new(int), new(int), &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}

// TestListsAreReadFromIndexes alone, on SQLite, unless the content is wanted; nothing is sorted, and no table is read as a whole.
func TestListsAreReadFromIndexes(t *testing.T) {
	s, log := logged(t, storetest.SQLiteURL(t))
	authors := []*account.Credentials{newAuthor(t, s), newAuthor(t, s)}
	seed(t, s, authors, 1000)
	for name, test := range map[string]struct {
		args   page.Args
		author *id.User
		index  string
	}{
		"all":                      {page.Args{}, nil, "posts_listed"},
		"all from the end":         {page.Args{Last: new(20)}, nil, "posts_listed"},
		"an author's":              {page.Args{}, &authors[0].ID, "posts_by_author"},
		"an author's from the end": {page.Args{Last: new(20)}, &authors[0].ID, "posts_by_author"},
		"all, unflagged":           {page.Args{Unflagged: true}, nil, "posts_listed"},
		"an author's, unflagged":   {page.Args{Unflagged: true}, &authors[0].ID, "posts_by_author"},
	} {
		window, err := test.args.Window(page.All())
		if err != nil {
			t.Fatal(err)
		}
		for _, detail := range []blog.Detail{blog.Outline, blog.Whole} {
			steps := strings.Join(plan(t, s, log, func() error {
				_, err := s.Posts(t.Context(), window, test.author, detail)
				return err
			}), "\n")
			if detail == blog.Outline && (!strings.Contains(steps, "p USING COVERING INDEX "+test.index) || strings.Contains(steps, "p USING INDEX")) {
				t.Errorf("the outlines of %s are read so:\n%s\nwant %s alone", name, steps, test.index)
			}
			if !strings.Contains(steps, "u USING COVERING INDEX users_shown") {
				t.Errorf("the authors of %s are read so:\n%s\nwant an index alone", name, steps)
			}
			if strings.Contains(steps, "SCAN p") || strings.Contains(steps, "SCAN u") || strings.Contains(steps, "TEMP B-TREE") {
				t.Errorf("the posts of %s are read so:\n%s\nwant nothing sorted, nor read as a whole", name, steps)
			}
		}
	}
}
