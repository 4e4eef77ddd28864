package storetest

import (
	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/id"
)

func events() []clause {
	return []clause{
		{"events are the account's, newest first, and as they were", eventsOfAccount},
		{"an event is recorded with the change that it tells of", recordedWithChange},
		{"a change that fails records nothing", notRecordedWithout},
		{"with an account go its events, but for that it went", eventsDeleted},
	}
}

// event is one that tells of an account.
func (s *scene) event(kind account.EventKind, user id.User) account.Event {
	_, at := s.next()
	return account.Event{ID: id.NewEvent(at), Kind: kind, CreatedAt: at, UserID: &user}
}

// recorded checks which events an account has, newest first.
func (s *scene) recorded(user id.User, want ...account.Event) {
	s.t.Helper()
	got, err := s.store.Events(s.ctx, user)
	s.returns("Events()", got, err, want)
}

func eventsOfAccount(s *scene) {
	c, other := s.user(), s.user()
	session := s.session(c)
	full := s.event(account.RoleChanged, c.ID)
	full.SessionID, full.Role = &session.ID, new(auth.Admin)
	full.UserAgent, full.IPAddress = new("Mozilla/5.0"), new("2001:db8::1")
	bare, others := s.event(account.LoginFailed, c.ID), s.event(account.LoggedIn, other.ID)
	nobodys := s.event(account.LoginFailed, c.ID)
	nobodys.UserID = nil
	s.must(s.store.Record(s.ctx, full, others, nobodys))
	s.must(s.store.Record(s.ctx))
	s.must(s.store.Record(s.ctx, bare))
	s.recorded(c.ID, bare, full)
	s.recorded(other.ID, others)
	s.recorded(s.newUser().ID)
}

// changes are all that is recorded, each of an account of its own.
func (s *scene) changes() map[string]func(c *account.Credentials, session *account.SessionState, e account.Event) error {
	ctx := s.ctx
	return map[string]func(c *account.Credentials, session *account.SessionState, e account.Event) error{
		"SetPassword()": func(c *account.Credentials, _ *account.SessionState, e account.Event) error {
			return s.store.SetPassword(ctx, c.ID, "$argon2id$new", nil, e)
		},
		"SetRole()": func(c *account.Credentials, _ *account.SessionState, e account.Event) error {
			return s.store.SetRole(ctx, c.ID, auth.Editor, e)
		},
		"Disable()": func(c *account.Credentials, _ *account.SessionState, e account.Event) error {
			return s.store.Disable(ctx, c.ID, e.CreatedAt, e)
		},
		"Enable()": func(c *account.Credentials, _ *account.SessionState, e account.Event) error {
			return s.store.Enable(ctx, c.ID, e)
		},
		"OpenSession()": func(c *account.Credentials, _ *account.SessionState, e account.Event) error {
			return s.store.OpenSession(ctx, s.newSession(c.ID), c.PasswordHash, nil, e)
		},
		"EndSession()": func(c *account.Credentials, session *account.SessionState, e account.Event) error {
			return s.store.EndSession(ctx, c.ID, session.ID, e)
		},
		"EndSessions()": func(c *account.Credentials, session *account.SessionState, e account.Event) error {
			return second(s.store.EndSessions(ctx, c.ID, session.ID, e.CreatedAt, e))
		},
	}
}

func recordedWithChange(s *scene) {
	for call, change := range s.changes() {
		c := s.user()
		session, e := s.session(c), s.event(account.LoggedOut, c.ID)
		if err := change(c, session, e); err != nil {
			s.t.Errorf("%s = %v, want nil", call, err)
		}
		s.recorded(c.ID, e)
	}
	for _, session := range []bool{true, false} {
		c := s.newUser()
		e := s.event(account.SignedUp, c.ID)
		if session {
			s.must(s.store.CreateAccount(s.ctx, c, s.newSession(c.ID), e))
		} else {
			s.must(s.store.CreateAccount(s.ctx, c, nil, e))
		}
		s.recorded(c.ID, e)
	}
}

func notRecordedWithout(s *scene) {
	for call, change := range s.changes() {
		if call == "EndSessions()" { // there may be none
			continue
		}
		gone := s.newUser()
		session := s.newSession(gone.ID)
		s.notFound(call, change(gone, session, s.event(account.LoggedOut, gone.ID)))
		s.recorded(gone.ID)
	}
	there := s.user()
	taken := s.newUser()
	taken.EmailKey = there.EmailKey
	s.taken("CreateAccount()", s.store.CreateAccount(s.ctx, taken, nil, s.event(account.SignedUp, taken.ID)), "email")
	s.recorded(taken.ID)
	unproven := &account.Proof{PasswordHash: "$argon2id$another"}
	s.notFound("DeleteAccount()", s.store.DeleteAccount(s.ctx, there.ID, unproven, nil, s.event(account.AccountDeleted, there.ID)))
	s.notFound("SetPassword()", s.store.SetPassword(s.ctx, there.ID, "", unproven, s.event(account.PasswordChanged, there.ID)))
	s.recorded(there.ID)
}

func eventsDeleted(s *scene) {
	c, other := s.user(), s.user()
	before, others, last := s.event(account.LoggedIn, c.ID), s.event(account.LoggedIn, other.ID), s.event(account.AccountDeleted, c.ID)
	s.must(s.store.Record(s.ctx, before, others))
	s.must(s.store.DeleteAccount(s.ctx, c.ID, nil, nil, last))
	s.recorded(c.ID, last)
	s.recorded(other.ID, others)
}
