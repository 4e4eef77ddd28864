// Package blog keeps posts: what they may be, who may change them, and who hears of them.
//
// It knows no transport and no SQL: it may import account, on which it stands, and auth, fault, id, page, text and throttle.
package blog

import (
	"errors"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/text"
)

// Post is one entry of the blog. It carries its author.
type Post struct {
	ID        id.Post
	Slug      string
	Title     string
	Content   string
	Author    account.User
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int
	// Outlined is a post that was read without its content.
	Outlined bool
}

// errOutlined says that somebody shows what was not read.
var errOutlined = errors.New("the content of this post was not read")

// Text is the content, to be shown. An outlined post has none, which is not an empty one.
func (p *Post) Text() (string, error) {
	if p.Outlined {
		return "", errOutlined
	}
	return p.Content, nil
}

// Detail is how much of a post is read.
type Detail int

// The details. A content takes a page or two in the database, all else of a post a fraction of one.
const (
	Whole   Detail = iota
	Outline        // without the content
)

// IsNode marks what the schema's node field can answer.
func (Post) IsNode() {}

// ChangeableBy tells whether somebody may change and delete the post; nil is an anonymous caller.
func (p *Post) ChangeableBy(viewer *auth.Viewer) bool {
	return viewer != nil && (viewer.Role >= auth.Editor || viewer.Role >= auth.Author && viewer.UserID == p.Author.ID)
}

// PostLookup is how to find a post: exactly one of its fields is set.
type PostLookup struct {
	ID   *id.Post
	Slug *string
}

func (l PostLookup) check() error {
	if (l.ID == nil) == (l.Slug == nil) {
		return fault.New(fault.Invalid, "exactly one of id and slug must be given").At("by")
	}
	return nil
}

// PostFilter says which posts; all that is not nil must hold.
type PostFilter struct {
	AuthorID      *id.User
	CreatedSince  *time.Time
	CreatedBefore *time.Time
}

// EditConflictError says that a post is no longer what somebody thought it to be when they changed it. It is a Conflict fault.
type EditConflictError struct {
	Current *Post
}

// Error is what the log shows.
func (e *EditConflictError) Error() string { return e.Unwrap().Error() }

// Unwrap is the fault.
func (*EditConflictError) Unwrap() error {
	return fault.New(fault.Conflict, "Somebody changed the post since you read it. Nothing was written.").At("input", "expectedVersion")
}

// What the parts of a post may be, in characters.
const (
	maxTitle   = 200
	maxContent = 100_000
	maxSlug    = 100
)

// fallbackSlug stands in for titles without a letter or a digit.
const fallbackSlug = "post"

func checkTitle(title string) error { return text.Line("title", title, maxTitle) }

func checkContent(content string) error { return text.Block("content", content, maxContent) }

func checkSlug(slug string) error {
	canonical := text.Slug(slug, maxSlug)
	switch {
	case canonical == slug && slug != "":
		return nil
	case canonical == "":
		return fault.New(fault.Invalid, "A slug has letters or digits, of whatever script, and single hyphens in between.")
	default:
		return fault.New(fault.Invalid, "That is no slug; %q would be.", canonical)
	}
}

func slugFor(title string) string {
	if slug := text.Slug(title, maxSlug); slug != "" {
		return slug
	}
	return fallbackSlug
}
