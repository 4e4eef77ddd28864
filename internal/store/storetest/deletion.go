package storetest

import (
	"time"

	"postern/internal/account"
	"postern/internal/fault"
	"postern/internal/throttle"
)

func deletions() []clause {
	return []clause{
		{"with an account goes what was counted of attempts, whether there is a limit or not, and nothing else", attemptsDeleted},
		{"nothing is recorded of an account that is gone", notRecordedAfter},
		{"nothing of what an account does at once survives it", raceToVanish},
	}
}

func attemptsDeleted(s *scene) {
	c := s.user()
	_, now := s.next()
	hourly := throttle.Limit{Most: 5, Within: time.Hour}
	own, waiting, others := hourly.Of("x", "own"), throttle.Limit{Most: 5}.Of("y", "own"), hourly.Of("x", "other")
	s.must(s.store.Attempt(s.ctx, now, own, waiting, others))
	forgotten := []throttle.Attempt{waiting, throttle.Limit{}.Of("x", "own"), hourly.Of("x", "never counted")}
	unproven := &account.Proof{PasswordHash: "$argon2id$another"}
	s.notFound("DeleteAccount()", s.store.DeleteAccount(s.ctx, c.ID, unproven, forgotten))
	for _, want := range []int{1, 0} {
		for a, want := range map[throttle.Attempt]int{own: want, waiting: want, others: 1} {
			standing, err := s.store.Standing(s.ctx, a)
			s.returns("Standing()", standing.Count, err, want)
		}
		if want == 1 {
			s.must(s.store.DeleteAccount(s.ctx, c.ID, nil, forgotten))
		}
	}
}

func notRecordedAfter(s *scene) {
	gone, never := s.user(), s.newUser()
	last := s.event(account.AccountDeleted, gone.ID)
	s.must(s.store.DeleteAccount(s.ctx, gone.ID, nil, nil, last))
	s.must(s.store.Record(s.ctx, s.event(account.LoginFailed, gone.ID), s.event(account.LoginFailed, never.ID)))
	s.recorded(gone.ID, last)
	s.recorded(never.ID)
}

// raceToVanish deletes an account while all that leaves traces of it is done several times.
func raceToVanish(s *scene) {
	const times = 4
	hourly := throttle.Limit{Most: 1000, Within: time.Hour}
	for range rounds {
		c := s.user()
		posting, guessing := hourly.Of("post", c.ID.String()), hourly.Of("password", c.EmailKey)
		last := s.event(account.AccountDeleted, c.ID)
		var sessions []*account.SessionState
		for range 2 * times {
			sessions = append(sessions, s.session(c))
		}
		for i, err := range together(5*times+1, func(i int) error {
			switch n := i % times; i / times {
			case 0:
				return s.store.CreatePost(s.ctx, s.newPost(c), posting)
			case 1:
				return s.store.Record(s.ctx, s.event(account.LoginFailed, c.ID))
			case 2:
				return s.store.OpenSession(s.ctx, s.newSession(c.ID), c.PasswordHash, []throttle.Attempt{guessing}, s.event(account.LoggedIn, c.ID))
			case 3:
				return s.store.EndSession(s.ctx, c.ID, sessions[n].ID, s.event(account.LoggedOut, c.ID))
			case 4:
				return second(s.store.EndSessions(s.ctx, c.ID, sessions[times+n].ID, c.CreatedAt, s.event(account.OtherSessionsRevoked, c.ID)))
			default:
				return s.store.DeleteAccount(s.ctx, c.ID, nil, []throttle.Attempt{posting, guessing}, last)
			}
		}) {
			if err != nil && (i == 5*times || fault.CodeOf(err) != fault.NotFound) {
				s.t.Errorf("what is done at once, number %d: error = %v, want none or %s", i, err, fault.NotFound)
			}
		}
		s.recorded(c.ID, last)
		s.living(c.ID)
		for _, a := range []throttle.Attempt{posting, guessing} {
			standing, err := s.store.Standing(s.ctx, a)
			s.returns("Standing()", standing, err, throttle.Standing{})
		}
	}
}
