package account

import (
	"testing"
	"time"

	"postern/internal/auth"
	"postern/internal/id"
)

// TestChecks: what is remembered of a session is told for two seconds, and to nobody else.
func TestChecks(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
	c := newChecks()
	user, other := id.NewUser(now), id.NewUser(now)
	session, another := id.NewSession(now), id.NewSession(now)
	_, since, _ := c.role(user, session, now)
	c.keep(user, session, check{role: auth.Editor, at: now}, since)
	for _, test := range []struct {
		user    id.User
		session id.Session
		later   time.Duration
		want    bool
	}{
		{user, session, 0, true},
		{user, session, checkLife - 1, true},
		{user, session, checkLife, false},
		{user, session, -1, false}, // the clock was set back
		{user, another, 0, false},
		{other, session, 0, false},
	} {
		role, _, ok := c.role(test.user, test.session, now.Add(test.later))
		if ok != test.want || ok && role != auth.Editor {
			t.Errorf("role(%v, %v) %v later = %v, %v, want it to be known: %v", test.user, test.session, test.later, role, ok, test.want)
		}
	}
	c.forget(other)
	if _, _, ok := c.role(user, session, now); !ok {
		t.Error("who has not changed is forgotten")
	}
	c.forget(user)
	if _, _, ok := c.role(user, session, now); ok {
		t.Error("who has changed is remembered")
	}
}

// TestChecksOfWhatChangesMeanwhile has the store answer what was so before a change.
func TestChecksOfWhatChangesMeanwhile(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
	c, user, session := newChecks(), id.NewUser(now), id.NewSession(now)
	_, since, _ := c.role(user, session, now)
	c.forget(user)
	c.keep(user, session, check{role: auth.Admin, at: now}, since)
	if _, _, ok := c.role(user, session, now); ok {
		t.Error("what was so before a change is remembered")
	}
}

// TestChecksAreBounded remembers no more than so many sessions.
func TestChecksAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
	c := newChecks()
	for range 2*maxChecks + 1 {
		user := id.NewUser(now)
		for range 2 {
			c.keep(user, id.NewSession(now), check{at: now}, 0)
		}
		held := 0
		for range c.found[user] {
			held++
		}
		if held > 2 || c.size > maxChecks {
			t.Fatalf("%d of one account, %d sessions in all are remembered, want %d at most", held, c.size, maxChecks)
		}
	}
	c.forget(id.NewUser(now))
	counted := 0
	for user, sessions := range c.found {
		counted += len(sessions)
		c.forget(user)
	}
	if counted == 0 || c.size != 0 || len(c.found) != 0 {
		t.Errorf("of %d sessions %d are left when all are forgotten", counted, c.size)
	}
}
