package blog_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/page"
	"postern/internal/store/storetest"
)

func TestCreatePost(t *testing.T) {
	t.Parallel()
	h := open(t)
	jane := h.visitor(t, "Jane", auth.Author)
	before := h.tick()
	post, err := h.CreatePost(t.Context(), jane, blog.CreatePostInput{Title: " A  Title ", Content: "Line 1\r\n\tLine 2\n"})
	if err != nil {
		t.Fatalf("CreatePost() = %v", err)
	}
	at := before.Add(time.Second).Truncate(time.Microsecond)
	if post.Title != " A  Title " || post.Content != "Line 1\r\n\tLine 2\n" || post.Slug != "a-title" || post.Version != 1 {
		t.Errorf("CreatePost() = %+v, want what was given, exactly, as version 1 of a-title", post)
	}
	if !post.CreatedAt.Equal(at) || !post.UpdatedAt.Equal(at) || post.CreatedAt.Location() != time.UTC {
		t.Errorf("CreatePost() at %v, %v, want %v", post.CreatedAt, post.UpdatedAt, at)
	}
	if post.Author.ID != jane.UserID || post.Author.Name != "Jane" || post.Author.Handle != "jane" {
		t.Errorf("CreatePost().Author = %+v, want Jane", post.Author)
	}
	if stored := h.stored(t, post.ID); *stored != *post {
		t.Errorf("Post() = %+v, want %+v", stored, post)
	}
	_, err = h.CreatePost(t.Context(), jane, blog.CreatePostInput{Title: "T", Content: "C", Slug: new("a-title")})
	if got := outline(err); got != "TAKEN input.slug" {
		t.Errorf("CreatePost(taken slug) = %v, want TAKEN input.slug", err)
	}
}

func TestCreatePostFindsASlugThatIsFree(t *testing.T) {
	t.Parallel()
	h := open(t)
	jane := h.visitor(t, "Jane", auth.Author)
	for title, want := range map[string][]string{
		"A Title":     {"a-title", "a-title-2", "a-title-3", "a-title-4"},
		"🙂 !":         {"post", "post-2"},
		"Über Kaffee": {"über-kaffee"},
	} {
		for _, slug := range want {
			if post := h.post(t, jane, title); post.Slug != slug {
				t.Errorf("CreatePost(%q).Slug = %q, want %q", title, post.Slug, slug)
			}
		}
	}
	if post := h.post(t, jane, "A Title"); len(post.Slug) != len("a-title-")+8 || !strings.HasPrefix(post.Slug, "a-title-") {
		t.Errorf("the fifth CreatePost(A Title).Slug = %q, want one with something random", post.Slug)
	}
}

func TestCreatePostByOneWhoIsGone(t *testing.T) {
	t.Parallel()
	h := open(t)
	nobody := auth.Viewer{Claims: auth.Claims{UserID: id.NewUser(h.tick())}, Role: auth.Admin}
	for _, slug := range []*string{nil, new("a-slug")} {
		_, err := h.CreatePost(t.Context(), nobody, blog.CreatePostInput{Title: "T", Content: "C", Slug: slug})
		if err != auth.SessionEnded { //nolint:errorlint // the very reason
			t.Errorf("CreatePost(by nobody) = %v, want SESSION_ENDED", err)
		}
	}
}

// TestCreatePostInParallelByOneTitle publishes posts that all would like the same slug.
func TestCreatePostInParallelByOneTitle(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		t.Helper()
		h := openOn(t, url)
		jane := h.visitor(t, "Jane", auth.Author)
		const posts = 30
		title := strings.Repeat("word ", 30) // longer than a slug may be
		slugs := make([]string, posts)
		var done sync.WaitGroup
		for i := range posts {
			done.Go(func() {
				post, err := h.CreatePost(t.Context(), jane, blog.CreatePostInput{Title: title, Content: "C"})
				if err != nil {
					t.Errorf("CreatePost() in parallel = %v, want nil", err)
					return
				}
				slugs[i] = post.Slug
			})
		}
		done.Wait()
		slices.Sort(slugs)
		if distinct := slices.Compact(slices.Clone(slugs)); len(distinct) != posts {
			t.Errorf("slugs = %q, want %d distinct ones", slugs, posts)
		}
		for _, slug := range slugs {
			if !strings.HasPrefix(slug, "word-word-") || len(slug) > 100 {
				t.Errorf("slug = %q, want one of the title, of at most 100 characters", slug)
			}
		}
	})
}

func TestUpdatePostChangesWhatIsNotNil(t *testing.T) {
	t.Parallel()
	h := open(t)
	jane := h.visitor(t, "Jane", auth.Author)
	post := h.post(t, jane, "First")
	taken := h.post(t, jane, "Taken")
	want := *post
	for _, in := range []blog.UpdatePostInput{
		{Title: new("Second")},
		{Content: new("another")},
		{Slug: new("third")},
		{Slug: new("third")},
		{Title: new("Fourth"), Content: new("all"), Slug: new("fourth"), ExpectedVersion: new(5)},
		{},
	} {
		in.PostID = post.ID
		updated, err := h.UpdatePost(t.Context(), jane, in)
		if err != nil {
			t.Fatalf("UpdatePost(%+v) = %v", in, err)
		}
		for field, value := range map[*string]*string{&want.Title: in.Title, &want.Content: in.Content, &want.Slug: in.Slug} {
			if value != nil {
				*field = *value
			}
		}
		want.Version++
		if !updated.UpdatedAt.After(want.UpdatedAt) {
			t.Errorf("UpdatePost() at %v, want later than %v", updated.UpdatedAt, want.UpdatedAt)
		}
		want.UpdatedAt = updated.UpdatedAt
		if stored := h.stored(t, post.ID); *updated != want || *stored != want {
			t.Errorf("UpdatePost() = %+v, stored is %+v, want %+v", updated, stored, want)
		}
	}
	_, err := h.UpdatePost(t.Context(), jane, blog.UpdatePostInput{PostID: post.ID, Title: new("Lost"), Slug: &taken.Slug})
	if got := outline(err); got != "TAKEN input.slug" {
		t.Errorf("UpdatePost(taken slug) = %v, want TAKEN input.slug", err)
	}
	if stored := h.stored(t, post.ID); *stored != want {
		t.Errorf("after an update that failed the post is %+v, want %+v", stored, want)
	}
}

func TestUpdatePostThatSomebodyElseChanged(t *testing.T) {
	t.Parallel()
	h := open(t)
	jane, eve := h.visitor(t, "Jane", auth.Author), h.visitor(t, "Eve", auth.Author)
	post := h.post(t, jane, "First")
	if _, err := h.UpdatePost(t.Context(), jane, blog.UpdatePostInput{PostID: post.ID, Title: new("Second"), ExpectedVersion: new(1)}); err != nil {
		t.Fatal(err)
	}
	for _, expected := range []int{1, 3, 0, -1, math.MaxInt} {
		_, err := h.UpdatePost(t.Context(), jane, blog.UpdatePostInput{PostID: post.ID, Title: new("Lost"), ExpectedVersion: &expected})
		conflict, ok := errors.AsType[*blog.EditConflictError](err)
		if !ok || outline(err) != "CONFLICT input.expectedVersion" {
			t.Errorf("UpdatePost(expecting %d) = %v, want CONFLICT input.expectedVersion", expected, err)
			continue
		}
		if current := h.stored(t, post.ID); *conflict.Current != *current || current.Title != "Second" || current.Version != 2 {
			t.Errorf("UpdatePost(expecting %d) has %+v current, want %+v, unchanged", expected, conflict.Current, current)
		}
	}
	_, err := h.UpdatePost(t.Context(), eve, blog.UpdatePostInput{PostID: post.ID, ExpectedVersion: new(1)})
	if got := outline(err); got != "NOT_ALLOWED input.postId" {
		t.Errorf("UpdatePost(another's, expecting 1) = %v, want NOT_ALLOWED: the conflict is not theirs to see", err)
	}
}

// TestUpdatePostInParallel lets many change one version of a post: one of them does.
func TestUpdatePostInParallel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		t.Helper()
		h := openOn(t, url)
		jane := h.visitor(t, "Jane", auth.Author)
		post := h.post(t, jane, "First")
		const writers = 20
		errs := make([]error, writers)
		var done sync.WaitGroup
		for i := range writers {
			done.Go(func() {
				errs[i] = second(h.UpdatePost(t.Context(), jane, blog.UpdatePostInput{
					PostID: post.ID, Title: new(fmt.Sprint("Title ", i)), ExpectedVersion: new(1),
				}))
			})
		}
		done.Wait()
		won := -1
		for i, err := range errs {
			switch fault.CodeOf(err) {
			case fault.Conflict:
			default:
				if err != nil || won >= 0 {
					t.Errorf("UpdatePost(%d) in parallel = %v, want CONFLICT, %d having won", i, err, won)
				}
				won = i
			}
		}
		if stored := h.stored(t, post.ID); stored.Version != 2 || stored.Title != fmt.Sprint("Title ", won) {
			t.Errorf("the post is %+v, want version 2 by the writer %d", stored, won)
		}
	})
}

func TestWhoMayChangeAPost(t *testing.T) {
	t.Parallel()
	h := open(t)
	jane := h.visitor(t, "Jane", auth.Author)
	for _, test := range []struct {
		name   string
		viewer auth.Viewer
		want   string
	}{
		{"nobody", auth.Viewer{}, "NOT_ALLOWED input.postId"},
		{"a reader", h.visitor(t, "Ray", auth.Reader), "NOT_ALLOWED input.postId"},
		{"another author", h.visitor(t, "Eve", auth.Author), "NOT_ALLOWED input.postId"},
		{"its author, once a reader", auth.Viewer{Claims: jane.Claims, Role: auth.Reader}, "NOT_ALLOWED input.postId"},
		{"its author", jane, ""},
		{"an editor", h.visitor(t, "Ed", auth.Editor), ""},
		{"an admin", h.visitor(t, "Ada", auth.Admin), ""},
	} {
		post := h.post(t, jane, "A post")
		_, err := h.UpdatePost(t.Context(), test.viewer, blog.UpdatePostInput{PostID: post.ID, Title: new("Changed")})
		if got := outline(err); got != test.want {
			t.Errorf("UpdatePost(by %s) = %v, want %q", test.name, err, test.want)
		}
		if stored := h.stored(t, post.ID); (stored.Title == "Changed") != (err == nil) || stored.Author.ID != jane.UserID {
			t.Errorf("after UpdatePost(by %s) = %v the post is %+v", test.name, err, stored)
		}
		deleted, err := h.DeletePost(t.Context(), test.viewer, blog.DeletePostInput{PostID: post.ID})
		if got := outline(err); got != test.want || deleted != post.ID {
			t.Errorf("DeletePost(by %s) = %v, %v, want %q", test.name, deleted, err, test.want)
		}
		_, err = h.Post(t.Context(), blog.PostLookup{ID: &post.ID})
		if gone := fault.CodeOf(err) == fault.NotFound; gone != (test.want == "") {
			t.Errorf("after DeletePost(by %s) the post is gone: %v, want %v", test.name, gone, test.want == "")
		}
		for call, err := range map[string]error{
			"UpdatePost": second(h.UpdatePost(t.Context(), test.viewer, blog.UpdatePostInput{PostID: id.NewPost(h.tick())})),
			"DeletePost": second(h.DeletePost(t.Context(), test.viewer, blog.DeletePostInput{})),
		} {
			if got := outline(err); got != "NOT_FOUND input.postId" {
				t.Errorf("%s(nothing, by %s) = %v, want NOT_FOUND input.postId", call, test.name, err)
			}
		}
	}
}

func TestPostsAreFilteredByAuthorAndTime(t *testing.T) {
	t.Parallel()
	h := open(t)
	jane, john := h.visitor(t, "Jane", auth.Author), h.visitor(t, "John", auth.Author)
	var posts []*blog.Post // newest first
	for i, author := range []auth.Viewer{jane, john, jane, john} {
		posts = append([]*blog.Post{h.post(t, author, fmt.Sprint("Post ", i))}, posts...)
	}
	at := func(i int) *time.Time { return &posts[i].CreatedAt }
	for name, test := range map[string]struct {
		filter blog.PostFilter
		want   []*blog.Post
	}{
		"all":             {blog.PostFilter{}, posts},
		"by author":       {blog.PostFilter{AuthorID: &jane.UserID}, []*blog.Post{posts[1], posts[3]}},
		"by nobody":       {blog.PostFilter{AuthorID: &id.User{}}, nil},
		"since":           {blog.PostFilter{CreatedSince: at(1)}, posts[:2]},
		"before":          {blog.PostFilter{CreatedBefore: at(1)}, posts[2:]},
		"since, before":   {blog.PostFilter{CreatedSince: at(2), CreatedBefore: at(0)}, posts[1:3]},
		"all of it":       {blog.PostFilter{AuthorID: &john.UserID, CreatedSince: at(2), CreatedBefore: at(0)}, posts[2:3]},
		"the wrong way":   {blog.PostFilter{CreatedSince: at(0), CreatedBefore: at(2)}, nil},
		"before 1970":     {blog.PostFilter{CreatedBefore: new(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC))}, nil},
		"since for ever":  {blog.PostFilter{CreatedSince: &time.Time{}}, posts},
		"till the end":    {blog.PostFilter{CreatedBefore: new(time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))}, posts},
		"in another zone": {blog.PostFilter{CreatedSince: new(at(1).In(time.FixedZone("", 3600)))}, posts[:2]},
	} {
		found, err := h.Posts(t.Context(), test.filter, page.Args{}, blog.Whole)
		same := slices.EqualFunc(found.Items, test.want, func(a, b *blog.Post) bool { return *a == *b })
		if err != nil || !same || found.HasNext || found.HasPrevious {
			t.Errorf("Posts(%s) = %v, %v, want %v", name, titles(found.Items), err, titles(test.want))
		}
		if count, err := h.CountPosts(t.Context(), test.filter); count != len(test.want) || err != nil {
			t.Errorf("CountPosts(%s) = %d, %v, want %d", name, count, err, len(test.want))
		}
	}
	_, err := h.Posts(t.Context(), blog.PostFilter{}, page.Args{First: new(-1)}, blog.Whole)
	if got := outline(err); got != "INVALID first" {
		t.Errorf("Posts(first: -1) = %v, want INVALID first", err)
	}
}

func titles(posts []*blog.Post) []string {
	found := make([]string, len(posts))
	for i, post := range posts {
		found[i] = post.Title
	}
	return found
}
