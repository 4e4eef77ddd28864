package storetest

import (
	"errors"
	"slices"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/blog"
	"postern/internal/id"
)

func accounts() []clause {
	return []clause{
		{"an account is found by whatever names it", accountIsFound},
		{"what is not there is NotFound, to look at and to change", nothingThere},
		{"an email and a handle are one account's only", accountTaken},
		{"an account is created with its session or not at all", accountWithSession},
		{"accounts are all there are, oldest first", accountsOldestFirst},
		{"users are those with the ids", usersByID},
		{"a profile is updated where it is not nil", profileUpdated},
		{"a handle that is taken leaves the profile as it was", profileTaken},
		{"a new password ends all sessions but the one to keep", passwordSet},
		{"a proof holds while its session and its password do", proofHolds},
		{"a hash is replaced if the account still has it, and its sessions live on", rehashed},
		{"a role is set", roleSet},
		{"a disabled account has no session and opens none", accountDisabled},
		{"with an account goes all that is its own, and nothing else", accountDeleted},
	}
}

func accountIsFound(s *scene) {
	s.user()
	want := s.user()
	s.user()

	a, err := s.store.Account(s.ctx, want.ID)
	s.returns("Account()", a, err, &want.Account)
	u, err := s.store.User(s.ctx, account.UserLookup{ID: &want.ID})
	s.returns("User(id)", u, err, &want.User)
	u, err = s.store.User(s.ctx, account.UserLookup{Handle: &want.Handle})
	s.returns("User(handle)", u, err, &want.User)
	c, err := s.store.Credentials(s.ctx, want.ID)
	s.returns("Credentials()", c, err, want)
	c, err = s.store.CredentialsByEmail(s.ctx, want.EmailKey)
	s.returns("CredentialsByEmail(key)", c, err, want)
	_, err = s.store.CredentialsByEmail(s.ctx, want.Email)
	s.notFound("CredentialsByEmail(email)", err)
}

func nothingThere(s *scene) {
	gone := s.user()
	session, post := s.session(gone), s.post(gone)
	s.must(s.store.DeleteAccount(s.ctx, gone.ID, nil, nil))
	s.user()

	ctx, now := s.ctx, session.CreatedAt
	called := func(*blog.Post) error { return errors.New("called without a post") }
	for call, err := range map[string]error{
		"Account()":            second(s.store.Account(ctx, gone.ID)),
		"User(id)":             second(s.store.User(ctx, account.UserLookup{ID: &gone.ID})),
		"User(handle)":         second(s.store.User(ctx, account.UserLookup{Handle: &gone.Handle})),
		"Credentials()":        second(s.store.Credentials(ctx, gone.ID)),
		"CredentialsByEmail()": second(s.store.CredentialsByEmail(ctx, gone.EmailKey)),
		"UpdateProfile()":      second(s.store.UpdateProfile(ctx, gone.ID, account.UpdateProfileInput{Name: new("Eve")})),
		"UpdateProfile(nil)":   second(s.store.UpdateProfile(ctx, gone.ID, account.UpdateProfileInput{})),
		"SetPassword()":        s.store.SetPassword(ctx, gone.ID, "$argon2id$new", nil),
		"Rehash()":             s.store.Rehash(ctx, gone.ID, gone.PasswordHash, "$argon2id$new"),
		"SetRole()":            s.store.SetRole(ctx, gone.ID, auth.Admin),
		"Disable()":            s.store.Disable(ctx, gone.ID, now),
		"Enable()":             s.store.Enable(ctx, gone.ID),
		"DeleteAccount()":      s.store.DeleteAccount(ctx, gone.ID, nil, nil),
		"OpenSession()":        s.store.OpenSession(ctx, s.newSession(gone.ID), gone.PasswordHash, nil),
		"SessionState()":       second(s.store.SessionState(ctx, session.Family)),
		"SessionRole()":        second(s.store.SessionRole(ctx, gone.ID, session.ID, now)),
		"EndSession()":         s.store.EndSession(ctx, gone.ID, session.ID),
		"Post(id)":             second(s.store.Post(ctx, blog.PostLookup{ID: &post.ID})),
		"Post(slug)":           second(s.store.Post(ctx, blog.PostLookup{Slug: &post.Slug})),
		"CreatePost()":         s.store.CreatePost(ctx, s.newPost(gone)),
		"UpdatePost()":         second(s.store.UpdatePost(ctx, post.ID, called)),
		"DeletePost()":         s.store.DeletePost(ctx, post.ID, called),
	} {
		s.notFound(call, err)
	}
	won, err := s.store.Rotate(ctx, session, session.Current)
	s.returns("Rotate()", won, err, false)
}

func accountTaken(s *scene) {
	there := s.user()
	for name, test := range map[string]struct {
		change func(*account.Credentials)
		fields []string
	}{
		"email":  {func(c *account.Credentials) { c.EmailKey = there.EmailKey }, []string{"email"}},
		"handle": {func(c *account.Credentials) { c.Handle = there.Handle }, []string{"handle"}},
		"both": {func(c *account.Credentials) {
			c.EmailKey, c.Handle = there.EmailKey, there.Handle
		}, []string{"email", "handle"}},
	} {
		c := s.newUser()
		test.change(c)
		s.taken("CreateAccount("+name+")", s.store.CreateAccount(s.ctx, c, nil), test.fields...)
		s.taken("CreateAccount("+name+", session)", s.store.CreateAccount(s.ctx, c, s.newSession(c.ID)), test.fields...)
	}
	all, err := s.store.Accounts(s.ctx)
	s.returns("Accounts()", all, err, []*account.Account{&there.Account})

	same := s.newUser()
	same.Email, same.Name = there.Email, there.Name
	s.must(s.store.CreateAccount(s.ctx, same, nil)) // it is the key that tells emails apart
}

func accountWithSession(s *scene) {
	c := s.newUser()
	session := s.newSession(c.ID)
	s.must(s.store.CreateAccount(s.ctx, c, session))
	state, err := s.store.SessionState(s.ctx, session.Family)
	s.returns("SessionState()", state, err, session)

	other := s.newUser()
	clash := s.newSession(other.ID)
	clash.Family = session.Family // no store can take this
	if err := s.store.CreateAccount(s.ctx, other, clash); err == nil {
		s.t.Errorf("CreateAccount(a family that is there) = nil, want an error")
	}
	s.notFound("Account(of the failed session)", second(s.store.Account(s.ctx, other.ID)))
}

func accountsOldestFirst(s *scene) {
	all, err := s.store.Accounts(s.ctx)
	if err != nil || len(all) != 0 {
		s.t.Errorf("Accounts() = %s, %v, want none", show(all), err)
	}
	made := []*account.Credentials{s.newUser(), s.newUser(), s.newUser()}
	for _, i := range []int{1, 2, 0} {
		s.must(s.store.CreateAccount(s.ctx, made[i], nil))
	}
	all, err = s.store.Accounts(s.ctx)
	s.returns("Accounts()", all, err, []*account.Account{&made[0].Account, &made[1].Account, &made[2].Account})
}

func usersByID(s *scene) {
	a, b := s.user(), s.user()
	s.user()
	nobody := s.newUser().ID
	for name, test := range map[string]struct {
		ids  []id.User
		want []*account.User
	}{
		"none":            {nil, nil},
		"one":             {[]id.User{b.ID}, []*account.User{&b.User}},
		"two and nobody":  {[]id.User{nobody, b.ID, a.ID}, []*account.User{&a.User, &b.User}},
		"the same twice":  {[]id.User{a.ID, a.ID}, []*account.User{&a.User}},
		"the id of no id": {[]id.User{{}}, nil},
	} {
		got, err := s.store.Users(s.ctx, test.ids)
		slices.SortFunc(got, func(a, b *account.User) int { return a.CreatedAt.Compare(b.CreatedAt) })
		s.returns("Users("+name+")", got, err, test.want)
	}
}

func profileUpdated(s *scene) {
	other := s.user()
	for name, in := range map[string]account.UpdateProfileInput{
		"nothing":  {},
		"name":     {Name: new("Grace")},
		"handle":   {Handle: new("grace")},
		"both":     {Name: new("Joan"), Handle: new("joan")},
		"an empty": {Name: new("")}, // what a name may be, the store does not know
	} {
		c := s.user()
		want := c.Account
		if in.Name != nil {
			want.Name = *in.Name
		}
		if in.Handle != nil {
			want.Handle = *in.Handle
		}
		got, err := s.store.UpdateProfile(s.ctx, c.ID, in)
		s.returns("UpdateProfile("+name+")", got, err, &want)
		got, err = s.store.Account(s.ctx, c.ID)
		s.returns("Account(after "+name+")", got, err, &want)
	}
	got, err := s.store.Account(s.ctx, other.ID)
	s.returns("Account(another)", got, err, &other.Account)
}

func profileTaken(s *scene) {
	c, other := s.user(), s.user()
	_, err := s.store.UpdateProfile(s.ctx, c.ID, account.UpdateProfileInput{Name: new("Grace"), Handle: &other.Handle})
	s.taken("UpdateProfile(another's handle)", err, "handle")
	got, err := s.store.Account(s.ctx, c.ID)
	s.returns("Account()", got, err, &c.Account)

	got, err = s.store.UpdateProfile(s.ctx, c.ID, account.UpdateProfileInput{Handle: &c.Handle})
	s.returns("UpdateProfile(its own handle)", got, err, &c.Account)
}

func passwordSet(s *scene) {
	c, other := s.user(), s.user()
	kept, ended, others := s.session(c), s.session(c), s.session(other)

	s.must(s.store.SetPassword(s.ctx, c.ID, "$argon2id$second", &account.Proof{Session: kept.ID, PasswordHash: c.PasswordHash}))
	s.living(c.ID, kept)
	s.notFound("SessionState(ended)", second(s.store.SessionState(s.ctx, ended.Family)))

	third := c.PasswordHash + "3"
	s.must(s.store.SetPassword(s.ctx, c.ID, third, nil))
	s.living(c.ID)
	s.living(other.ID, others)

	want := *c
	want.PasswordHash = third
	got, err := s.store.Credentials(s.ctx, c.ID)
	s.returns("Credentials()", got, err, &want)
	got, err = s.store.Credentials(s.ctx, other.ID)
	s.returns("Credentials(another)", got, err, other)
}

func proofHolds(s *scene) {
	c, other, disabled := s.user(), s.user(), s.user()
	session, ended, others, post := s.session(c), s.session(c), s.session(other), s.post(c)
	disabledSession := s.session(disabled)
	s.must(s.store.EndSession(s.ctx, c.ID, ended.ID))
	s.must(s.store.Disable(s.ctx, disabled.ID, disabled.CreatedAt))
	for name, test := range map[string]struct {
		of    *account.Credentials
		proof account.Proof
	}{
		"another password":  {c, account.Proof{Session: session.ID, PasswordHash: other.PasswordHash}},
		"an ended session":  {c, account.Proof{Session: ended.ID, PasswordHash: c.PasswordHash}},
		"another's session": {c, account.Proof{Session: others.ID, PasswordHash: c.PasswordHash}},
		"nothing":           {c, account.Proof{}},
		"disabled":          {disabled, account.Proof{Session: disabledSession.ID, PasswordHash: disabled.PasswordHash}},
	} {
		s.notFound("SetPassword("+name+")", s.store.SetPassword(s.ctx, test.of.ID, "$argon2id$new", &test.proof))
		s.notFound("DeleteAccount("+name+")", s.store.DeleteAccount(s.ctx, test.of.ID, &test.proof, nil))
		s.notFound("Export("+name+")", s.store.Export(s.ctx, test.of.ID, &test.proof, func(account.Part) error {
			s.t.Errorf("Export(%s) hands over something", name)
			return nil
		}))
	}
	got, err := s.store.Credentials(s.ctx, c.ID)
	s.returns("Credentials()", got, err, c)
	s.living(c.ID, session)

	proof := &account.Proof{Session: session.ID, PasswordHash: c.PasswordHash}
	s.must(s.store.Export(s.ctx, c.ID, proof, func(account.Part) error { return nil }))
	s.must(s.store.DeleteAccount(s.ctx, c.ID, proof, nil))
	s.notFound("Account()", second(s.store.Account(s.ctx, c.ID)))
	s.notFound("Post()", second(s.store.Post(s.ctx, blog.PostLookup{ID: &post.ID})))
	s.living(other.ID, others)
}

func rehashed(s *scene) {
	c, other := s.user(), s.user()
	session := s.session(c)
	want := *c
	want.PasswordHash = c.PasswordHash + "2"
	for name, from := range map[string]string{"another's": other.PasswordHash, "none": "", "the next": want.PasswordHash} {
		s.notFound("Rehash("+name+")", s.store.Rehash(s.ctx, c.ID, from, "$argon2id$new"))
	}
	s.must(s.store.Rehash(s.ctx, c.ID, c.PasswordHash, want.PasswordHash))
	s.notFound("Rehash(again)", s.store.Rehash(s.ctx, c.ID, c.PasswordHash, "$argon2id$new"))

	got, err := s.store.Credentials(s.ctx, c.ID)
	s.returns("Credentials()", got, err, &want)
	got, err = s.store.Credentials(s.ctx, other.ID)
	s.returns("Credentials(another)", got, err, other)
	s.living(c.ID, session)
}

func roleSet(s *scene) {
	c, other := s.user(), s.user()
	session := s.session(c)
	for _, role := range auth.Roles() {
		s.must(s.store.SetRole(s.ctx, c.ID, role))
		want := c.Account
		want.Role = role
		got, err := s.store.Account(s.ctx, c.ID)
		s.returns("Account()", got, err, &want)
		has, err := s.store.SessionRole(s.ctx, c.ID, session.ID, session.CreatedAt)
		s.returns("SessionRole()", has, err, role)
	}
	got, err := s.store.Account(s.ctx, other.ID)
	s.returns("Account(another)", got, err, &other.Account)
}

func accountDisabled(s *scene) {
	c, other := s.user(), s.user()
	session, others := s.session(c), s.session(other)
	_, at := s.next()
	s.must(s.store.Disable(s.ctx, c.ID, at))

	want := *c
	want.DisabledAt = &at
	got, err := s.store.Credentials(s.ctx, c.ID)
	s.returns("Credentials()", got, err, &want)
	s.living(c.ID)
	s.living(other.ID, others)
	s.notFound("SessionState()", second(s.store.SessionState(s.ctx, session.Family)))
	s.notFound("SessionRole()", second(s.store.SessionRole(s.ctx, c.ID, session.ID, at)))
	s.notFound("OpenSession()", s.store.OpenSession(s.ctx, s.newSession(c.ID), c.PasswordHash, nil))

	s.must(s.store.Enable(s.ctx, c.ID))
	got, err = s.store.Credentials(s.ctx, c.ID)
	s.returns("Credentials()", got, err, c)
	s.living(c.ID)
	s.living(c.ID, s.session(c))
}

func accountDeleted(s *scene) {
	c, other := s.user(), s.user()
	session, post := s.session(c), s.post(c)
	others, kept := s.session(other), s.post(other)
	s.must(s.store.DeleteAccount(s.ctx, c.ID, nil, nil))

	s.notFound("SessionState()", second(s.store.SessionState(s.ctx, session.Family)))
	s.notFound("Post()", second(s.store.Post(s.ctx, blog.PostLookup{ID: &post.ID})))
	s.living(other.ID, others)
	got, err := s.store.Post(s.ctx, blog.PostLookup{ID: &kept.ID})
	s.returns("Post(another's)", got, err, kept)

	again := s.newUser()
	again.Handle, again.EmailKey = c.Handle, c.EmailKey
	s.must(s.store.CreateAccount(s.ctx, again, nil)) // what it had is free
	reused := s.newPost(again)
	reused.Slug = post.Slug
	s.must(s.store.CreatePost(s.ctx, reused))
}

// living checks which sessions of an account live a minute after the last thing was made, newest first.
func (s *scene) living(user id.User, want ...*account.SessionState) {
	s.t.Helper()
	_, now := s.next()
	now = now.Add(time.Minute)
	got := s.sessionPage(user, now)
	var sessions []*account.Session
	for _, state := range slices.Backward(want) {
		sessions = append(sessions, &state.Session)
	}
	s.equal("Sessions()", got, sessions)
	count, err := s.store.CountSessions(s.ctx, user, now)
	s.returns("CountSessions()", count, err, len(want))
}

// second is the error of a call that returns something else, too.
func second[T any](_ T, err error) error { return err }
