package graph

import (
	"context"
	"encoding/base64"

	"github.com/google/uuid"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/fault"
	"postern/internal/page"
)

// PostConnection is a page of posts.
type PostConnection struct {
	connection[*blog.Post]
}

// Edges are the posts with their cursors.
func (c PostConnection) Edges() []PostEdge {
	edges := make([]PostEdge, len(c.page.Items))
	for i, post := range c.page.Items {
		edges[i] = PostEdge{Cursor: c.cursor(post), Node: post}
	}
	return edges
}

// SessionConnection is a page of sessions.
type SessionConnection struct {
	connection[*account.Session]
}

// Edges are the sessions with their cursors.
func (c SessionConnection) Edges() []SessionEdge {
	edges := make([]SessionEdge, len(c.page.Items))
	for i, session := range c.page.Items {
		edges[i] = SessionEdge{Cursor: c.cursor(session), Node: session}
	}
	return edges
}

// EventConnection is a page of events.
type EventConnection struct {
	connection[*account.Event]
}

// Edges are the events with their cursors.
func (c EventConnection) Edges() []EventEdge {
	edges := make([]EventEdge, len(c.page.Items))
	for i, event := range c.page.Items {
		edges[i] = EventEdge{Cursor: c.cursor(event), Node: event}
	}
	return edges
}

// connection is what all connections have in common (Relay Cursor Connections Specification).
type connection[T any] struct {
	page  page.Page[T]
	kind  cursorKind
	id    func(T) uuid.UUID
	count func(context.Context) (int, error)
}

// Nodes are the items alone.
func (c connection[T]) Nodes() []T { return c.page.Items }

// PageInfo tells where the page stands.
func (c connection[T]) PageInfo() *PageInfo {
	info := &PageInfo{HasNextPage: c.page.HasNext, HasPreviousPage: c.page.HasPrevious}
	if items := c.page.Items; len(items) > 0 {
		info.StartCursor = new(c.cursor(items[0]))
		info.EndCursor = new(c.cursor(items[len(items)-1]))
	}
	return info
}

// TotalCount counts the whole list; a field that is not selected is not counted.
func (c connection[T]) TotalCount(ctx context.Context) (int, error) { return c.count(ctx) }

func (c connection[T]) cursor(item T) string { return c.kind.format(c.id(item)) }

// cursorKind tells the cursors of one list from those of another. A cursor is opaque: the kind and the id after which, or
// before which, to go on.
type cursorKind byte

const (
	postCursor    cursorKind = 'p'
	sessionCursor cursorKind = 's'
	eventCursor   cursorKind = 'e'
)

func (k cursorKind) format(u uuid.UUID) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte{byte(k)}, u[:]...))
}

// parse reads a cursor of this kind; nil stays nil. The error is an Invalid fault.
func (k cursorKind) parse(argument string, cursor *string) (*uuid.UUID, error) {
	if cursor == nil {
		return nil, nil //nolint:nilnil // nothing was given, which is no error
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(*cursor)
	if err != nil || len(raw) != 1+len(uuid.UUID{}) || raw[0] != byte(k) {
		return nil, fault.New(fault.Invalid, "%s is no cursor of this list", argument).At(argument)
	}
	return new(uuid.UUID(raw[1:])), nil
}

// args decodes the arguments of a connection whose pages have at most so many items.
func (k cursorKind) args(ctx context.Context, first *int, after *string, last *int, before *string, most int) (page.Args, error) {
	afterID, err := k.parse("after", after)
	if err != nil {
		return page.Args{}, err
	}
	beforeID, err := k.parse("before", before)
	return page.Args{
		First: first, After: afterID, Last: last, Before: beforeID, Max: most, Unflagged: !shows(ctx, "pageInfo"),
	}, err
}

// posts answers a connection of posts.
func (r *Resolver) posts(
	ctx context.Context, filter blog.PostFilter, first *int, after *string, last *int, before *string,
) (*PostConnection, error) {
	args, err := postCursor.args(ctx, first, after, last, before, r.Limits.PageSize)
	if err != nil {
		return nil, err
	}
	found, err := r.Posts.Posts(ctx, filter, args, detail(ctx))
	return &PostConnection{connection[*blog.Post]{
		page:  found,
		kind:  postCursor,
		id:    func(p *blog.Post) uuid.UUID { return p.ID.UUID },
		count: func(ctx context.Context) (int, error) { return r.Posts.CountPosts(ctx, filter) },
	}}, err
}

// ownerOf is who asks for what is an account's alone: who can see the account owns it, also if it only just signed up.
func ownerOf(ctx context.Context, seen *account.Account) auth.Viewer {
	asking := viewer(ctx)
	asking.UserID = seen.ID
	return asking
}

// sessions answers a connection of an account's sessions.
func (r *Resolver) sessions(
	ctx context.Context, owner *account.Account, first *int, after *string, last *int, before *string,
) (*SessionConnection, error) {
	asking := ownerOf(ctx, owner)
	args, err := sessionCursor.args(ctx, first, after, last, before, r.Limits.PageSize)
	if err != nil {
		return nil, err
	}
	found, err := r.Accounts.Sessions(ctx, asking, args)
	return &SessionConnection{connection[*account.Session]{
		page:  found,
		kind:  sessionCursor,
		id:    func(s *account.Session) uuid.UUID { return s.ID.UUID },
		count: func(ctx context.Context) (int, error) { return r.Accounts.CountSessions(ctx, asking) },
	}}, err
}

// activity answers a connection of an account's events.
func (r *Resolver) activity(
	ctx context.Context, owner *account.Account, first *int, after *string, last *int, before *string,
) (*EventConnection, error) {
	asking := ownerOf(ctx, owner)
	args, err := eventCursor.args(ctx, first, after, last, before, r.Limits.PageSize)
	if err != nil {
		return nil, err
	}
	found, err := r.Accounts.Activity(ctx, asking, args)
	return &EventConnection{connection[*account.Event]{
		page:  found,
		kind:  eventCursor,
		id:    func(e *account.Event) uuid.UUID { return e.ID.UUID },
		count: func(ctx context.Context) (int, error) { return r.Accounts.CountActivity(ctx, asking) },
	}}, err
}
