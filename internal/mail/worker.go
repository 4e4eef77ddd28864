package mail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"postern/internal/account"
	"postern/internal/id"
)

// Queue is what mails wait in that are to be sent. Any number of processes may take mails of one.
type Queue interface {
	// TakeMails takes mails that are due, the first due first, and has them due again at another time: by then whoever takes them
	// must have sent them, or given up. Attempts counts how often each was taken.
	TakeMails(ctx context.Context, now, until time.Time, most int) ([]account.Mail, error)
	// MailSent forgets a mail.
	MailSent(ctx context.Context, m id.Mail) error
	// PutMailOff has a mail due at another time, unless somebody else has taken it in the meantime.
	PutMailOff(ctx context.Context, m account.Mail, until time.Time) error
	// NextMail is when the next mail is due; nil if there is none.
	NextMail(ctx context.Context) (*time.Time, error)
}

// Worker sends the mails that wait in a queue.
type Worker struct {
	Queue  Queue
	Sender Sender
	// Prepare makes a mail ready, with the token that it carries; "" if it carries none. With account.ErrForgotten it is not sent.
	Prepare func(ctx context.Context, m account.Mail) (account.Mail, string, error)
	Site    string // what the blog is called
	// FrontEnd is where links lead to; without one mails show their tokens.
	FrontEnd string
	Now      func() time.Time
	Log      *slog.Logger
}

const (
	look     = time.Second     // how often it is looked whether a mail is due
	atOnce   = 4               // how many mails are sent at a time
	sendTime = time.Minute     // how long it may take to send one
	answer   = 5 * time.Second // how long the queue may take
	leased   = 2 * time.Minute // when a mail is due again that somebody took, and of whom nothing was heard

	firstPause   = 10 * time.Second // before it is tried again, and twice as long each time
	longestPause = time.Hour
	patience     = 24 * time.Hour // how long a mail may wait to be sent
)

// Why a mail is given up without asking a server.
var (
	errLate  = errors.New("it has waited for too long")
	errPanic = errors.New("it makes the program panic")
)

// Run sends mails until ctx ends, and those of a process that was killed, too. Each is sent at least once, unless it is given up.
// It comes again, with the same Message-ID, if a server took it over and the queue was not told in time: the server's answer got
// lost, the process ended at that very moment, the queue did not answer, or it all took longer than the mail was leased for, which
// clocks of processes that differ make shorter.
func (w *Worker) Run(ctx context.Context) {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	var sending sync.WaitGroup
	defer sending.Wait()
	busy := make(chan struct{}, atOnce)
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := w.sendDue(ctx, busy, &sending)
		if err != nil && !failed && ctx.Err() == nil {
			w.Log.WarnContext(ctx, "mails wait: the queue does not answer", "error", err)
		}
		failed = err != nil
	}
}

// sendDue has what is due sent, so many mails at a time: none waits for another as long as there is room.
func (w *Worker) sendDue(ctx context.Context, busy chan struct{}, sending *sync.WaitGroup) error {
	due, err := w.next(ctx)
	if err != nil || due == nil || due.After(w.Now()) {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case busy <- struct{}{}:
		}
		taken, err := w.take(ctx)
		if err != nil || len(taken) == 0 {
			<-busy
			return err
		}
		sending.Go(func() {
			defer func() { <-busy }()
			w.handleAll(ctx, taken)
		})
	}
}

// next is when the next mail is due. A database whose packets get lost never answers.
func (w *Worker) next(ctx context.Context) (*time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	return w.Queue.NextMail(ctx)
}

// take takes a mail that is due, if there is one.
func (w *Worker) take(ctx context.Context) ([]account.Mail, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	now := w.Now()
	return w.Queue.TakeMails(ctx, now, now.Add(leased), 1)
}

// handleAll handles what was taken: one mail, but databases have been known to find more than they were asked for. They do not wait
// for each other, as all of them were taken for the same time.
func (w *Worker) handleAll(ctx context.Context, taken []account.Mail) {
	var handling sync.WaitGroup
	for _, m := range taken {
		handling.Go(func() {
			if err := w.handle(ctx, m); err != nil {
				w.Log.WarnContext(ctx, "what came of a mail is not noted: it will come again", "mail", m.ID.UUID, "error", err)
			}
		})
	}
	handling.Wait()
}

// handle sends a mail, and says in the queue what came of it. That the process ends meanwhile does not matter to that. The mail by
// which a change of email can be undone is not given up because a server refuses it: nobody can ask for another.
func (w *Worker) handle(ctx context.Context, m account.Mail) error {
	err := w.send(ctx, m)
	log := w.Log.With("mail", m.ID.UUID, "kind", m.Kind, "attempt", m.Attempts)
	ended := ctx.Err() != nil
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), answer)
	defer cancel()
	now := w.Now()
	switch {
	case err == nil, errors.Is(err, account.ErrForgotten):
		return w.Queue.MailSent(ctx, m.ID)
	case ended:
		return w.Queue.PutMailOff(ctx, m, now)
	case Permanent(err) && m.Kind != account.MailEmailChanged, errors.Is(err, errLate):
		log.ErrorContext(ctx, "a mail is given up", "error", loggable(err))
		return w.Queue.MailSent(ctx, m.ID)
	}
	again := pause(m.Attempts)
	log.WarnContext(ctx, "a mail could not be sent", "error", loggable(err), "again_in", again)
	return w.Queue.PutMailOff(ctx, m, now.Add(again))
}

// pause is how long to wait after so many attempts.
func pause(attempts int) time.Duration {
	wait := firstPause
	for range attempts - 1 {
		if wait *= 2; wait >= longestPause {
			return longestPause
		}
	}
	return wait
}

// patienceFor is how long a mail of a kind may wait: as long as what it carries would work, or a day.
func patienceFor(kind account.MailKind) time.Duration { return cmp.Or(kind.Life(), patience) }

// send sends a mail. Late is late, whether the mail was tried or the process did not run. What panics would do so each time.
func (w *Worker) send(ctx context.Context, m account.Mail) (err error) {
	defer func() {
		if r := recover(); r != nil {
			w.Log.ErrorContext(ctx, "panic", "mail", m.ID.UUID, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = &Error{Step: StepMessage, Err: errPanic}
		}
	}()
	if w.Now().Sub(m.CreatedAt) >= patienceFor(m.Kind) {
		return errLate
	}
	ctx, cancel := context.WithTimeout(ctx, sendTime)
	defer cancel()
	m, token, err := w.Prepare(ctx, m)
	if err != nil {
		return fmt.Errorf("prepare it: %w", err)
	}
	subject, text, html, err := Compose(Kind(m.Kind), w.data(m, token))
	if err != nil {
		return err
	}
	return w.Sender.Send(ctx, Message{ID: m.ID.String(), To: m.To, Subject: subject, Text: text, HTML: html})
}

// data is what a mail tells.
func (w *Worker) data(m account.Mail, token string) Data {
	d := Data{Site: w.Site, Name: m.Name, At: m.CreatedAt, ExpiresIn: m.Kind.Life()}
	if m.UserAgent != nil {
		d.UserAgent = *m.UserAgent
	}
	if m.IPAddress != nil {
		d.IPAddress = *m.IPAddress
	}
	switch m.Kind {
	case account.MailConfirmEmail:
		d.NewEmail = m.Email
	case account.MailEmailChanged:
		d.OldEmail = m.Email
		d.Name, d.UserAgent = "", "" // whoever has the account chooses them, and could make the mail look like spam
	case account.MailEmailChangeUndone:
		d.OldEmail = m.Email
		d.IPAddress, d.UserAgent = "", "" // whoever had to undo it does not want them told to whoever had changed it
	case account.MailResetPassword, account.MailVerifyEmail, account.MailNewLogin, account.MailPasswordChanged,
		account.MailRefreshTokenReused:
	}
	if d.Link = w.link(m.Kind, token); d.Link == "" {
		d.Token = token
	}
	return d
}

// link leads to the front end; "" if there is none, or nothing to do. A token is in its fragment, which browsers send to nobody
// (RFC 3986, section 3.5).
func (w *Worker) link(kind account.MailKind, token string) string {
	path := ""
	switch kind {
	case account.MailResetPassword:
		path = "reset-password"
	case account.MailVerifyEmail, account.MailConfirmEmail:
		path = "verify-email"
	case account.MailEmailChanged:
		path = "undo-email-change"
	case account.MailNewLogin, account.MailPasswordChanged, account.MailRefreshTokenReused:
		path = "forgot-password"
	case account.MailEmailChangeUndone:
	}
	if w.FrontEnd == "" || path == "" {
		return ""
	}
	link := strings.TrimSuffix(w.FrontEnd, "/") + "/" + path
	if token == "" {
		return link
	}
	return link + "#" + url.Values{"token": {token}}.Encode()
}
