package storetest

import (
	"slices"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/id"
	"postern/internal/page"
)

func sessions() []clause {
	return []clause{
		{"a session is opened as it is", sessionOpened},
		{"no session is opened for another password", sessionRefused},
		{"opening a session deletes the account's expired ones", expiredDeleted},
		{"a session's state is found, expired or not", stateFound},
		{"a refresh token is rotated if it is the current one", tokenRotated},
		{"a session's role is its account's while it lives", roleWhileLiving},
		{"living sessions are found by their ids, each with its account's role", rolesOfLiving},
		{"sessions are those of the account that live", sessionsLiving},
		{"a session is ended by its account only", sessionEnded},
		{"sessions are ended but the one to keep, and those that lived returned", sessionsEnded},
	}
}

func sessionOpened(s *scene) {
	c := s.user()
	bare, full := s.newSession(c.ID), s.newSession(c.ID)
	full.UserAgent, full.IPAddress = new("Mozilla/5.0 (✨)"), new("2001:db8::1")
	for _, session := range []*account.SessionState{bare, full} {
		s.must(s.store.OpenSession(s.ctx, session, c.PasswordHash, nil))
		got, err := s.store.SessionState(s.ctx, session.Family)
		s.returns("SessionState()", got, err, session)
	}
	s.living(c.ID, bare, full)
}

func sessionRefused(s *scene) {
	c := s.user()
	expired := s.session(c)
	late := s.newSession(c.ID)
	late.CreatedAt = expired.ExpiresAt
	for name, hash := range map[string]string{"another": "$argon2id$another", "none": "", "longer": c.PasswordHash + " "} {
		s.notFound("OpenSession("+name+")", s.store.OpenSession(s.ctx, late, hash, nil))
	}
	s.notFound("SessionState()", second(s.store.SessionState(s.ctx, late.Family)))
	got, err := s.store.SessionState(s.ctx, expired.Family)
	s.returns("SessionState(expired, nothing having been written)", got, err, expired)
}

func expiredDeleted(s *scene) {
	c, other := s.user(), s.user()
	others := s.session(other)
	expired, living := s.session(c), s.newSession(c.ID)
	living.ExpiresAt = expired.ExpiresAt.Add(time.Microsecond)
	s.must(s.store.OpenSession(s.ctx, living, c.PasswordHash, nil))

	late := s.newSession(c.ID)
	late.CreatedAt, late.ExpiresAt = expired.ExpiresAt, expired.ExpiresAt.Add(time.Hour)
	s.must(s.store.OpenSession(s.ctx, late, c.PasswordHash, nil))
	s.notFound("SessionState(expired)", second(s.store.SessionState(s.ctx, expired.Family)))
	for name, want := range map[string]*account.SessionState{"living": living, "late": late, "another's": others} {
		got, err := s.store.SessionState(s.ctx, want.Family)
		s.returns("SessionState("+name+")", got, err, want)
	}
}

func stateFound(s *scene) {
	c := s.user()
	expired := s.newSession(c.ID)
	expired.ExpiresAt = expired.CreatedAt.Add(time.Microsecond)
	s.must(s.store.OpenSession(s.ctx, expired, c.PasswordHash, nil))
	got, err := s.store.SessionState(s.ctx, expired.Family)
	s.returns("SessionState(expired)", got, err, expired)
	for name, family := range map[string][]byte{"unknown": digest("unknown", 1), "empty": {}, "nil": nil, "current": expired.Current} {
		s.notFound("SessionState("+name+")", second(s.store.SessionState(s.ctx, family)))
	}
}

func tokenRotated(s *scene) {
	c := s.user()
	first, other := s.session(c), s.session(c)
	rotated := *first
	_, rotated.RotatedAt = s.next()
	rotated.LastUsedAt, rotated.ExpiresAt = rotated.RotatedAt, rotated.RotatedAt.Add(2*time.Hour)
	rotated.Current, rotated.Previous, rotated.Nonce = digest("second", 1), first.Current, digest("nonce", 1)

	won, err := s.store.Rotate(s.ctx, &rotated, digest("stranger", 1))
	s.returns("Rotate(from a stranger)", won, err, false)
	got, err := s.store.SessionState(s.ctx, first.Family)
	s.returns("SessionState()", got, err, first)

	won, err = s.store.Rotate(s.ctx, &rotated, first.Current)
	s.returns("Rotate(from the current)", won, err, true)
	got, err = s.store.SessionState(s.ctx, first.Family)
	s.returns("SessionState(rotated)", got, err, &rotated)

	won, err = s.store.Rotate(s.ctx, &rotated, first.Current)
	s.returns("Rotate(from the previous)", won, err, false)
	got, err = s.store.SessionState(s.ctx, other.Family)
	s.returns("SessionState(another)", got, err, other)
}

func roleWhileLiving(s *scene) {
	c, other := s.newUser(), s.user()
	c.Role = auth.Editor
	s.must(s.store.CreateAccount(s.ctx, c, nil))
	session := s.session(c)

	role, err := s.store.SessionRole(s.ctx, c.ID, session.ID, session.ExpiresAt.Add(-time.Microsecond))
	s.returns("SessionRole(at the last moment)", role, err, auth.Editor)
	s.notFound("SessionRole(expired)", second(s.store.SessionRole(s.ctx, c.ID, session.ID, session.ExpiresAt)))
	s.notFound("SessionRole(another's)", second(s.store.SessionRole(s.ctx, other.ID, session.ID, session.CreatedAt)))
	s.notFound("SessionRole(no session)", second(s.store.SessionRole(s.ctx, c.ID, id.Session{}, session.CreatedAt)))
	s.must(s.store.EndSession(s.ctx, c.ID, session.ID))
	s.notFound("SessionRole(ended)", second(s.store.SessionRole(s.ctx, c.ID, session.ID, session.CreatedAt)))
}

func rolesOfLiving(s *scene) {
	c, other, gone := s.newUser(), s.user(), s.user()
	c.Role = auth.Editor
	s.must(s.store.CreateAccount(s.ctx, c, nil))
	first, expired, last, others, disabled := s.session(c), s.newSession(c.ID), s.session(c), s.session(other), s.session(gone)
	now := disabled.CreatedAt.Add(time.Minute)
	expired.ExpiresAt = now
	s.must(s.store.OpenSession(s.ctx, expired, c.PasswordHash, nil))
	s.must(s.store.Disable(s.ctx, gone.ID, now))
	ended := s.session(other)
	s.must(s.store.EndSession(s.ctx, other.ID, ended.ID))

	living := func(what string, ids []id.Session, at time.Time, want map[id.Session]auth.Role) {
		s.t.Helper()
		got, err := s.store.LivingSessions(s.ctx, ids, at)
		s.returns("LivingSessions("+what+")", got, err, want)
	}
	all := []id.Session{{}, last.ID, ended.ID, others.ID, expired.ID, first.ID, disabled.ID, s.newSession(c.ID).ID, last.ID}
	want := map[id.Session]auth.Role{first.ID: auth.Editor, last.ID: auth.Editor, others.ID: other.Role}
	living("none", nil, now, map[id.Session]auth.Role{})
	living("all", all, now, want)
	living("no session", []id.Session{{}, ended.ID}, now, map[id.Session]auth.Role{})
	many := slices.Clone(all)
	for len(many) < 512 {
		many = append(many, s.newSession(c.ID).ID)
	}
	living("many", many, now, want)
	living("one at its last moment", []id.Session{expired.ID}, now.Add(-time.Microsecond), map[id.Session]auth.Role{expired.ID: auth.Editor})
	s.must(s.store.SetRole(s.ctx, c.ID, auth.Reader))
	living("of another role", []id.Session{first.ID}, now, map[id.Session]auth.Role{first.ID: auth.Reader})
	s.must(s.store.Enable(s.ctx, gone.ID))
	living("ended by disabling", []id.Session{disabled.ID}, now, map[id.Session]auth.Role{})
	s.must(s.store.DeleteAccount(s.ctx, c.ID, nil, nil))
	living("of nobody", all, now, map[id.Session]auth.Role{others.ID: other.Role})
}

func sessionsLiving(s *scene) {
	c, other := s.user(), s.user()
	first, expired, last := s.session(c), s.newSession(c.ID), s.session(c)
	now := last.CreatedAt.Add(time.Minute)
	expired.ExpiresAt = now
	s.must(s.store.OpenSession(s.ctx, expired, c.PasswordHash, nil))
	others := s.session(other)

	s.equal("Sessions()", s.sessionPage(c.ID, now), []*account.Session{&last.Session, &first.Session})
	s.equal("Sessions(before that)", s.sessionPage(c.ID, now.Add(-time.Microsecond)),
		[]*account.Session{&last.Session, &expired.Session, &first.Session})
	s.equal("Sessions(nobody's)", s.sessionPage(s.newUser().ID, now), []*account.Session(nil))
	count, err := s.store.CountSessions(s.ctx, c.ID, now)
	s.returns("CountSessions()", count, err, 2)
	count, err = s.store.CountSessions(s.ctx, c.ID, now.Add(-time.Microsecond))
	s.returns("CountSessions(before that)", count, err, 3)

	for name, test := range map[string]struct {
		ids  []id.Session
		want []*account.Session
	}{
		"none":               {nil, nil},
		"two":                {[]id.Session{last.ID, first.ID}, []*account.Session{&first.Session, &last.Session}},
		"the same twice":     {[]id.Session{last.ID, last.ID}, []*account.Session{&last.Session}},
		"expired":            {[]id.Session{expired.ID}, nil},
		"another's and none": {[]id.Session{others.ID, {}, first.ID}, []*account.Session{&first.Session}},
	} {
		got, err := s.store.SessionsByID(s.ctx, c.ID, now, test.ids)
		slices.SortFunc(got, func(a, b *account.Session) int { return a.CreatedAt.Compare(b.CreatedAt) })
		s.returns("SessionsByID("+name+")", got, err, test.want)
	}
}

func sessionEnded(s *scene) {
	c, other := s.user(), s.user()
	session, kept := s.session(c), s.session(c)
	s.notFound("EndSession(another's)", s.store.EndSession(s.ctx, other.ID, session.ID))
	s.living(c.ID, session, kept)
	s.must(s.store.EndSession(s.ctx, c.ID, session.ID))
	s.living(c.ID, kept)
	s.notFound("EndSession(ended)", s.store.EndSession(s.ctx, c.ID, session.ID))
}

func sessionsEnded(s *scene) {
	c, other := s.user(), s.user()
	expired, first, kept, last := s.session(c), s.newSession(c.ID), s.newSession(c.ID), s.newSession(c.ID)
	for _, session := range []*account.SessionState{first, kept, last} {
		session.ExpiresAt = expired.ExpiresAt.Add(time.Hour)
		s.must(s.store.OpenSession(s.ctx, session, c.PasswordHash, nil))
	}
	others := s.session(other)

	ended, err := s.store.EndSessions(s.ctx, c.ID, kept.ID, expired.ExpiresAt)
	s.returns("EndSessions(but one)", ended, err, []id.Session{last.ID, first.ID})
	s.living(c.ID, kept)
	s.notFound("SessionState(expired)", second(s.store.SessionState(s.ctx, expired.Family)))
	s.living(other.ID, others)

	ended, err = s.store.EndSessions(s.ctx, c.ID, kept.ID, expired.ExpiresAt)
	s.returns("EndSessions(but the only one)", ended, err, []id.Session(nil))
	ended, err = s.store.EndSessions(s.ctx, c.ID, others.ID, expired.ExpiresAt)
	s.returns("EndSessions(but another's)", ended, err, []id.Session{kept.ID})
	s.living(c.ID)
	s.living(other.ID, others)
}

// sessionPage is a page of all sessions that live at the given time.
func (s *scene) sessionPage(user id.User, now time.Time) []*account.Session {
	s.t.Helper()
	window, err := page.Args{First: new(page.Max)}.Window(page.All())
	s.must(err)
	found, err := s.store.Sessions(s.ctx, user, now, window)
	s.must(err)
	return found.Items
}
