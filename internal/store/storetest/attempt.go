package storetest

import (
	"errors"
	"time"

	"postern/internal/fault"
	"postern/internal/page"
	"postern/internal/throttle"
)

func attempts() []clause {
	return []clause{
		{"so many attempts are counted until a time, and then anew", countedWithin},
		{"who fails too often waits longer and longer", countedWithWaiting},
		{"below the limit nobody waits, however much clocks differ", countedByOtherClocks},
		{"attempts are counted all or none", countedTogether},
		{"who may not try is told so without being counted", throttled},
		{"who logs in is forgiven, and who does not is not", forgivenByOpening},
		{"what has long been over is forgotten, and nothing else", attemptsForgotten},
		{"what is forgiven was not counted", forgiven},
		{"of many who try at once as many are counted as may be", raceToTry},
		{"two who try the same two things wait for each other, and not for ever", raceInBothOrders},
		{"a post that is one too many is not created, nor counts one that failed", countedPosts},
	}
}

// tooOften checks that an attempt was one too many, and after how long it is none.
func (s *scene) tooOften(call string, err error, wait time.Duration) {
	s.t.Helper()
	refused, ok := errors.AsType[*fault.Error](err)
	if !ok || refused.Code != fault.RateLimited || refused.RetryAfter != wait {
		s.t.Errorf("%s = %+v, want it to be too often for %s", call, err, wait)
	}
}

func countedWithin(s *scene) {
	_, now := s.next()
	hourly := throttle.Limit{Most: 3, Within: time.Hour}
	a, b := hourly.Of("signup", "a"), hourly.Of("signup", "b")
	for range 2 {
		begun := now
		for i := range 3 {
			s.must(s.store.Attempt(s.ctx, now, a))
			standing, err := s.store.Standing(s.ctx, a)
			s.returns("Standing()", standing, err, throttle.Standing{Count: i + 1, Until: begun.Add(time.Hour)})
			now = now.Add(time.Minute)
		}
		s.tooOften("Attempt()", s.store.Attempt(s.ctx, now, a), 57*time.Minute)
		now = begun.Add(time.Hour - time.Microsecond)
		s.tooOften("Attempt()", s.store.Attempt(s.ctx, now, a), time.Microsecond)
		s.must(s.store.Attempt(s.ctx, now, throttle.Limit{}.Of("signup", "a"))) // there is no limit
		now = begun.Add(time.Hour)
	}
	s.must(s.store.Attempt(s.ctx, now, b))
	standing, err := s.store.Standing(s.ctx, hourly.Of("signup", "c"))
	s.returns("Standing() of nobody", standing, err, throttle.Standing{})
}

func countedWithWaiting(s *scene) {
	_, now := s.next()
	a := throttle.Limit{Most: 5}.Of("password", "a")
	for range 5 {
		s.must(s.store.Attempt(s.ctx, now, a))
	}
	wait := throttle.Least
	for range 15 {
		s.tooOften("Attempt()", s.store.Attempt(s.ctx, now, a), wait)
		s.tooOften("Attempt()", s.store.Attempt(s.ctx, now.Add(wait-time.Microsecond), a), time.Microsecond)
		now = now.Add(wait)
		s.must(s.store.Attempt(s.ctx, now, a))
		wait = min(2*wait, throttle.Longest)
	}
	now = now.Add(wait + throttle.Forget)
	for range 5 {
		s.must(s.store.Attempt(s.ctx, now, a))
	}
	s.tooOften("Attempt()", s.store.Attempt(s.ctx, now, a), throttle.Least)

	once := throttle.Limit{Most: 1}.Of("password", "b")
	s.must(s.store.Attempt(s.ctx, now, once))
	s.tooOften("Attempt()", s.store.Attempt(s.ctx, now, once), throttle.Least)
}

func countedByOtherClocks(s *scene) {
	_, now := s.next()
	a, b := throttle.Limit{Most: 5}.Of("password", "a"), throttle.Limit{Most: 5, Within: time.Hour}.Of("login", "b")
	for i := range 5 {
		s.must(s.store.Attempt(s.ctx, now.Add(-time.Duration(i)*10*time.Minute), a, b))
	}
	s.tooOften("Attempt()", s.store.Attempt(s.ctx, now.Add(-40*time.Minute), a), throttle.Least)
}

func throttled(s *scene) {
	_, now := s.next()
	within, waiting := throttle.Limit{Most: 2, Within: time.Hour}.Of("x", "a"), throttle.Limit{Most: 2}.Of("x", "b")
	free := throttle.Limit{}.Of("x", "c")
	for _, a := range []throttle.Attempt{within, waiting} {
		for range 2 {
			s.must(s.store.Throttled(s.ctx, now, a, free))
			s.must(s.store.Attempt(s.ctx, now, a, free))
		}
		before, err := s.store.Standing(s.ctx, a)
		s.must(err)
		s.tooOften("Throttled()", s.store.Throttled(s.ctx, now, free, a), before.Until.Sub(now))
		s.must(s.store.Throttled(s.ctx, before.Until, a))
		after, err := s.store.Standing(s.ctx, a)
		s.returns("Standing()", after, err, before)
	}
}

func forgivenByOpening(s *scene) {
	c := s.user()
	_, now := s.next()
	a := throttle.Limit{Most: 1, Within: time.Hour}.Of("x", "a")
	s.must(s.store.Attempt(s.ctx, now, a))
	s.notFound("OpenSession()", s.store.OpenSession(s.ctx, s.newSession(c.ID), "another", []throttle.Attempt{a}))
	s.tooOften("Attempt()", s.store.Attempt(s.ctx, now, a), time.Hour)
	s.must(s.store.OpenSession(s.ctx, s.newSession(c.ID), c.PasswordHash, []throttle.Attempt{a}))
	s.must(s.store.Attempt(s.ctx, now, a))
}

func attemptsForgotten(s *scene) {
	_, now := s.next()
	hourly := throttle.Limit{Most: 1, Within: time.Hour}
	old, young := hourly.Of("x", "old"), hourly.Of("x", "young")
	s.must(s.store.Attempt(s.ctx, now, old))
	s.must(s.store.Attempt(s.ctx, now.Add(time.Microsecond), young))
	s.must(s.store.ForgetAttempts(s.ctx, now.Add(time.Hour+throttle.Forget)))
	for a, want := range map[throttle.Attempt]int{old: 0, young: 1} {
		standing, err := s.store.Standing(s.ctx, a)
		s.returns("Standing()", standing.Count, err, want)
	}
}

func countedTogether(s *scene) {
	_, now := s.next()
	many, few := throttle.Limit{Most: 5, Within: time.Hour}.Of("x", "many"), throttle.Limit{Most: 1, Within: time.Hour}.Of("x", "few")
	s.must(s.store.Attempt(s.ctx, now, many, few))
	for range 10 {
		s.tooOften("Attempt()", s.store.Attempt(s.ctx, now, many, few), time.Hour)
		s.tooOften("Attempt()", s.store.Attempt(s.ctx, now, few, many), time.Hour)
	}
	standing, err := s.store.Standing(s.ctx, many)
	s.returns("Standing()", standing.Count, err, 1)
}

func forgiven(s *scene) {
	_, now := s.next()
	within, waiting := throttle.Limit{Most: 1, Within: time.Hour}.Of("x", "a"), throttle.Limit{Most: 1}.Of("x", "b")
	for range 3 {
		s.must(s.store.Attempt(s.ctx, now, within, waiting))
		s.must(s.store.Forgive(s.ctx, within, waiting))
	}
	s.must(s.store.Forgive(s.ctx, within, waiting, throttle.Limit{}.Of("x", "c"))) // more than was counted
	s.must(s.store.Attempt(s.ctx, now, within, waiting))
	s.tooOften("Attempt()", s.store.Attempt(s.ctx, now, within), time.Hour)
}

func raceToTry(s *scene) {
	_, now := s.next()
	for _, a := range []throttle.Attempt{
		throttle.Limit{Most: 7, Within: time.Hour}.Of("x", "a"), throttle.Limit{Most: 7}.Of("x", "b"),
	} {
		made := 0
		for _, err := range together(crowd, func(int) error { return s.store.Attempt(s.ctx, now, a) }) {
			if err == nil {
				made++
			} else {
				s.equal("Attempt()", fault.CodeOf(err), fault.RateLimited)
			}
		}
		s.equal("how many attempts were made", made, 7)
	}
}

func raceInBothOrders(s *scene) {
	_, now := s.next()
	a, b := throttle.Limit{Most: crowd, Within: time.Hour}.Of("x", "a"), throttle.Limit{Most: crowd, Within: time.Hour}.Of("x", "b")
	s.must(errors.Join(together(crowd, func(i int) error {
		if i%2 == 0 {
			return s.store.Attempt(s.ctx, now, a, b)
		}
		return s.store.Attempt(s.ctx, now, b, a)
	})...))
}

func countedPosts(s *scene) {
	author := s.user()
	publishing := throttle.Limit{Most: 2, Within: time.Hour}.Of("post", "a")
	first := s.newPost(author)
	s.must(s.store.CreatePost(s.ctx, first, publishing))
	clash := s.newPost(author)
	clash.Slug = first.Slug
	s.taken("CreatePost()", s.store.CreatePost(s.ctx, clash, publishing), "slug")
	s.must(s.store.CreatePost(s.ctx, s.newPost(author), publishing))
	late := s.newPost(author)
	s.tooOften("CreatePost()", s.store.CreatePost(s.ctx, late, publishing), time.Hour-late.CreatedAt.Sub(first.CreatedAt))
	count, err := s.store.CountPosts(s.ctx, page.All(), nil)
	s.returns("CountPosts()", count, err, 2)
}
