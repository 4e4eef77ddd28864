package storetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/id"
)

// patience is how long a clause may take: a store that waits for itself fails, rather than the whole run.
const patience = time.Minute

// scene is a store with what it takes to fill it.
type scene struct {
	t     *testing.T
	ctx   context.Context //nolint:containedctx // a test's own, the same for all of it
	store Store
	made  atomic.Int64
}

func newScene(t *testing.T, store Store) *scene {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return &scene{t: t, ctx: ctx, store: store}
}

// next is a number that names one thing, and the moment at which that is made: each is later than the one before.
func (s *scene) next() (n int64, at time.Time) {
	n = s.made.Add(1)
	return n, time.Date(2026, 3, 14, 15, 9, 26, 535_897_000, time.UTC).Add(time.Duration(n) * 1001 * time.Microsecond)
}

// newUser is an account that nobody has stored.
func (s *scene) newUser() *account.Credentials {
	n, at := s.next()
	return &account.Credentials{
		Account: account.Account{
			User:  account.User{ID: id.NewUser(at), Handle: fmt.Sprintf("ada-%d", n), Name: fmt.Sprintf("Ada %d", n), CreatedAt: at},
			Email: fmt.Sprintf("Ada.%d@example.org", n),
			Role:  auth.Author,
		},
		EmailKey:     fmt.Sprintf("ada.%d@example.org", n),
		PasswordHash: fmt.Sprintf("$argon2id$%d", n),
	}
}

// user is a stored account.
func (s *scene) user() *account.Credentials {
	s.t.Helper()
	c := s.newUser()
	s.must(s.store.CreateAccount(s.ctx, c, nil))
	return c
}

// newSession is a session of an hour that nobody has opened.
func (s *scene) newSession(user id.User) *account.SessionState {
	n, at := s.next()
	return &account.SessionState{
		Session:  account.Session{ID: id.NewSession(at), CreatedAt: at, LastUsedAt: at, ExpiresAt: at.Add(time.Hour)},
		UserID:   user,
		Family:   digest("family", n),
		Rotation: account.Rotation{Current: digest("token", n), RotatedAt: at},
	}
}

// session is an open session.
func (s *scene) session(c *account.Credentials) *account.SessionState {
	s.t.Helper()
	session := s.newSession(c.ID)
	s.must(s.store.OpenSession(s.ctx, session, c.PasswordHash, nil))
	return session
}

// newPost is a post that nobody has stored.
func (s *scene) newPost(author *account.Credentials) *blog.Post {
	n, at := s.next()
	return &blog.Post{
		ID:        id.NewPost(at),
		Slug:      fmt.Sprintf("notes-%d", n),
		Title:     fmt.Sprintf("Notes %d", n),
		Content:   fmt.Sprintf("The %d. of them.", n),
		Author:    account.User{ID: author.ID},
		CreatedAt: at,
		UpdatedAt: at,
		Version:   1,
	}
}

// post is a stored post.
func (s *scene) post(author *account.Credentials) *blog.Post {
	s.t.Helper()
	post := s.newPost(author)
	s.must(s.store.CreatePost(s.ctx, post))
	return post
}

func digest(what string, n int64) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", what, n))
	return sum[:]
}
