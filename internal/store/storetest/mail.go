package storetest

import (
	"sync"
	"time"

	"postern/internal/account"
	"postern/internal/id"
)

func mails() []clause {
	return []clause{
		{"a mail is put down with what it tells of, and not without", mailPutDown},
		{"a mail that was taken is due again later, unless it was sent", mailTaken},
		{"mails are taken in the order in which they are due, so many at a time", mailsInOrder},
		{"of many who take mails one takes each", raceForMails},
		{"mails and tokens go with their account", mailsDeleted},
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
