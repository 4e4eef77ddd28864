package blog

import (
	"context"

	"postern/internal/id"
	"postern/internal/page"
	"postern/internal/throttle"
)

// Store remembers posts. Every method may be called by any number of goroutines, and is one transaction: it happens as a
// whole or not at all. A look-up of one thing that is not there answers a NotFound fault; so does a change of it. A post
// always comes with its author. Times are UTC, to the microsecond.
type Store interface {
	// CreatePost answers a Taken fault at input.slug if another post has it, and NotFound if the author is gone. It fills in
	// the author. Attempts are counted with it, at the moment of its creation: see account.Store.
	CreatePost(ctx context.Context, post *Post, attempts ...throttle.Attempt) error
	// Standing is how often something was tried; zero if it never was.
	Standing(ctx context.Context, attempt throttle.Attempt) (throttle.Standing, error)
	Post(ctx context.Context, by PostLookup) (*Post, error)
	// PostsByID are those with the ids, in no order; the ids of nothing are left out.
	PostsByID(ctx context.Context, ids []id.Post) ([]*Post, error)
	// Posts are those in the window, newest first, by the author if one is given.
	Posts(ctx context.Context, w page.Window, author *id.User, detail Detail) (page.Page[*Post], error)
	CountPosts(ctx context.Context, list page.Span, author *id.User) (int, error)
	// UpdatePost calls change with the post as it is, and stores what change made of it with a version that is one higher,
	// unless change fails. Nobody else changes the post in between. It answers a Taken fault at input.slug if another post
	// has it.
	UpdatePost(ctx context.Context, post id.Post, change func(*Post) error) (*Post, error)
	// DeletePost calls allowed with the post as it is, and deletes it unless that fails.
	DeletePost(ctx context.Context, post id.Post, allowed func(*Post) error) error

	// Position is that of the last publication: each post that is created is one from the moment of its commit on. Positions
	// rise in the order of commits, and are used once.
	Position(ctx context.Context) (int64, error)
	// Published are the publications after a position, in their order, so many at most; posts that are deleted are left out.
	// Nothing that is committed later has a position below what it answered.
	Published(ctx context.Context, after int64, limit int) ([]Publication, error)
	// Listen calls heard once it listens, and then, soon, after each commit of posts, whoever made it; that of a store which
	// is this process's alone need not be heard. It is no transaction: it goes on until ctx ends or it can hear no more, and
	// always answers an error.
	Listen(ctx context.Context, heard func()) error
}

// Publication is a post with its place in the order of all that were published.
type Publication struct {
	Position int64
	Post     *Post
}
