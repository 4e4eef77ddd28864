package blog

import (
	"context"
	"errors"
	"math"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/page"
	"postern/internal/text"
	"postern/internal/throttle"
)

// Options are what a Service is made from.
type Options struct {
	Store Store
	Now   func() time.Time
	// PostsOfAccount is how often an account may publish.
	PostsOfAccount throttle.Limit
}

// Service is what can be done with posts. It is safe for concurrent use.
type Service struct {
	store Store
	feed  *feed
	now   func() time.Time
	posts throttle.Limit
}

// NewService returns a Service.
func NewService(o Options) *Service {
	return &Service{
		store: o.Store,
		feed:  newFeed(),
		now:   func() time.Time { return o.Now().UTC().Truncate(time.Microsecond) },
		posts: o.PostsOfAccount,
	}
}

// RateLimit is how often somebody may still do what may be done so often in a while.
type RateLimit struct {
	Posts *Quota // that are created; nil if there is no limit
}

// Quota is what is left of a limit.
type Quota struct {
	Limit     int
	Remaining int
	ResetAt   *time.Time // when all of it is left again; nil if it is
}

// RateLimit is the viewer's.
func (s *Service) RateLimit(ctx context.Context, viewer auth.Viewer) (RateLimit, error) {
	if s.posts.Most == 0 {
		return RateLimit{}, nil
	}
	standing, err := s.store.Standing(ctx, s.publishing(viewer.UserID))
	if err != nil {
		return RateLimit{}, err
	}
	quota := &Quota{Limit: s.posts.Most, Remaining: s.posts.Most}
	if s.now().Before(standing.Until) {
		quota.Remaining, quota.ResetAt = max(0, quota.Limit-standing.Count), &standing.Until
	}
	return RateLimit{Posts: quota}, nil
}

// publishing is the attempt of an account to publish.
func (s *Service) publishing(user id.User) throttle.Attempt { return account.Publishing(s.posts, user) }

// CreatePostInput is a new post.
type CreatePostInput struct {
	Title   string
	Content string
	Slug    *string // made from the title if nil
}

// CreatePost publishes a post in the viewer's name. It answers Invalid, Taken and RateLimited faults.
func (s *Service) CreatePost(ctx context.Context, viewer auth.Viewer, in CreatePostInput) (*Post, error) {
	if err := errors.Join(
		fault.Place(checkTitle(in.Title), "input", "title"),
		fault.Place(checkContent(in.Content), "input", "content"),
		fault.Place(optionally(in.Slug, checkSlug), "input", "slug"),
	); err != nil {
		return nil, err
	}
	now := s.now()
	post := &Post{
		ID:        id.NewPost(now),
		Title:     in.Title,
		Content:   in.Content,
		CreatedAt: now,
		UpdatedAt: now,
		Version:   1,
	}
	post.Author.ID = viewer.UserID
	err := s.create(ctx, post, in.Slug)
	s.feed.wake() // also if it failed: when a commit breaks off, only the database knows whether it happened
	switch {
	case fault.CodeOf(err) == fault.NotFound: // the viewer was deleted in between
		return nil, auth.SessionEnded
	case err != nil:
		return nil, err
	}
	return post, nil
}

// create stores a new post; a slug that nobody asked for gives way to one that is free.
func (s *Service) create(ctx context.Context, post *Post, slug *string) error {
	publishing := s.publishing(post.Author.ID)
	if slug != nil {
		post.Slug = *slug
		return s.store.CreatePost(ctx, post, publishing)
	}
	var err error
	for candidate := range text.Candidates(slugFor(post.Title), maxSlug) {
		post.Slug = candidate
		if err = s.store.CreatePost(ctx, post, publishing); fault.CodeOf(err) != fault.Taken {
			return err
		}
	}
	return err
}

// UpdatePostInput are changes of a post; what is nil stays as it is.
type UpdatePostInput struct {
	PostID          id.Post
	ExpectedVersion *int
	Title           *string
	Content         *string
	Slug            *string
}

// UpdatePost changes a post. It answers Invalid, Taken, NotFound and NotAllowed faults, and a *EditConflictError if the post
// has another version than expected.
func (s *Service) UpdatePost(ctx context.Context, viewer auth.Viewer, in UpdatePostInput) (*Post, error) {
	if err := errors.Join(
		fault.Place(optionally(in.Title, checkTitle), "input", "title"),
		fault.Place(optionally(in.Content, checkContent), "input", "content"),
		fault.Place(optionally(in.Slug, checkSlug), "input", "slug"),
	); err != nil {
		return nil, err
	}
	now := s.now()
	updated, err := s.store.UpdatePost(ctx, in.PostID, func(post *Post) error {
		if err := allow(&viewer, post); err != nil {
			return err
		}
		if in.ExpectedVersion != nil && *in.ExpectedVersion != post.Version {
			return &EditConflictError{Current: post}
		}
		set(&post.Title, in.Title)
		set(&post.Content, in.Content)
		set(&post.Slug, in.Slug)
		post.UpdatedAt = now
		return nil
	})
	return updated, missing(err)
}

// DeletePostInput is which post to delete.
type DeletePostInput struct {
	PostID id.Post
}

// DeletePost deletes a post. It answers NotFound and NotAllowed faults.
func (s *Service) DeletePost(ctx context.Context, viewer auth.Viewer, in DeletePostInput) (id.Post, error) {
	err := s.store.DeletePost(ctx, in.PostID, func(post *Post) error { return allow(&viewer, post) })
	return in.PostID, missing(err)
}

// missing says where in the input a post is named that there is not.
func missing(err error) error {
	if fault.CodeOf(err) == fault.NotFound {
		return fault.Place(err, "input", "postId")
	}
	return err
}

func allow(viewer *auth.Viewer, post *Post) error {
	if post.ChangeableBy(viewer) {
		return nil
	}
	return fault.New(fault.NotAllowed, "Only its author and editors may change a post.").At("input", "postId")
}

// Post finds one; NotFound if there is none.
func (s *Service) Post(ctx context.Context, by PostLookup) (*Post, error) {
	if err := by.check(); err != nil {
		return nil, err
	}
	if by.Slug != nil {
		by.Slug = new(text.Slug(*by.Slug, math.MaxInt)) // addresses come in other case, decomposed, and cut nowhere
	}
	return s.store.Post(ctx, by)
}

// PostsByID are those with the ids, in no order; the ids of nothing are left out.
func (s *Service) PostsByID(ctx context.Context, ids []id.Post) ([]*Post, error) {
	return s.store.PostsByID(ctx, ids)
}

// Posts are those that the filter lets through, newest first. It answers an Invalid fault for bad arguments.
func (s *Service) Posts(ctx context.Context, filter PostFilter, args page.Args, detail Detail) (page.Page[*Post], error) {
	window, err := args.Window(filter.span())
	if err != nil {
		return page.Page[*Post]{}, err
	}
	return s.store.Posts(ctx, window, filter.AuthorID, detail)
}

// CountPosts counts those that the filter lets through.
func (s *Service) CountPosts(ctx context.Context, filter PostFilter) (int, error) {
	return s.store.CountPosts(ctx, filter.span(), filter.AuthorID)
}

// span is the filter's times as bounds of ids, which are made in the order of time.
func (f PostFilter) span() page.Span {
	span := page.All()
	if f.CreatedSince != nil {
		span.Over = id.Floor(*f.CreatedSince)
	}
	if f.CreatedBefore != nil {
		span.Under = id.Floor(*f.CreatedBefore)
	}
	return span
}

// optionally checks what is not nil.
func optionally(value *string, check func(string) error) error {
	if value == nil {
		return nil
	}
	return check(*value)
}

func set(field, value *string) {
	if value != nil {
		*field = *value
	}
}
