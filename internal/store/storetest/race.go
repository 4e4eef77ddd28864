package storetest

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"postern/internal/account"
	"postern/internal/blog"
	"postern/internal/fault"
	"postern/internal/page"
)

// crowd is how many do the same at once; rounds is how often a race between two is run.
const (
	crowd  = 50
	rounds = 20
)

func races() []clause {
	return []clause{
		{"of many who want an email and a handle one gets them", func(s *scene) { raceForAccount(s, "email", "handle") }},
		{"of many who want an email one gets it", func(s *scene) { raceForAccount(s, "email") }},
		{"of many who want a handle one gets it", func(s *scene) { raceForAccount(s, "handle") }},
		{"of many who want another handle one gets it", raceForNewHandle},
		{"of many who want a slug one gets it", raceForSlug},
		{"of many who want another slug one gets it", raceForNewSlug},
		{"of many who use a refresh token one rotates it", raceForToken},
		{"of many who prove the same password one changes it", raceForPassword},
		{"of many who replace a hash one does", raceToRehash},
		{"of many changes of a post none is lost", noChangeLost},
		{"of many who delete a post one does, and nobody changes it after", raceToDeletePost},
		{"no session survives being disabled", func(s *scene) { raceToOpen(s, disable) }},
		{"no session survives a new password", func(s *scene) { raceToOpen(s, setPassword) }},
		{"no session survives its account", func(s *scene) { raceToOpen(s, deleteAccount) }},
		{"none who change an account wait for each other for ever", raceOnAccount},
		{"no post survives its author", raceToPublish},
	}
}

// together runs something many times at once and returns what came of each.
func together(times int, run func(i int) error) []error {
	errs := make([]error, times)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range times {
		all.Go(func() {
			<-start
			errs[i] = run(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// oneWon checks that one succeeded and the others were told what is taken.
func (s *scene) oneWon(call string, errs []error, fields ...string) {
	s.t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		s.taken(call, err, fields...)
	}
	s.equal(call+" that succeeded", won, 1)
}

func raceForAccount(s *scene, fields ...string) {
	made := make([]*account.Credentials, crowd)
	for i := range made {
		made[i] = s.newUser()
		for _, field := range fields {
			if field == "email" {
				made[i].EmailKey = made[0].EmailKey
			} else {
				made[i].Handle = made[0].Handle
			}
		}
	}
	s.oneWon("CreateAccount()", together(crowd, func(i int) error { return s.store.CreateAccount(s.ctx, made[i], nil) }), fields...)
	all, err := s.store.Accounts(s.ctx)
	s.returns("the number of Accounts()", len(all), err, 1)
}

func raceForNewHandle(s *scene) {
	made := make([]*account.Credentials, crowd)
	for i := range made {
		made[i] = s.user()
	}
	s.oneWon("UpdateProfile()", together(crowd, func(i int) error {
		return second(s.store.UpdateProfile(s.ctx, made[i].ID, account.UpdateProfileInput{Handle: new("grace")}))
	}), "handle")
}

func raceForSlug(s *scene) {
	author := s.user()
	made := make([]*blog.Post, crowd)
	for i := range made {
		made[i] = s.newPost(author)
		made[i].Slug = "wanted"
	}
	s.oneWon("CreatePost()", together(crowd, func(i int) error { return s.store.CreatePost(s.ctx, made[i]) }), "slug")
	count, err := s.store.CountPosts(s.ctx, page.All(), nil)
	s.returns("CountPosts()", count, err, 1)
}

func raceForNewSlug(s *scene) {
	author := s.user()
	made := make([]*blog.Post, crowd)
	for i := range made {
		made[i] = s.post(author)
	}
	s.oneWon("UpdatePost()", together(crowd, func(i int) error {
		return second(s.store.UpdatePost(s.ctx, made[i].ID, func(p *blog.Post) error {
			p.Slug = "wanted"
			return nil
		}))
	}), "slug")
}

func raceForToken(s *scene) {
	session := s.session(s.user())
	won := make([]bool, crowd)
	states := make([]account.SessionState, crowd)
	for i, err := range together(crowd, func(i int) (err error) {
		states[i] = *session
		states[i].Current, states[i].Previous, states[i].Nonce = digest("next", int64(i)), session.Current, digest("nonce", int64(i))
		won[i], err = s.store.Rotate(s.ctx, &states[i], session.Current)
		return err
	}) {
		s.returns("Rotate()", nil, err, nil)
		if won[i] {
			got, err := s.store.SessionState(s.ctx, session.Family)
			s.returns("SessionState(), as who won says,", got, err, &states[i])
		}
	}
	s.equal("Rotate() that won", count(won), 1)
}

func raceForPassword(s *scene) {
	c := s.user()
	session := s.session(c)
	proof := &account.Proof{Session: session.ID, PasswordHash: c.PasswordHash}
	won := make([]bool, crowd)
	for i, err := range together(crowd, func(i int) error {
		return s.store.SetPassword(s.ctx, c.ID, fmt.Sprintf("$argon2id$new%d", i), proof)
	}) {
		won[i] = err == nil
		if err != nil {
			s.notFound("SetPassword()", err)
			continue
		}
		got, err := s.store.Credentials(s.ctx, c.ID)
		s.must(err)
		s.equal("Credentials(), as who won says,", got.PasswordHash, fmt.Sprintf("$argon2id$new%d", i))
	}
	s.equal("SetPassword() that won", count(won), 1)
	s.living(c.ID, session)
}

func raceToRehash(s *scene) {
	c := s.user()
	won := ""
	for i, err := range together(crowd, func(i int) error {
		return s.store.Rehash(s.ctx, c.ID, c.PasswordHash, "$argon2id$new"+strconv.Itoa(i))
	}) {
		switch {
		case err != nil:
			s.notFound("Rehash()", err)
		case won != "":
			s.t.Error("Rehash() succeeded twice, want once")
		default:
			won = "$argon2id$new" + strconv.Itoa(i)
		}
	}
	got, err := s.store.Credentials(s.ctx, c.ID)
	s.must(err)
	s.equal("the hash afterwards", got.PasswordHash, won)
}

func noChangeLost(s *scene) {
	post := s.newPost(s.user())
	post.Content = "0"
	s.must(s.store.CreatePost(s.ctx, post))
	for _, err := range together(crowd, func(int) error {
		return second(s.store.UpdatePost(s.ctx, post.ID, func(p *blog.Post) error {
			n, err := strconv.Atoi(p.Content)
			p.Content = strconv.Itoa(n + 1)
			return err
		}))
	}) {
		s.returns("UpdatePost()", nil, err, nil)
	}
	want := *post
	want.Content, want.Version = strconv.Itoa(crowd), 1+crowd
	got, err := s.store.Post(s.ctx, blog.PostLookup{ID: &post.ID})
	s.returns("Post()", got, err, &want)
}

func raceToDeletePost(s *scene) {
	const deleters, writers = 3, 3
	author := s.user()
	for range rounds {
		post := s.post(author)
		deleted := 0
		for i, err := range together(deleters+writers, func(i int) error {
			if i < deleters {
				return s.store.DeletePost(s.ctx, post.ID, allow)
			}
			return second(s.store.UpdatePost(s.ctx, post.ID, allow))
		}) {
			switch {
			case err != nil:
				s.notFound("DeletePost() or UpdatePost()", err)
			case i < deleters:
				deleted++
			}
		}
		s.equal("DeletePost() that deleted", deleted, 1)
		s.notFound("Post()", second(s.store.Post(s.ctx, blog.PostLookup{ID: &post.ID})))
	}
}

// raceToOpen opens sessions while something ends them all and forbids more.
func raceToOpen(s *scene, end func(s *scene, c *account.Credentials) error) {
	const openers = 6
	for range rounds {
		c := s.user()
		opened := make([]*account.SessionState, openers+1)
		for i := range opened {
			opened[i] = s.newSession(c.ID)
		}
		for i, err := range together(openers+1, func(i int) error {
			if i == openers/2 {
				return end(s, c)
			}
			return s.store.OpenSession(s.ctx, opened[i], c.PasswordHash, nil)
		}) {
			if err != nil && (i == openers/2 || fault.CodeOf(err) != fault.NotFound) {
				s.t.Errorf("OpenSession() and who ends it: error = %v, want none or %s", err, fault.NotFound)
			}
		}
		s.living(c.ID)
	}
}

func disable(s *scene, c *account.Credentials) error {
	return s.store.Disable(s.ctx, c.ID, c.CreatedAt)
}

func setPassword(s *scene, c *account.Credentials) error {
	return s.store.SetPassword(s.ctx, c.ID, "$argon2id$new", nil)
}

func deleteAccount(s *scene, c *account.Credentials) error {
	return s.store.DeleteAccount(s.ctx, c.ID, nil, nil)
}

// raceOnAccount does everything at once that touches an account and several of its sessions.
func raceOnAccount(s *scene) {
	const expired = 8
	for range rounds {
		c := s.user()
		for range expired {
			s.session(c)
		}
		late, kept := s.newSession(c.ID), s.session(c)
		late.CreatedAt, late.ExpiresAt = late.CreatedAt.Add(2*time.Hour), late.ExpiresAt.Add(2*time.Hour)
		rotated := *kept
		rotated.Current = digest("next", s.made.Load())
		for i, err := range together(8, func(i int) error {
			switch i {
			case 0:
				return s.store.OpenSession(s.ctx, late, c.PasswordHash, nil)
			case 1:
				return second(s.store.EndSessions(s.ctx, c.ID, kept.ID, late.CreatedAt))
			case 2:
				return s.store.SetPassword(s.ctx, c.ID, c.PasswordHash, &account.Proof{Session: kept.ID, PasswordHash: c.PasswordHash})
			case 3:
				return s.store.Disable(s.ctx, c.ID, c.CreatedAt)
			case 4:
				return s.store.Enable(s.ctx, c.ID)
			case 5:
				return second(s.store.Rotate(s.ctx, &rotated, kept.Current))
			case 6:
				return s.store.EndSession(s.ctx, c.ID, kept.ID)
			default:
				return s.store.DeleteAccount(s.ctx, c.ID, nil, nil)
			}
		}) {
			if err != nil {
				s.notFound(fmt.Sprintf("what is done at once, number %d,", i), err)
			}
		}
	}
}

func raceToPublish(s *scene) {
	const writers = 6
	for range rounds {
		author := s.user()
		made := make([]*blog.Post, writers)
		for i := range made {
			made[i] = s.newPost(author)
		}
		for i, err := range together(writers+1, func(i int) error {
			if i == writers {
				return s.store.DeleteAccount(s.ctx, author.ID, nil, nil)
			}
			return s.store.CreatePost(s.ctx, made[i])
		}) {
			if err != nil && (i == writers || fault.CodeOf(err) != fault.NotFound) {
				s.t.Errorf("CreatePost() and DeleteAccount(): error = %v, want none or %s", err, fault.NotFound)
			}
		}
		got, err := s.store.CountPosts(s.ctx, page.All(), &author.ID)
		s.returns("CountPosts()", got, err, 0)
	}
}

func count(of []bool) int {
	n := 0
	for _, yes := range of {
		if yes {
			n++
		}
	}
	return n
}
