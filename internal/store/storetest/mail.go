package storetest

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"postern/internal/account"
	"postern/internal/fault"
	"postern/internal/id"
)

func mails() []clause {
	return []clause{
		{"a mail is put down with what it tells of, and not without", mailPutDown},
		{"a mail that was taken is due again later, unless it was sent", mailTaken},
		{"mails are taken in the order in which they are due, so many at a time", mailsInOrder},
		{"of many who take mails one takes each", raceForMails},
		{"mails and tokens go with their account", mailsDeleted},
		{"a token is found by its hash and kind, while it works", tokenFound},
		{"a token works once, for its account as it is", tokenUsed},
		{"a mail that was forgotten carries no token", tokenOfForgottenMail},
		{"no token is left of mails that are forgotten while they are sent", raceForForgetting},
		{"of emails that an account had the earlier one prevails", earlierEmailPrevails},
		{"who moves back leaves nothing that undoes it", movedBack},
		{"an email that was left is kept, for a time", emailKept},
		{"an email is kept from the moment on at which it is left", raceForALeftEmail},
		{"another spelling of a kept email gives nobody that email", otherSpelling},
		{"two accounts do not swap emails", swapped},
		{"no change of email outlives the sessions that are ended while it is asked for", raceForAPendingChange},
		{"an account that is moved many times at once is moved once", raceForAnAccount},
		{"what has expired of tokens is forgotten", emailsForgotten},
	}
}

// mailTo is a mail to an account, put down with an event.
func (s *scene) mailTo(c *account.Credentials, kind account.MailKind) (account.Mail, account.Event) {
	e := s.event(account.LoggedIn, c.ID)
	m := account.Mail{
		ID: id.NewMail(e.CreatedAt), Kind: kind, UserID: &c.ID, To: c.Email, Name: c.Name, Email: c.Email,
		UserAgent: new("Mozilla/5.0"), IPAddress: new("2001:db8::1"), CreatedAt: e.CreatedAt,
	}
	e.Mail = &m
	return m, e
}

// due checks which mails are due at a time, whoever takes them having a minute.
func (s *scene) due(now time.Time, most int, want ...account.Mail) {
	s.t.Helper()
	got, err := s.store.TakeMails(s.ctx, now, now.Add(time.Minute), most)
	s.returns("TakeMails()", got, err, want)
}

func mailPutDown(s *scene) {
	c := s.user()
	m, e := s.mailTo(c, account.MailNewLogin)
	s.notFound("SetRole()", s.store.SetRole(s.ctx, s.newUser().ID, c.Role, e))
	s.due(m.CreatedAt, 10)
	s.must(s.store.SetRole(s.ctx, c.ID, c.Role, e))
	s.due(m.CreatedAt.Add(-time.Microsecond), 10)
	m.Attempts = 1
	s.due(m.CreatedAt, 10, m)

	nobodys, e := s.mailTo(c, account.MailResetPassword)
	nobodys.UserID, e.Mail.UserID, e.UserID = nil, nil, nil
	nobodys.UserAgent, e.Mail.UserAgent, nobodys.IPAddress, e.Mail.IPAddress = nil, nil, nil, nil
	s.must(s.store.Record(s.ctx, e))
	nobodys.Attempts = 1
	s.due(nobodys.CreatedAt, 10, nobodys)
}

func mailTaken(s *scene) {
	m, e := s.mailTo(s.user(), account.MailNewLogin)
	s.must(s.store.Record(s.ctx, e))
	now := m.CreatedAt
	for range 3 {
		m.Attempts++
		s.due(now, 1, m)
		s.due(now.Add(time.Minute-time.Microsecond), 1)
		now = now.Add(time.Minute)
	}
	late := m
	late.Attempts-- // whose mail somebody else has taken since
	s.must(s.store.PutMailOff(s.ctx, late, now.Add(time.Hour)))
	later := now.Add(time.Hour)
	s.must(s.store.PutMailOff(s.ctx, m, later))
	due, err := s.store.NextMail(s.ctx)
	s.must(err)
	s.equal("NextMail()", due, &later)
	s.due(later.Add(-time.Microsecond), 1)
	m.Attempts++
	s.due(later, 1, m)
	s.must(s.store.MailSent(s.ctx, m.ID))
	s.must(s.store.MailSent(s.ctx, m.ID)) // who was late has sent it, too
	s.due(later.Add(time.Hour), 1)
	due, err = s.store.NextMail(s.ctx)
	s.must(err)
	s.equal("NextMail() of none", due, (*time.Time)(nil))
}

func mailsInOrder(s *scene) {
	c := s.user()
	var want []account.Mail
	for range 5 {
		m, e := s.mailTo(c, account.MailNewLogin)
		s.must(s.store.Record(s.ctx, e))
		m.Attempts = 1
		want = append(want, m)
	}
	now := want[4].CreatedAt
	s.due(now, 3, want[:3]...)
	s.due(now, 3, want[3:]...)
}

func raceForMails(s *scene) {
	c := s.user()
	const each = 4
	var last time.Time
	for range each * crowd {
		m, e := s.mailTo(c, account.MailNewLogin)
		s.must(s.store.Record(s.ctx, e))
		last = m.CreatedAt
	}
	var mu sync.Mutex
	times := make(map[id.Mail]int)
	for _, err := range together(crowd, func(int) error {
		for {
			got, err := s.store.TakeMails(s.ctx, last, last.Add(time.Hour), 3)
			if err != nil || len(got) == 0 {
				return err
			}
			mu.Lock()
			for _, m := range got {
				times[m.ID]++
			}
			mu.Unlock()
		}
	}) {
		s.must(err)
	}
	s.equal("how many mails were taken", len(times), each*crowd)
	for _, n := range times {
		s.equal("how often a mail was taken", n, 1)
	}
}

func mailsDeleted(s *scene) {
	c, other := s.user(), s.user()
	_, e := s.mailTo(c, account.MailNewLogin)
	m, others := s.mailTo(other, account.MailNewLogin)
	s.must(s.store.Record(s.ctx, e, others))
	t := s.token(c, account.MailVerifyEmail)
	s.must(s.store.DeleteAccount(s.ctx, c.ID, nil, nil))
	m.Attempts = 1
	s.due(m.CreatedAt, 10, m)
	s.notFound("EmailToken()", second(s.store.EmailToken(s.ctx, t.Hash, t.Kind, t.ExpiresAt.Add(-time.Minute))))
}

// token is one of an account's that works for an hour from its creation on.
func (s *scene) token(c *account.Credentials, kind account.MailKind) account.EmailToken {
	s.t.Helper()
	t, m, now := s.newToken(c, kind)
	s.must(s.store.AddEmailToken(s.ctx, t, m.ID, now))
	return t
}

// newToken is one for a mail that is being sent.
func (s *scene) newToken(c *account.Credentials, kind account.MailKind) (account.EmailToken, account.Mail, time.Time) {
	s.t.Helper()
	m, e := s.mailTo(c, kind)
	s.must(s.store.Record(s.ctx, e))
	n, now := s.next()
	return account.EmailToken{
		Hash: digest("email token", n), Kind: kind, UserID: c.ID, Email: c.Email, EmailKey: c.EmailKey, ExpiresAt: now.Add(time.Hour),
	}, m, now
}

// moved gives an account another email, and returns the token by which it can come back.
func (s *scene) moved(c *account.Credentials, to string) account.EmailToken {
	s.t.Helper()
	next := by(c, to)
	t := s.token(next, account.MailConfirmEmail)
	now := t.ExpiresAt.Add(-time.Minute)
	s.must(s.store.ChangeEmail(s.ctx, t, now, now.Add(keep)))
	undoing := s.token(c, account.MailEmailChanged)
	*c = *next
	return undoing
}

// by is an account as it would be by another email.
func by(c *account.Credentials, email string) *account.Credentials {
	other := *c
	other.Email, other.EmailKey = email, strings.ToLower(email)
	return &other
}

// keep is how long emails are kept here: longer than tokens work.
const keep = 24 * time.Hour

// undo comes back by a token.
func (s *scene) undo(t account.EmailToken) error {
	return s.store.UndoEmailChange(s.ctx, t, t.ExpiresAt.Add(-time.Microsecond), "$argon2id$undone")
}

// has checks what the email of an account is.
func (s *scene) has(c *account.Credentials, email string) {
	s.t.Helper()
	got, err := s.store.Account(s.ctx, c.ID)
	s.must(err)
	s.equal("the email", got.Email, email)
}

func tokenFound(s *scene) {
	c := s.user()
	t, another := s.token(c, account.MailVerifyEmail), s.token(c, account.MailVerifyEmail)
	before := t.ExpiresAt.Add(-time.Microsecond)
	got, err := s.store.EmailToken(s.ctx, t.Hash, t.Kind, before)
	s.returns("EmailToken()", got, err, &t)
	s.notFound("EmailToken(late)", second(s.store.EmailToken(s.ctx, t.Hash, t.Kind, t.ExpiresAt)))
	s.notFound("EmailToken(another kind)", second(s.store.EmailToken(s.ctx, t.Hash, account.MailResetPassword, before)))
	s.notFound("EmailToken(another hash)", second(s.store.EmailToken(s.ctx, digest("email token", 0), t.Kind, before)))
	s.must(s.store.Disable(s.ctx, c.ID, before))
	s.notFound("EmailToken(disabled)", second(s.store.EmailToken(s.ctx, another.Hash, another.Kind, before)))
}

func tokenOfForgottenMail(s *scene) {
	for what, forget := range map[string]func(c *account.Credentials, m account.Mail) error{
		"was sent": func(_ *account.Credentials, m account.Mail) error { return s.store.MailSent(s.ctx, m.ID) },
		"was overtaken": func(c *account.Credentials, _ account.Mail) error {
			return s.store.SetPassword(s.ctx, c.ID, "$argon2id$another", nil)
		},
		"is of a disabled account": func(c *account.Credentials, m account.Mail) error {
			return s.store.Disable(s.ctx, c.ID, m.CreatedAt)
		},
		"is of a deleted account": func(c *account.Credentials, _ account.Mail) error {
			return s.store.DeleteAccount(s.ctx, c.ID, nil, nil)
		},
	} {
		c := s.user()
		t, m, now := s.newToken(c, account.MailResetPassword)
		s.must(forget(c, m))
		s.notFound("AddEmailToken() of a mail that "+what, s.store.AddEmailToken(s.ctx, t, m.ID, now))
	}

	c := s.user() // which never left its email
	t, m, now := s.newToken(c, account.MailEmailChanged)
	s.notFound("AddEmailToken() that undoes nothing", s.store.AddEmailToken(s.ctx, t, m.ID, now))
}

// raceForForgetting disables an account while tokens of its mails are put down: none is left.
func raceForForgetting(s *scene) {
	for range 10 {
		c := s.user()
		var tokens []account.EmailToken
		var mails []account.Mail
		for range crowd {
			t, m, _ := s.newToken(c, account.MailResetPassword)
			tokens, mails = append(tokens, t), append(mails, m)
		}
		now := mails[0].CreatedAt
		for _, err := range together(crowd, func(i int) error {
			if i == 0 {
				return s.store.Disable(s.ctx, c.ID, now)
			}
			err := s.store.AddEmailToken(s.ctx, tokens[i], mails[i].ID, now)
			if fault.CodeOf(err) == fault.NotFound {
				return nil
			}
			return err
		}) {
			s.must(err)
		}
		s.must(s.store.Enable(s.ctx, c.ID))
		for _, t := range tokens {
			s.notFound("EmailToken()", second(s.store.EmailToken(s.ctx, t.Hash, t.Kind, now)))
		}
	}
}

func tokenUsed(s *scene) {
	for call, use := range map[string]func(t account.EmailToken, now time.Time) error{
		"ResetPassword()": func(t account.EmailToken, now time.Time) error {
			return s.store.ResetPassword(s.ctx, t, now, "$argon2id$new")
		},
		"VerifyEmail()": func(t account.EmailToken, now time.Time) error { return s.store.VerifyEmail(s.ctx, t, now) },
		"ChangeEmail()": func(t account.EmailToken, now time.Time) error {
			return s.store.ChangeEmail(s.ctx, t, now, now.Add(keep))
		},
	} {
		s.usedOnce(call, use, func(c *account.Credentials) account.EmailToken {
			kind, about := account.MailVerifyEmail, c
			if call == "ChangeEmail()" {
				kind, about = account.MailConfirmEmail, by(c, "moved."+c.Email)
			}
			return s.token(about, kind)
		})
	}
	s.usedOnce("UndoEmailChange()", func(t account.EmailToken, now time.Time) error {
		return s.store.UndoEmailChange(s.ctx, t, now, "$argon2id$new")
	}, func(c *account.Credentials) account.EmailToken { return s.moved(c, "moved."+c.Email) })
}

// usedOnce checks that a token can be used once, however many try.
func (s *scene) usedOnce(
	call string, use func(t account.EmailToken, now time.Time) error, token func(c *account.Credentials) account.EmailToken,
) {
	s.t.Helper()
	c := s.user()
	t := token(c)
	now := t.ExpiresAt.Add(-time.Microsecond)
	s.notFound(call+" late", use(t, t.ExpiresAt))
	won := 0
	for _, err := range together(crowd, func(int) error { return use(t, now) }) {
		if err == nil {
			won++
			continue
		}
		s.notFound(call, err)
	}
	s.equal("how often "+call+" worked", won, 1)
	got, err := s.store.Account(s.ctx, c.ID)
	s.must(err)
	s.equal("EmailVerified", got.EmailVerified, true)

	disabled := s.user()
	t = token(disabled)
	s.must(s.store.Disable(s.ctx, disabled.ID, now))
	s.notFound(call+" of a disabled account", use(t, t.ExpiresAt.Add(-time.Microsecond)))
}

// earlierEmailPrevails: a thief moves an account twice, and undoes the second move; its owner can undo both all the same, and
// then the thief can undo nothing.
func earlierEmailPrevails(s *scene) {
	for name, undone := range map[string]bool{"the thief undoes the second move": true, "the thief undoes nothing": false} {
		c := s.user()
		first := c.Email
		owners := s.moved(c, "thief."+first)
		thiefs := s.moved(c, "thief.too."+first)
		if undone {
			s.must(s.undo(thiefs))
			s.has(c, "thief."+first)
			*c = *by(c, "thief."+first)
			thiefs = s.moved(c, "thief.again."+first)
		}
		pending, waiting, at := s.newToken(c, account.MailVerifyEmail)
		s.must(s.undo(owners))
		s.has(c, first)
		s.notFound("UndoEmailChange() of what was undone, if "+name, s.undo(thiefs))
		s.has(c, first)
		got, err := s.store.Credentials(s.ctx, c.ID)
		s.must(err)
		s.equal("the password after it was undone", got.PasswordHash, "$argon2id$undone")
		t, m, now := s.newToken(by(c, "thief."+first), account.MailEmailChanged)
		s.notFound("AddEmailToken() for the thief", s.store.AddEmailToken(s.ctx, t, m.ID, now))
		s.notFound("AddEmailToken() of before", s.store.AddEmailToken(s.ctx, pending, waiting.ID, at))
	}
}

// movedBack: who comes back by another change leaves nothing that could undo that.
func movedBack(s *scene) {
	c := s.user()
	first := c.Email
	second := s.moved(c, "thief."+first)
	confirmation := s.token(by(c, first), account.MailConfirmEmail)
	now := confirmation.ExpiresAt.Add(-time.Minute)
	told, e := s.mailTo(c, account.MailEmailChanged)
	s.must(s.store.ChangeEmail(s.ctx, confirmation, now, now.Add(keep), e))
	s.has(c, first)
	waiting, err := s.store.TakeMails(s.ctx, told.CreatedAt, told.CreatedAt.Add(time.Hour), 10)
	s.must(err)
	told.Kind, told.Email, told.Attempts = account.MailEmailChangeUndone, first, 1
	s.equal("the mail to whom the account was moved back from", waiting[len(waiting)-1], told)
	t, m, at := s.newToken(by(c, "thief."+first), account.MailEmailChanged)
	s.notFound("AddEmailToken() for the thief", s.store.AddEmailToken(s.ctx, t, m.ID, at))
	s.notFound("UndoEmailChange() of who is back", s.undo(second))
	s.has(c, first)
}

// emailKept: nobody takes an email that an account had until lately, and anybody once it has expired.
func emailKept(s *scene) {
	c, other := s.user(), s.user()
	left := c.Email
	undoing := s.moved(c, "moved."+left)
	stranger := by(s.newUser(), left)
	s.taken("CreateAccount(a kept email)", s.store.CreateAccount(s.ctx, stranger, nil), "email")
	confirmation := s.token(by(other, left), account.MailConfirmEmail)
	now := confirmation.ExpiresAt.Add(-time.Minute)
	s.taken("ChangeEmail(to a kept email)", s.store.ChangeEmail(s.ctx, confirmation, now, now.Add(keep)), "token")
	s.has(other, other.Email)
	s.must(s.undo(undoing))

	s.moved(by(c, left), "moved.again."+left)
	late := now.Add(2 * keep)
	s.must(s.store.ForgetEmails(s.ctx, now))
	s.taken("CreateAccount(an email that is still kept)", s.store.CreateAccount(s.ctx, stranger, nil), "email")
	stranger.CreatedAt = late
	s.must(s.store.CreateAccount(s.ctx, stranger, nil)) // though nobody has forgotten it yet
	s.moved(stranger, "moved.too."+left)                // nor is that in the way of keeping it for somebody else
	s.must(s.store.ForgetEmails(s.ctx, late.Add(2*keep)))
	s.must(s.store.CreateAccount(s.ctx, by(s.newUser(), left), nil))

	gone := s.user()
	left = gone.Email
	s.moved(gone, "moved."+left)
	s.must(s.store.DeleteAccount(s.ctx, gone.ID, nil, nil))
	s.must(s.store.CreateAccount(s.ctx, by(s.newUser(), left), nil))
}

// raceForALeftEmail moves an account while others sign up with the email that it leaves: none of them gets it.
func raceForALeftEmail(s *scene) {
	for range 5 {
		c := s.user()
		left := c.Email
		t := s.token(by(c, "moved."+left), account.MailConfirmEmail)
		now := t.ExpiresAt.Add(-time.Minute)
		other := s.token(by(s.user(), left), account.MailConfirmEmail)
		strangers := make([]*account.Credentials, crowd)
		for i := range strangers {
			strangers[i] = by(s.newUser(), left)
		}
		for i, err := range together(crowd, func(i int) error {
			switch i {
			case 0:
				return s.store.ChangeEmail(s.ctx, t, now, now.Add(keep))
			case 1:
				return s.store.ChangeEmail(s.ctx, other, now, now.Add(keep))
			}
			return s.store.CreateAccount(s.ctx, strangers[i], nil)
		}) {
			switch i {
			case 0:
				s.must(err)
				continue
			case 1:
				s.taken("ChangeEmail(to an email that is being left)", err, "token")
				continue
			}
			s.taken("CreateAccount(an email that is being left)", err, "email")
		}
	}
}

// otherSpelling: whoever has another spelling of an email that is kept, which may be another's mailbox, gains nothing by it.
func otherSpelling(s *scene) {
	c := s.user()
	first := c.Email
	s.moved(c, "thief."+first)
	confirmation := s.token(by(c, strings.ToUpper(first)), account.MailConfirmEmail)
	now := confirmation.ExpiresAt.Add(-time.Minute)
	s.must(s.store.ChangeEmail(s.ctx, confirmation, now, now.Add(keep)))
	s.has(c, first)
}

// swapped: two accounts that want each other's emails get neither, and do not wait for each other.
func swapped(s *scene) {
	for range 5 {
		a, b := s.user(), s.user()
		tokens := []account.EmailToken{s.token(by(a, b.Email), account.MailConfirmEmail), s.token(by(b, a.Email), account.MailConfirmEmail)}
		now := tokens[0].ExpiresAt.Add(-time.Minute)
		for _, err := range together(2, func(i int) error { return s.store.ChangeEmail(s.ctx, tokens[i], now, now.Add(keep)) }) {
			s.taken("ChangeEmail(another's email)", err, "token")
		}
	}
}

// raceForAPendingChange ends sessions while one of them asks for a change of email, and its mail is about to be sent: neither a mail
// nor a token is left.
func raceForAPendingChange(s *scene) {
	for range 10 {
		c := s.user()
		owner, thief := s.session(c), s.session(c)
		next := by(c, "thief."+c.Email)
		sent, m, now := s.newToken(next, account.MailConfirmEmail)
		asked, e := s.mailTo(next, account.MailConfirmEmail)
		proof := account.Proof{Session: thief.ID, PasswordHash: c.PasswordHash}
		revoke := func() error {
			_, err := s.store.EndSessions(s.ctx, c.ID, owner.ID, now)
			return err
		}
		if now.UnixMicro()%2 == 0 {
			revoke = func() error { return s.store.RevokeSession(s.ctx, c.ID, thief.ID) }
		}
		for _, err := range together(3, func(i int) error {
			switch i {
			case 0:
				return revoke()
			case 1:
				return s.store.AddEmailToken(s.ctx, sent, m.ID, now)
			default:
				return s.store.RecordProven(s.ctx, c.ID, proof, e)
			}
		}) {
			if fault.CodeOf(err) != fault.NotFound {
				s.must(err)
			}
		}
		s.notFound("EmailToken()", second(s.store.EmailToken(s.ctx, sent.Hash, sent.Kind, now)))
		asked.UserID = nil
		s.notFound("Address(a mail of before)", s.store.Address(s.ctx, asked))
		late := sent
		late.Hash = digest("late", now.UnixMicro())
		s.notFound("AddEmailToken()", s.store.AddEmailToken(s.ctx, late, asked.ID, now))
	}
}

// raceForAnAccount moves an account by many tokens at once: each of the emails that it left is kept.
func raceForAnAccount(s *scene) {
	c := s.user()
	first := c.Email
	tokens := make([]account.EmailToken, crowd)
	for i := range tokens {
		tokens[i] = s.token(by(c, fmt.Sprintf("moved.%d.%s", i, first)), account.MailConfirmEmail)
	}
	now := tokens[0].ExpiresAt.Add(-time.Minute)
	won := 0
	for _, err := range together(crowd, func(i int) error { return s.store.ChangeEmail(s.ctx, tokens[i], now, now.Add(keep)) }) {
		if err == nil {
			won++
			continue
		}
		s.notFound("ChangeEmail()", err) // the first one ends what the others could do
	}
	s.equal("how often ChangeEmail() worked", won, 1)
	parts := s.exportOf(c.ID)
	s.equal("the emails that are kept", len(parts[0].Account.FormerEmails), 1)
	s.equal("the email that is kept", parts[0].Account.FormerEmails[0].Email, first)
}

// emailsForgotten: what has expired is forgotten, and nothing else.
func emailsForgotten(s *scene) {
	c := s.user()
	t := s.token(c, account.MailVerifyEmail)
	s.must(s.store.ForgetEmails(s.ctx, t.ExpiresAt.Add(-time.Microsecond)))
	got, err := s.store.EmailToken(s.ctx, t.Hash, t.Kind, t.ExpiresAt.Add(-time.Hour))
	s.returns("EmailToken() that works", got, err, &t)
	s.must(s.store.ForgetEmails(s.ctx, t.ExpiresAt))
	s.notFound("EmailToken() that was forgotten", second(s.store.EmailToken(s.ctx, t.Hash, t.Kind, t.ExpiresAt.Add(-time.Hour))))

	_, m, _ := s.newToken(c, account.MailVerifyEmail) // which nobody sends
	s.must(s.store.ForgetEmails(s.ctx, m.CreatedAt.Add(account.KeepEmail)))
	before, err := s.store.NextMail(s.ctx)
	s.must(err)
	s.equal("NextMail() of one that may still be sent", before, &m.CreatedAt)
	s.must(s.store.ForgetEmails(s.ctx, m.CreatedAt.Add(account.KeepEmail+time.Millisecond)))
	after, err := s.store.NextMail(s.ctx)
	s.must(err)
	s.equal("NextMail() of one that nobody sent", after, (*time.Time)(nil))
}
