package mail_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/id"
	"postern/internal/mail"
	"postern/internal/mail/mailtest"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

// postOffice is a worker at work, with a real queue and a real server.
type postOffice struct {
	store   *store.Store
	queue   mail.Queue // the store, unless a test puts something in between
	server  *mailtest.Server
	user    id.User
	prepare func(context.Context, account.Mail) (account.Mail, string, error)
	dial    func(ctx context.Context, network, address string) (net.Conn, error) // nil leads to the server
	said    chan string                                                          // what the worker logs

	mu  sync.Mutex
	now time.Time
}

func (o *postOffice) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

func (o *postOffice) advance(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

// Write takes a line of the log.
func (o *postOffice) Write(line []byte) (int, error) {
	o.said <- string(line)
	return len(line), nil
}

func openPostOffice(t *testing.T, url string) *postOffice {
	t.Helper()
	o := &postOffice{
		store: storetest.Open(t, url), server: mailtest.Start(t, mailtest.Options{}), said: make(chan string, 100),
		now: time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC),
		prepare: func(_ context.Context, m account.Mail) (account.Mail, string, error) {
			return m, strings.Repeat("t", 43), nil
		},
	}
	o.queue = o.store
	o.user = id.NewUser(o.now)
	if err := o.store.CreateAccount(t.Context(), &account.Credentials{
		Account: account.Account{
			User: account.User{ID: o.user, Handle: "jane", Name: "Jane", CreatedAt: o.now}, Email: "jane@example.org",
		},
		EmailKey: "jane@example.org", PasswordHash: "none",
	}, nil); err != nil {
		t.Fatal(err)
	}
	return o
}

// work runs so many workers, and returns what stops them, and waits until they have.
func (o *postOffice) work(t *testing.T, workers int) (stop func()) {
	t.Helper()
	sender, err := mail.New(mail.Options{
		Server: mail.Server{Host: o.server.Host, Port: o.server.Port, Security: mail.Plain}, From: "blog@example.org", Now: o.clock,
		Dial: o.dial, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var working sync.WaitGroup
	for range workers {
		worker := &mail.Worker{
			Queue: o.queue, Sender: sender, Prepare: o.prepare, Now: o.clock, Log: slog.New(slog.NewTextHandler(o, nil)),
			FrontEnd: "https://www.example.org",
		}
		working.Go(func() { worker.Run(ctx) })
	}
	stop = func() {
		cancel()
		working.Wait()
	}
	t.Cleanup(stop)
	return stop
}

// put puts a mail down, to Jane or to nobody.
func (o *postOffice) put(t *testing.T, kind account.MailKind, user *id.User) account.Mail {
	t.Helper()
	now, program, address := o.clock(), "curl/8.5.0", "203.0.113.7"
	m := account.Mail{
		ID: id.NewMail(now), Kind: kind, UserID: user, To: "jane@example.org", Name: "Jane", Email: "former@example.org",
		UserAgent: &program, IPAddress: &address, CreatedAt: now,
	}
	e := account.Event{ID: id.NewEvent(now), Kind: account.LoggedIn, CreatedAt: now, Mail: &m}
	if err := o.store.Record(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	return m
}

// empty waits until nothing is in the queue any more.
func (o *postOffice) empty(t *testing.T) {
	t.Helper()
	for {
		switch due, err := o.store.NextMail(t.Context()); {
		case err != nil:
			t.Fatal(err)
		case due == nil:
			return
		}
	}
}

// hears waits for a line of the log.
func (o *postOffice) hears(t *testing.T, text string) {
	t.Helper()
	const patience = 30 * time.Second
	select {
	case line := <-o.said:
		if !strings.Contains(line, text) {
			t.Fatalf("the log says %s, want %s", line, text)
		}
	case <-time.After(patience):
		t.Fatalf("the log says nothing, want %s", text)
	}
}

// TestWorker sends a mail.
func TestWorker(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		o := openPostOffice(t, url)
		m := o.put(t, account.MailResetPassword, &o.user)
		o.work(t, 1)
		got := <-o.server.Arrived()
		if got.To != "jane@example.org" || !bytes.Contains(got.Content, []byte(m.ID.String())) {
			t.Errorf("there arrived %+v, want %v", got, m)
		}
		want := "https://www.example.org/reset-password#token=" + strings.Repeat("t", 43)
		if text := open(t, got.Content).text; !strings.Contains(text, want) {
			t.Errorf("the mail has no link:\n%s", text)
		}
		o.empty(t)
		if all := o.server.Received(); len(all) != 1 {
			t.Errorf("%d mails were sent, want one", len(all))
		}
	})
}

// TestWorkerTriesAgain while the server may take the mail later, with longer and longer pauses, for a day.
func TestWorkerTriesAgain(t *testing.T) {
	t.Parallel()
	o := openPostOffice(t, storetest.SQLiteURL(t))
	o.server.Fail(mailtest.Refuse(mailtest.To, 451))
	o.put(t, account.MailNewLogin, &o.user)
	o.work(t, 1)
	for _, pause := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second} {
		o.hears(t, "again_in="+pause.String())
		o.advance(pause)
	}
	o.hears(t, "again_in=1m20s")
	o.server.Fail(mailtest.Fault{})
	o.advance(80 * time.Second)
	<-o.server.Arrived()
	o.empty(t)

	o.server.Fail(mailtest.Refuse(mailtest.To, 451))
	o.put(t, account.MailNewLogin, &o.user)
	o.hears(t, "again_in=10s")
	o.advance(24 * time.Hour)
	o.hears(t, "a mail is given up")
	o.empty(t)
}

// TestWorkerGivesUp at once what the server will never take.
func TestWorkerGivesUp(t *testing.T) {
	t.Parallel()
	o := openPostOffice(t, storetest.SQLiteURL(t))
	o.server.Fail(mailtest.Refuse(mailtest.To, 550))
	o.put(t, account.MailNewLogin, &o.user)
	o.work(t, 1)
	o.hears(t, "a mail is given up")
	o.empty(t)
}

// TestWorkerLeadsOn to where a front end does what each kind of mail is for.
func TestWorkerLeadsOn(t *testing.T) {
	t.Parallel()
	o := openPostOffice(t, storetest.SQLiteURL(t))
	carried := strings.Repeat("t", 43)
	o.prepare = func(_ context.Context, m account.Mail) (account.Mail, string, error) {
		if m.Kind.Life() == 0 {
			return m, "", nil
		}
		return m, carried, nil
	}
	o.work(t, 1)
	for kind, want := range map[account.MailKind]string{
		account.MailResetPassword: "reset-password#token=" + carried, account.MailVerifyEmail: "verify-email#token=" + carried,
		account.MailConfirmEmail: "verify-email#token=" + carried, account.MailEmailChanged: "undo-email-change#token=" + carried,
		account.MailNewLogin: "forgot-password", account.MailPasswordChanged: "forgot-password",
		account.MailRefreshTokenReused: "forgot-password", account.MailEmailChangeUndone: "",
	} {
		o.put(t, kind, &o.user)
		text := open(t, (<-o.server.Arrived()).Content).text
		if found := regexp.MustCompile(`https://www\.example\.org/(\S*)`).FindStringSubmatch(text); want != "" &&
			(found == nil || found[1] != want) || want == "" && found != nil {
			t.Errorf("a mail of %s leads to %q, want /%s:\n%s", kind, found, want, text)
		}
		// Whoever undid a change may have done so against who reads that it was undone.
		undone := kind == account.MailEmailChangeUndone
		if strings.Contains(text, "203.0.113.7") == undone {
			t.Errorf("a mail of %s has where it was done from: %t, want %t:\n%s", kind, undone, !undone, text)
		}
		bare := undone || kind == account.MailEmailChanged // which whoever has stolen an account must not be able to fill
		if strings.Contains(text, "curl") == bare || strings.Contains(text, "Jane") == (kind == account.MailEmailChanged) {
			t.Errorf("a mail of %s has a name or a program: %t, want %t:\n%s", kind, bare, !bare, text)
		}
		if about := kind == account.MailConfirmEmail || kind == account.MailEmailChanged || undone; about !=
			strings.Contains(text, "former@example.org") {
			t.Errorf("a mail of %s names the email that it is about: %t, want %t:\n%s", kind, !about, about, text)
		}
	}
}

// TestWorkerForgets a mail that is not wanted any more: nothing is sent, and nobody is warned.
func TestWorkerForgets(t *testing.T) {
	t.Parallel()
	o := openPostOffice(t, storetest.SQLiteURL(t))
	o.prepare = func(_ context.Context, m account.Mail) (account.Mail, string, error) {
		return m, "", account.ErrForgotten
	}
	o.put(t, account.MailResetPassword, &o.user)
	stop := o.work(t, 1)
	o.empty(t)
	stop()
	if all := o.server.Received(); len(all) != 0 || len(o.said) != 0 {
		t.Errorf("%d mails were sent, and %d lines logged, want none", len(all), len(o.said))
	}
}

// TestWorkerIsLate starts a worker after a mail was put down: it sends none that its reader does not wait for any more.
func TestWorkerIsLate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind    account.MailKind
		waited  time.Duration
		tooLong bool
	}{
		{account.MailResetPassword, 30*time.Minute - time.Second, false},
		{account.MailResetPassword, 30 * time.Minute, true}, // which is how long its token works
		{account.MailConfirmEmail, 24 * time.Hour, true},
		{account.MailEmailChanged, 23 * time.Hour, false},
		{account.MailEmailChanged, 7*24*time.Hour - time.Second, false}, // nobody can ask for another
		{account.MailEmailChanged, 7 * 24 * time.Hour, true},
		{account.MailNewLogin, 23 * time.Hour, false},
		{account.MailNewLogin, 48 * time.Hour, true},
	} {
		t.Run(fmt.Sprint(test.kind, " after ", test.waited), func(t *testing.T) {
			t.Parallel()
			o := openPostOffice(t, storetest.SQLiteURL(t))
			o.put(t, test.kind, &o.user)
			o.advance(test.waited)
			stop := o.work(t, 1)
			if test.tooLong {
				o.hears(t, "a mail is given up")
			}
			o.empty(t)
			stop()
			if sent := len(o.server.Received()) == 1; sent == test.tooLong || len(o.said) != 0 {
				t.Errorf("the mail was sent: %t, want %t, and no more in the log", sent, !test.tooLong)
			}
		})
	}
}

// TestWorkerIsStubborn: the mail by which a change of email can be undone is tried again also if a server refuses it for good.
func TestWorkerIsStubborn(t *testing.T) {
	t.Parallel()
	o := openPostOffice(t, storetest.SQLiteURL(t))
	o.server.Fail(mailtest.Refuse(mailtest.To, 554))
	o.put(t, account.MailEmailChanged, &o.user)
	o.work(t, 1)
	o.hears(t, "again_in=10s")
	o.server.Fail(mailtest.Fault{})
	o.advance(10 * time.Second)
	<-o.server.Arrived()
	o.empty(t)
}

// TestWorkerDoesNotPanic: what does so each time is given up.
func TestWorkerDoesNotPanic(t *testing.T) {
	t.Parallel()
	o := openPostOffice(t, storetest.SQLiteURL(t))
	o.prepare = func(context.Context, account.Mail) (account.Mail, string, error) { panic("a template of no use") }
	o.put(t, account.MailNewLogin, &o.user)
	o.work(t, 1)
	o.hears(t, "a template of no use")
	o.hears(t, "a mail is given up")
	o.empty(t)
}

// TestWorkerIsNotHeldUp by a mail that takes long: others are sent in the meantime.
func TestWorkerIsNotHeldUp(t *testing.T) {
	t.Parallel()
	o := openPostOffice(t, storetest.SQLiteURL(t))
	slow := o.put(t, account.MailNewLogin, &o.user)
	on := make(chan struct{})
	prepare := o.prepare
	o.prepare = func(ctx context.Context, m account.Mail) (account.Mail, string, error) {
		if m.ID == slow.ID {
			<-on
		}
		return prepare(ctx, m)
	}
	o.work(t, 1)
	for range 3 { // each is put down once the one before has been sent
		o.advance(time.Microsecond)
		m := o.put(t, account.MailNewLogin, &o.user)
		if got := <-o.server.Arrived(); !bytes.Contains(got.Content, []byte(m.ID.String())) {
			t.Errorf("there arrived %+v, want %v", got, m)
		}
	}
	close(on)
	<-o.server.Arrived()
	o.empty(t)
}

// generous is a queue that gives more mails than it is asked for.
type generous struct{ *store.Store }

func (g generous) TakeMails(ctx context.Context, now, until time.Time, most int) ([]account.Mail, error) {
	return g.Store.TakeMails(ctx, now, until, most+2)
}

// TestWorkerLosesNone of the mails that it was given although it asked for one.
func TestWorkerLosesNone(t *testing.T) {
	t.Parallel()
	o := openPostOffice(t, storetest.SQLiteURL(t))
	o.queue = generous{o.store}
	const mails = 5
	for range mails {
		o.advance(time.Microsecond)
		o.put(t, account.MailNewLogin, &o.user)
	}
	o.work(t, 1)
	for range mails { // nobody advances the clock: none is due again
		<-o.server.Arrived()
	}
	o.empty(t)
}

// TestWorkerTellsNoToken has servers quote the mail that they do not take: what they say is not logged, their codes are.
func TestWorkerTellsNoToken(t *testing.T) {
	t.Parallel()
	o := openPostOffice(t, storetest.SQLiteURL(t))
	o.server.Fail(mailtest.Quote(452))
	o.put(t, account.MailVerifyEmail, &o.user)
	o.work(t, 1)
	const whole = `error="127.0.0.1:%d: DATA: %s"`
	o.hears(t, fmt.Sprintf(whole, o.server.Port, "452 4.0.0"))
	o.server.Fail(mailtest.Quote(554))
	o.advance(10 * time.Second)
	o.hears(t, fmt.Sprintf(whole, o.server.Port, "554 5.0.0"))
	o.empty(t)

	o.server.Fail(mailtest.Refuse(mailtest.To, 550)) // before it knows what stands in the mail
	o.put(t, account.MailVerifyEmail, &o.user)
	o.hears(t, "5.0.0 mailtest was told to refuse")
}

// TestWorkerTellsNoNonsense has a server quote the mail in what is not even a reply.
func TestWorkerTellsNoNonsense(t *testing.T) {
	t.Parallel()
	o := openPostOffice(t, storetest.SQLiteURL(t))
	o.dial = talking("220 hello", "250 hello", "250 from", "250 to", "354 go on", "token=ttt")
	o.put(t, account.MailVerifyEmail, &o.user)
	o.work(t, 1)
	o.hears(t, `DATA: the server's answer is no reply"`)
}

// TestWorkersShare a queue: each mail is sent once.
func TestWorkersShare(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		o := openPostOffice(t, url)
		const mails = 40
		for range mails {
			o.advance(time.Microsecond)
			o.put(t, account.MailNewLogin, &o.user)
		}
		o.work(t, 3)
		ids := make(map[string]bool)
		for range mails {
			got := <-o.server.Arrived()
			_, rest, _ := bytes.Cut(got.Content, []byte("Message-ID: <"))
			name, _, _ := bytes.Cut(rest, []byte("@"))
			ids[string(name)] = true
		}
		o.empty(t)
		if all := o.server.Received(); len(ids) != mails || len(all) != mails {
			t.Errorf("%d mails of %d were sent %d times, want each once", len(ids), mails, len(all))
		}
	})
}

// TestWorkerThatIsStopped leaves the mail that it is about to send to the next one.
func TestWorkerThatIsStopped(t *testing.T) {
	t.Parallel()
	o := openPostOffice(t, storetest.SQLiteURL(t))
	o.server.Fail(mailtest.Silence(mailtest.To))
	o.put(t, account.MailNewLogin, &o.user)
	stop := o.work(t, 1)
	<-o.server.Hanging()
	stop()
	o.server.Fail(mailtest.Fault{})
	o.work(t, 1)
	<-o.server.Arrived()
	o.empty(t)
}
