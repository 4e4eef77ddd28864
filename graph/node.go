package graph

import (
	"context"

	"postern/internal/fault"
	"postern/internal/id"
)

// node finds whatever has the id and may be seen; nil if there is no such thing.
func (r *Resolver) node(ctx context.Context, want id.Any) (Node, error) {
	found, err := r.nodes(ctx, []id.Any{want})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// nodes finds whatever has the ids and may be seen, in the order of the ids and with nil for what there is not; by one
// look-up for each type among them.
func (r *Resolver) nodes(ctx context.Context, want []id.Any) ([]Node, error) {
	if len(want) > r.Limits.PageSize {
		return nil, fault.New(fault.Invalid, "at most %d ids can be asked for at once", r.Limits.PageSize).At("ids")
	}
	found := make(map[id.Any]Node, len(want))
	if ids := only(want, id.Any.Post); len(ids) > 0 {
		posts, err := r.Posts.PostsByID(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, post := range posts {
			found[post.ID.Any()] = post
		}
	}
	if ids := only(want, id.Any.User); len(ids) > 0 {
		users, err := r.Accounts.Users(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, user := range users {
			found[user.ID.Any()] = user
		}
	}
	if ids := only(want, id.Any.Session); len(ids) > 0 {
		sessions, err := r.Accounts.SessionsByID(ctx, viewer(ctx), ids)
		if err != nil {
			return nil, err
		}
		for _, session := range sessions {
			found[session.ID.Any()] = session
		}
	}
	if ids := only(want, id.Any.Event); len(ids) > 0 {
		events, err := r.Accounts.EventsByID(ctx, viewer(ctx), ids)
		if err != nil {
			return nil, err
		}
		for _, event := range events {
			found[event.ID.Any()] = event
		}
	}
	nodes := make([]Node, len(want))
	for i, one := range want {
		nodes[i] = found[one]
	}
	return nodes, nil
}

// only are the ids of one type.
func only[T comparable](ids []id.Any, as func(id.Any) T) []T {
	var nothing T
	var typed []T
	for _, one := range ids {
		if t := as(one); t != nothing {
			typed = append(typed, t)
		}
	}
	return typed
}
