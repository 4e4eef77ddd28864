package storetest

import (
	"context"
	"errors"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/id"
)

func exports() []clause {
	return []clause{
		{"an export is all that there is of the account, oldest first, and nothing of another's", exported},
		{"an export is as the account was at one moment", exportedAtOnce},
		{"an export goes on until it fails, and answers what it failed with", exportBreaksOff},
		{"there is no export of nobody", exportOfNobody},
	}
}

// exportOf is what is handed over of an account.
func (s *scene) exportOf(user id.User) (parts []account.Part) {
	s.t.Helper()
	s.must(s.store.Export(s.ctx, user, nil, func(p account.Part) error {
		parts = append(parts, p)
		return nil
	}))
	return parts
}

func exportedPost(p *blog.Post) *account.ExportedPost {
	return &account.ExportedPost{
		ID: p.ID, Slug: p.Slug, Title: p.Title, Content: p.Content, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt, Version: p.Version,
	}
}

func exported(s *scene) {
	const many = 103 // more than any page has
	c, other := s.user(), s.user()
	want := []account.Part{{Account: &account.ExportedAccount{Account: c.Account}}}
	for i := range many {
		want = append(want, account.Part{Post: exportedPost(s.post(c))})
		if i < 3 {
			s.post(other)
		}
	}
	s.session(other)
	living, over := s.newSession(c.ID), s.newSession(c.ID)
	living.UserAgent, living.IPAddress = new("Mozilla/5.0"), new("2001:db8::1")
	over.ExpiresAt = over.CreatedAt.Add(time.Microsecond)
	for _, session := range []*account.SessionState{over, living} { // what has expired is deleted when a later one is opened
		s.must(s.store.OpenSession(s.ctx, session, c.PasswordHash, nil))
	}
	want = append(want, account.Part{Session: &living.Session}, account.Part{Session: &over.Session})
	for range many {
		event := s.event(account.RoleChanged, c.ID)
		event.SessionID, event.Role, event.IPAddress = &living.ID, new(auth.Editor), new("203.0.113.9")
		s.must(s.store.Record(s.ctx, event))
		want = append(want, account.Part{Event: &event})
	}
	nobodys := s.event(account.LoginFailed, c.ID)
	nobodys.UserID = nil
	s.must(s.store.Record(s.ctx, s.event(account.LoggedIn, other.ID), nobodys))
	got := s.exportOf(c.ID)
	s.equal("the number of parts of Export()", len(got), len(want))
	for i := range min(len(got), len(want)) {
		s.equal("a part of Export()", got[i], want[i])
	}

	s.must(s.store.Disable(s.ctx, other.ID, other.CreatedAt))
	parts := s.exportOf(other.ID)
	s.equal("Export(another) of so many parts", len(parts), 1+3+1)
	s.equal("Export(a disabled account)", parts[0].Account.DisabledAt, &other.CreatedAt)
}

func exportedAtOnce(s *scene) {
	c := s.user()
	before, session := s.post(c), s.session(c)
	var parts []account.Part
	s.must(s.store.Export(s.ctx, c.ID, nil, func(p account.Part) error {
		if parts = append(parts, p); len(parts) > 1 {
			return nil
		}
		s.post(c)
		return errors.Join(
			s.store.Record(s.ctx, s.event(account.LoggedIn, c.ID)),
			s.store.EndSession(s.ctx, c.ID, session.ID),
			s.store.DeletePost(s.ctx, before.ID, allow))
	}))
	s.equal("Export() while all changes", parts, []account.Part{
		{Account: &account.ExportedAccount{Account: c.Account}}, {Post: exportedPost(before)}, {Session: &session.Session},
	})
	s.equal("Export() afterwards of so many parts", len(s.exportOf(c.ID)), 1+1+1)
}

func exportBreaksOff(s *scene) {
	c := s.user()
	for range 3 {
		s.post(c)
	}
	for n := range 4 {
		full, handed := errors.New("the disk is full"), 0
		err := s.store.Export(s.ctx, c.ID, nil, func(account.Part) error {
			if handed++; handed > n {
				return full
			}
			return nil
		})
		if !errors.Is(err, full) || handed != n+1 {
			s.t.Errorf("Export() = %v after %d parts, want %v after %d", err, handed, full, n+1)
		}
	}
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	err := s.store.Export(ctx, c.ID, nil, func(account.Part) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		s.t.Errorf("Export(), cancelled = %v, want %v", err, context.Canceled)
	}
	s.post(c) // what it held, it has let go
}

func exportOfNobody(s *scene) {
	s.user()
	s.notFound("Export()", s.store.Export(s.ctx, s.newUser().ID, nil, func(p account.Part) error {
		s.t.Errorf("Export(nobody) hands over %s", show(p))
		return nil
	}))
}
