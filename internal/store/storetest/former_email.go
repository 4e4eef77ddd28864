package storetest

import (
	"fmt"
	"strings"
	"time"

	"postern/internal/account"
	"postern/internal/fault"
)

func formerEmails() []clause {
	return []clause{
		{"of emails that an account had the earlier one prevails", earlierEmailPrevails},
		{"who moves back leaves nothing that undoes it", movedBack},
		{"an email that was left is kept, for a time", emailKept},
		{"an email is kept from the moment on at which it is left", raceForALeftEmail},
		{"another spelling of a kept email gives nobody that email", otherSpelling},
		{"two accounts do not swap emails", swapped},
		{"no change of email outlives the sessions that are ended while it is asked for", raceForAPendingChange},
		{"an account that is moved many times at once is moved once", raceForAnAccount},
	}
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
