package storetest

import (
	"errors"
	"slices"

	"postern/internal/account"
	"postern/internal/blog"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/page"
)

func posts() []clause {
	return []clause{
		{"a post is found by whatever names it, with its author", postIsFound},
		{"a post comes with its author as they are now", authorRenamed},
		{"posts are listed without their content for whom that is enough", postsOutlined},
		{"a slug is one post's only, when it is created", slugTakenOnCreate},
		{"a slug is one post's only, when it is changed", slugTakenOnUpdate},
		{"posts are those with the ids", postsByID},
		{"a post is changed as change says, its version one higher", postUpdated},
		{"a change that fails leaves the post as it was", changeFails},
		{"a post is deleted if that is allowed", postDeleted},
		{"posts are counted in a span, by an author", postsCounted},
	}
}

func postIsFound(s *scene) {
	author := s.user()
	s.post(author)
	want := s.newPost(author)
	s.must(s.store.CreatePost(s.ctx, want))
	s.equal("CreatePost(), which fills in the author,", want.Author, author.User)
	s.post(s.user())

	got, err := s.store.Post(s.ctx, blog.PostLookup{ID: &want.ID})
	s.returns("Post(id)", got, err, want)
	got, err = s.store.Post(s.ctx, blog.PostLookup{Slug: &want.Slug})
	s.returns("Post(slug)", got, err, want)
	for _, slug := range []string{"", "Notes-1", want.Slug + "%", want.Slug + " "} {
		s.notFound("Post("+slug+")", second(s.store.Post(s.ctx, blog.PostLookup{Slug: &slug})))
	}
}

func postsOutlined(s *scene) {
	author := s.user()
	var want []*blog.Post
	for range 3 {
		p := *s.post(author)
		p.Content, p.Outlined = "", true
		want = slices.Insert(want, 0, &p)
	}
	for _, of := range []*id.User{nil, &author.ID} {
		got, err := s.store.Posts(s.ctx, s.window(page.Args{}, page.All()), of, blog.Outline)
		s.returns("Posts()", got.Items, err, want)
		got, err = s.store.Posts(s.ctx, s.window(page.Args{Last: new(2)}, page.All()), of, blog.Outline)
		s.returns("Posts(the last)", got.Items, err, want[1:])
	}
}

func authorRenamed(s *scene) {
	author := s.user()
	post := s.post(author)
	renamed, err := s.store.UpdateProfile(s.ctx, author.ID, account.UpdateProfileInput{Name: new("Grace"), Handle: new("grace")})
	s.must(err)
	want := *post
	want.Author = renamed.User

	got, err := s.store.Post(s.ctx, blog.PostLookup{ID: &post.ID})
	s.returns("Post()", got, err, &want)
	many, err := s.store.PostsByID(s.ctx, []id.Post{post.ID})
	s.returns("PostsByID()", many, err, []*blog.Post{&want})
	listed, err := s.store.Posts(s.ctx, s.window(page.Args{}, page.All()), nil, blog.Whole)
	s.returns("Posts()", listed.Items, err, []*blog.Post{&want})
}

func slugTakenOnCreate(s *scene) {
	author := s.user()
	there := s.post(author)
	for _, by := range []*account.Credentials{author, s.user()} {
		post := s.newPost(by)
		post.Slug = there.Slug
		s.taken("CreatePost()", s.store.CreatePost(s.ctx, post), "slug")
		s.notFound("Post()", second(s.store.Post(s.ctx, blog.PostLookup{ID: &post.ID})))
	}
	got, err := s.store.Post(s.ctx, blog.PostLookup{Slug: &there.Slug})
	s.returns("Post(slug)", got, err, there)
}

func slugTakenOnUpdate(s *scene) {
	author := s.user()
	there, post := s.post(author), s.post(author)
	_, err := s.store.UpdatePost(s.ctx, post.ID, func(p *blog.Post) error {
		p.Slug, p.Title = there.Slug, "Another"
		return nil
	})
	s.taken("UpdatePost()", err, "slug")
	got, err := s.store.Post(s.ctx, blog.PostLookup{ID: &post.ID})
	s.returns("Post()", got, err, post)

	s.must(s.store.DeletePost(s.ctx, there.ID, allow))
	got, err = s.store.UpdatePost(s.ctx, post.ID, func(p *blog.Post) error {
		p.Slug = there.Slug
		return nil
	})
	s.must(err)
	s.equal("UpdatePost(a slug that is free again)", got.Slug, there.Slug)
}

func postsByID(s *scene) {
	author, other := s.user(), s.user()
	a, b, c := s.post(author), s.post(other), s.post(author)
	gone := s.newPost(author).ID
	for name, test := range map[string]struct {
		ids  []id.Post
		want []*blog.Post
	}{
		"none":            {nil, nil},
		"one":             {[]id.Post{b.ID}, []*blog.Post{b}},
		"three and gone":  {[]id.Post{c.ID, gone, a.ID, b.ID}, []*blog.Post{a, b, c}},
		"the same twice":  {[]id.Post{a.ID, a.ID}, []*blog.Post{a}},
		"the id of no id": {[]id.Post{{}, c.ID}, []*blog.Post{c}},
	} {
		got, err := s.store.PostsByID(s.ctx, test.ids)
		slices.SortFunc(got, func(a, b *blog.Post) int { return a.CreatedAt.Compare(b.CreatedAt) })
		s.returns("PostsByID("+name+")", got, err, test.want)
	}
}

func postUpdated(s *scene) {
	author := s.user()
	post, other := s.post(author), s.post(author)
	want := *post
	for version := 2; version <= 4; version++ {
		_, at := s.next()
		got, err := s.store.UpdatePost(s.ctx, post.ID, func(p *blog.Post) error {
			s.equal("UpdatePost(), which calls change with the post as it is,", p, &want)
			p.Slug, p.Title, p.Content, p.UpdatedAt = p.Slug+"-x", p.Title+"!", "", at
			return nil
		})
		want.Slug, want.Title, want.Content, want.UpdatedAt, want.Version = want.Slug+"-x", want.Title+"!", "", at, version
		s.returns("UpdatePost()", got, err, &want)
		got, err = s.store.Post(s.ctx, blog.PostLookup{ID: &post.ID})
		s.returns("Post()", got, err, &want)
	}
	got, err := s.store.Post(s.ctx, blog.PostLookup{ID: &other.ID})
	s.returns("Post(another)", got, err, other)
}

func changeFails(s *scene) {
	post := s.post(s.user())
	for name, failure := range map[string]error{
		"a stranger": errors.New("no"),
		"a fault":    fault.New(fault.NotAllowed, "no"),
		"a conflict": &blog.EditConflictError{},
	} {
		_, err := s.store.UpdatePost(s.ctx, post.ID, func(p *blog.Post) error {
			p.Title = "changed all the same"
			return failure
		})
		if !errors.Is(err, failure) {
			s.t.Errorf("UpdatePost(%s): error = %v, want %v", name, err, failure)
		}
		got, err := s.store.Post(s.ctx, blog.PostLookup{ID: &post.ID})
		s.returns("Post()", got, err, post)
	}
}

func postDeleted(s *scene) {
	author := s.user()
	post, other := s.post(author), s.post(author)
	no := fault.New(fault.NotAllowed, "no")
	if err := s.store.DeletePost(s.ctx, post.ID, func(p *blog.Post) error {
		s.equal("DeletePost(), which calls allowed with the post as it is,", p, post)
		return no
	}); !errors.Is(err, no) {
		s.t.Errorf("DeletePost(not allowed): error = %v, want %v", err, no)
	}
	got, err := s.store.Post(s.ctx, blog.PostLookup{ID: &post.ID})
	s.returns("Post(kept)", got, err, post)

	s.must(s.store.DeletePost(s.ctx, post.ID, allow))
	s.notFound("Post(deleted)", second(s.store.Post(s.ctx, blog.PostLookup{ID: &post.ID})))
	s.notFound("DeletePost(deleted)", s.store.DeletePost(s.ctx, post.ID, allow))
	got, err = s.store.Post(s.ctx, blog.PostLookup{ID: &other.ID})
	s.returns("Post(another)", got, err, other)
}

func postsCounted(s *scene) {
	count := func(name string, span page.Span, author *id.User, want int) {
		s.t.Helper()
		got, err := s.store.CountPosts(s.ctx, span, author)
		s.returns("CountPosts("+name+")", got, err, want)
	}
	count("nothing there", page.All(), nil, 0)
	a, b, nobody := s.user(), s.user(), s.newUser()
	first, second, third := s.post(a), s.post(b), s.post(a)
	since := id.Floor(second.CreatedAt)
	count("all", page.All(), nil, 3)
	count("a's", page.All(), &a.ID, 2)
	count("b's", page.All(), &b.ID, 1)
	count("nobody's", page.All(), &nobody.ID, 0)
	count("since the second", page.Span{Over: since, Under: page.All().Under}, nil, 2)
	count("before the second", page.Span{Over: page.All().Over, Under: since}, nil, 1)
	count("a's since the second", page.Span{Over: since, Under: page.All().Under}, &a.ID, 1)
	count("between the first and the third, which a span leaves out", page.Span{Over: first.ID.UUID, Under: third.ID.UUID}, nil, 1)
	count("the wrong way round", page.Span{Over: third.ID.UUID, Under: first.ID.UUID}, nil, 0)
}

func allow(*blog.Post) error { return nil }
