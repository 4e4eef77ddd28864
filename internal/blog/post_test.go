package blog_test

import (
	"strings"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/fault"
	"postern/internal/id"
)

func TestChangeableBy(t *testing.T) {
	t.Parallel()
	now := time.Now()
	owner, other := id.NewUser(now), id.NewUser(now)
	post := &blog.Post{Author: account.User{ID: owner}}
	for _, test := range []struct {
		role       auth.Role
		own, other bool
	}{
		{0, false, false},
		{auth.Reader, false, false}, // not even own ones, from when it was an author
		{auth.Author, true, false},
		{auth.Editor, true, true},
		{auth.Admin, true, true},
	} {
		for user, want := range map[id.User]bool{owner: test.own, other: test.other} {
			viewer := &auth.Viewer{Claims: auth.Claims{UserID: user}, Role: test.role}
			if got := post.ChangeableBy(viewer); got != want {
				t.Errorf("ChangeableBy(%v, its author: %v) = %v, want %v", test.role, user == owner, got, want)
			}
		}
	}
	if post.ChangeableBy(nil) {
		t.Error("ChangeableBy(nobody) = true, want false")
	}
	if orphan := new(blog.Post); orphan.ChangeableBy(&auth.Viewer{}) {
		t.Error("ChangeableBy(the zero viewer) of a post without author = true, want false")
	}
}

// TestText of a post whose content was not read is an error, and no empty text.
func TestText(t *testing.T) {
	t.Parallel()
	if text, err := (&blog.Post{Content: "Some"}).Text(); text != "Some" || err != nil {
		t.Errorf("Text() = %q, %v, want the content", text, err)
	}
	if text, err := (&blog.Post{Outlined: true}).Text(); err == nil {
		t.Errorf("Text() of what was not read = %q, want an error", text)
	}
}

func TestPostRules(t *testing.T) {
	t.Parallel()
	h := open(t)
	jane := h.visitor(t, "Jane", auth.Author)
	post := h.post(t, jane, "A post to change")
	const title, content = "A title", "Some content"
	for _, test := range []struct {
		name           string
		title, content string
		slug           *string
		want           string
	}{
		{"good", title, content, nil, ""},
		{"nothing", "", "", new(""), "INVALID input.title, INVALID input.content, INVALID input.slug"},
		{"blank", " \t", "\n\u200b\n", new(" "), "INVALID input.title, INVALID input.content, INVALID input.slug"},
		{"controls", "a\x1bb", "a\x00b", new("a\x00b"), "INVALID input.title, INVALID input.content, INVALID input.slug"},
		{"not UTF-8", "\xff", "\xff", new("\xff"), "INVALID input.title, INVALID input.content, INVALID input.slug"},
		{"two lines", "a\nb", "a\nb", nil, "INVALID input.title"},
		{"a separator", "a\u2028b", "a\u2028b", nil, "INVALID input.title"},
		{"as long as can be", strings.Repeat("🙂", 200), strings.Repeat("🙂", 100_000), new(strings.Repeat("é", 100)), ""},
		{"too long", strings.Repeat("a", 201), strings.Repeat("a", 100_001), new(strings.Repeat("a", 101)), "INVALID input.title, INVALID input.content, INVALID input.slug"},
		{"an upper-case slug", title, content, new("Title"), "INVALID input.slug"},
		{"spaces in a slug", title, content, new("a title"), "INVALID input.slug"},
		{"two hyphens", title, content, new("a--title"), "INVALID input.slug"},
		{"hyphens outside", title, content, new("-title-"), "INVALID input.slug"},
		{"a path", title, content, new("../title"), "INVALID input.slug"},
		{"decomposed", title, content, new("cafe\u0301"), "INVALID input.slug"},
		{"in another script", title, content, new("заголовок"), ""},
		{"digits", title, content, new("2026"), ""},
	} {
		_, err := h.CreatePost(t.Context(), jane, blog.CreatePostInput{Title: test.title, Content: test.content, Slug: test.slug})
		if got := outline(err); got != test.want {
			t.Errorf("CreatePost(%s) = %v, want %q", test.name, err, test.want)
		}
		in := blog.UpdatePostInput{PostID: post.ID, Title: &test.title, Content: &test.content}
		if strings.Contains(test.want, "slug") { // a good one is taken by now
			in.Slug = test.slug
		}
		_, err = h.UpdatePost(t.Context(), jane, in)
		if got := outline(err); got != test.want {
			t.Errorf("UpdatePost(%s) = %v, want %q", test.name, err, test.want)
		}
	}
}

func TestSlugIsProposed(t *testing.T) {
	t.Parallel()
	h := open(t)
	jane := h.visitor(t, "Jane", auth.Author)
	for slug, want := range map[string]string{
		"A Title!":               `"a-title"`,
		"cafe\u0301":             `"café"`,
		"-":                      "letters or digits",
		"🙂":                      "letters or digits",
		strings.Repeat("a", 101): `"` + strings.Repeat("a", 100) + `"`,
	} {
		_, err := h.CreatePost(t.Context(), jane, blog.CreatePostInput{Title: "T", Content: "C", Slug: &slug})
		faults := fault.All(err)
		if len(faults) != 1 || faults[0].Code != fault.Invalid || !strings.Contains(faults[0].Message, want) {
			t.Errorf("CreatePost(slug %q) = %v, want it to name %s", slug, err, want)
			continue
		}
		if proposal := strings.Trim(want, `"`); proposal != want {
			if _, err := h.CreatePost(t.Context(), jane, blog.CreatePostInput{Title: "T", Content: "C", Slug: &proposal}); err != nil {
				t.Errorf("CreatePost(the proposed slug %q) = %v, want nil", proposal, err)
			}
		}
	}
}

func TestPostIsFoundByOneThing(t *testing.T) {
	t.Parallel()
	h := open(t)
	post := h.post(t, h.visitor(t, "Jane", auth.Author), "Über Café")
	for name, test := range map[string]struct {
		by   blog.PostLookup
		want string
	}{
		"id":           {blog.PostLookup{ID: &post.ID}, ""},
		"slug":         {blog.PostLookup{Slug: new("über-café")}, ""},
		"other case":   {blog.PostLookup{Slug: new("ÜBER-Café")}, ""},
		"decomposed":   {blog.PostLookup{Slug: new("u\u0308ber-cafe\u0301")}, ""},
		"neither":      {blog.PostLookup{}, "INVALID by"},
		"both":         {blog.PostLookup{ID: &post.ID, Slug: new("über-café")}, "INVALID by"},
		"another id":   {blog.PostLookup{ID: new(id.NewPost(time.Now()))}, "NOT_FOUND"},
		"no id":        {blog.PostLookup{ID: &id.Post{}}, "NOT_FOUND"},
		"another slug": {blog.PostLookup{Slug: new("uber-cafe")}, "NOT_FOUND"},
		"no slug":      {blog.PostLookup{Slug: new("")}, "NOT_FOUND"},
		"a NUL":        {blog.PostLookup{Slug: new("\x00")}, "NOT_FOUND"},
		"not UTF-8":    {blog.PostLookup{Slug: new("\xff")}, "NOT_FOUND"},
		"a megabyte":   {blog.PostLookup{Slug: new(strings.Repeat("a", 1<<20))}, "NOT_FOUND"},
	} {
		found, err := h.Post(t.Context(), test.by)
		if got := outline(err); got != test.want || err == nil && found.ID != post.ID {
			t.Errorf("Post(%s) = %+v, %v, want %q", name, found, err, test.want)
		}
	}
}
