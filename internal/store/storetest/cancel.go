package storetest

import (
	"context"
	"errors"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/id"
	"postern/internal/page"
)

func cancellations() []clause {
	return []clause{
		{"what is cancelled before it starts does not happen", cancelledBefore},
		{"what is cancelled half-way does not happen", cancelledHalfway},
	}
}

func cancelledBefore(s *scene) {
	c := s.user()
	session, post := s.session(c), s.post(c)
	rotated := *session
	rotated.Current = digest("next", 1)
	newcomer := s.newUser()
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()

	for call, err := range map[string]error{
		"Account()":        second(s.store.Account(ctx, c.ID)),
		"Accounts()":       second(s.store.Accounts(ctx)),
		"Users()":          second(s.store.Users(ctx, []id.User{c.ID})),
		"SessionRole()":    second(s.store.SessionRole(ctx, c.ID, session.ID, session.CreatedAt)),
		"LivingSessions()": second(s.store.LivingSessions(ctx, []id.Session{session.ID}, session.CreatedAt)),
		"Posts()":          second(s.store.Posts(ctx, s.window(page.Args{}, page.All()), nil, blog.Whole)),
		"Position()":       second(s.store.Position(ctx)),
		"Published()":      second(s.store.Published(ctx, 0, 1)),
		"CountPosts()":     second(s.store.CountPosts(ctx, page.All(), nil)),
		"CreateAccount()":  s.store.CreateAccount(ctx, newcomer, s.newSession(newcomer.ID)),
		"UpdateProfile()":  second(s.store.UpdateProfile(ctx, c.ID, account.UpdateProfileInput{Name: new("Eve")})),
		"SetPassword()":    s.store.SetPassword(ctx, c.ID, "$argon2id$new", nil),
		"Rehash()":         s.store.Rehash(ctx, c.ID, c.PasswordHash, "$argon2id$new"),
		"SetRole()":        s.store.SetRole(ctx, c.ID, auth.Admin),
		"Disable()":        s.store.Disable(ctx, c.ID, c.CreatedAt),
		"Enable()":         s.store.Enable(ctx, c.ID),
		"DeleteAccount()":  s.store.DeleteAccount(ctx, c.ID, nil, nil),
		"OpenSession()":    s.store.OpenSession(ctx, s.newSession(c.ID), c.PasswordHash, nil),
		"Rotate()":         second(s.store.Rotate(ctx, &rotated, session.Current)),
		"EndSession()":     s.store.EndSession(ctx, c.ID, session.ID),
		"EndSessions()":    second(s.store.EndSessions(ctx, c.ID, id.Session{}, session.CreatedAt)),
		"ForgetAttempts()": s.store.ForgetAttempts(ctx, c.CreatedAt),
		"Export()":         s.store.Export(ctx, c.ID, nil, func(account.Part) error { return nil }),
		"Record()":         s.store.Record(ctx, s.event(account.LoggedIn, c.ID)),
		"EventPage()":      second(s.store.EventPage(ctx, c.ID, s.window(page.Args{}, page.All()))),
		"CountEvents()":    second(s.store.CountEvents(ctx, c.ID)),
		"EventsByID()":     second(s.store.EventsByID(ctx, c.ID, []id.Event{{}})),
		"Log()":            second(s.store.Log(ctx, account.EventFilter{}, 0, 1)),
		"LogBefore()":      second(s.store.LogBefore(ctx, account.EventFilter{}, 1)),
		"ForgetEvents()":   second(s.store.ForgetEvents(ctx, post.CreatedAt)),
		"CreatePost()":     s.store.CreatePost(ctx, s.newPost(c)),
		"UpdatePost()":     second(s.store.UpdatePost(ctx, post.ID, allow)),
		"DeletePost()":     s.store.DeletePost(ctx, post.ID, allow),
	} {
		if !errors.Is(err, context.Canceled) {
			s.t.Errorf("%s: error = %v, want %v", call, err, context.Canceled)
		}
	}
	s.untouched(c, session, post)
}

func cancelledHalfway(s *scene) {
	c := s.user()
	session, post := s.session(c), s.post(c)
	for range 3 * rounds { // more often than there are connections to lose
		ctx, cancel := context.WithCancel(s.ctx)
		_, err := s.store.UpdatePost(ctx, post.ID, func(p *blog.Post) error {
			p.Title = "Half"
			cancel()
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			s.t.Errorf("UpdatePost(): error = %v, want %v", err, context.Canceled)
		}
	}
	s.untouched(c, session, post)
}

// untouched checks that all is as it was made, and that the store still takes what is written.
func (s *scene) untouched(c *account.Credentials, session *account.SessionState, post *blog.Post) {
	s.t.Helper()
	all, err := s.store.Accounts(s.ctx)
	s.returns("Accounts()", all, err, []*account.Account{&c.Account})
	credentials, err := s.store.Credentials(s.ctx, c.ID)
	s.returns("Credentials()", credentials, err, c)
	state, err := s.store.SessionState(s.ctx, session.Family)
	s.returns("SessionState()", state, err, session)
	s.living(c.ID, session)
	posts, err := s.store.Posts(s.ctx, s.window(page.Args{}, page.All()), nil, blog.Whole)
	s.returns("Posts()", posts.Items, err, []*blog.Post{post})

	updated, err := s.store.UpdatePost(s.ctx, post.ID, func(p *blog.Post) error {
		p.Title = "Whole"
		return nil
	})
	s.must(err)
	s.equal("UpdatePost()", updated.Title, "Whole")
}
