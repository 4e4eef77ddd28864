package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
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
	// PutMailOff has a mail due at another time.
	PutMailOff(ctx context.Context, m id.Mail, until time.Time) error
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

// errLate says that a mail is not to be sent any more.
var errLate = errors.New("it has waited for too long")

// Run sends mails until ctx ends, and those of a process that was killed, too. Each is sent at least once, unless it is given up.
// It comes again, with the same Message-ID, if a server took it over and the queue was not told in time: the server's answer got
// lost, the process ended at that very moment, the queue did not answer, or it all took longer than the mail was leased for.
func (w *Worker) Run(ctx context.Context) {
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	failed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		due, err := w.next(ctx)
		if err == nil && due != nil && !due.After(w.Now()) {
			err = w.sendAll(ctx)
		}
		if err != nil && !failed && ctx.Err() == nil {
			w.Log.WarnContext(ctx, "mails wait: the queue does not answer", "error", err)
		}
		failed = err != nil
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

// sendAll sends what is due, some at a time.
func (w *Worker) sendAll(ctx context.Context) error {
	var sending sync.WaitGroup
	errs := make([]error, atOnce)
	for i := range errs {
		sending.Go(func() {
			for ctx.Err() == nil {
				taken, err := w.take(ctx)
				if err != nil || len(taken) == 0 {
					errs[i] = err
					return
				}
				if errs[i] = w.handleAll(ctx, taken); errs[i] != nil {
					return
				}
			}
		})
	}
	sending.Wait()
	return errors.Join(errs...)
}

// handleAll handles what was taken: one mail, but databases have been known to find more than they were asked for. They do not wait
// for each other, as all of them were taken for the same time.
func (w *Worker) handleAll(ctx context.Context, taken []account.Mail) error {
	var handling sync.WaitGroup
	errs := make([]error, len(taken))
	for i, m := range taken {
		handling.Go(func() { errs[i] = w.handle(ctx, m) })
	}
	handling.Wait()
	return errors.Join(errs...)
}

// handle sends a mail, and says in the queue what came of it. That the process ends meanwhile does not matter to that.
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
		return w.Queue.PutMailOff(ctx, m.ID, now)
	case Permanent(err), errors.Is(err, errLate):
		log.ErrorContext(ctx, "a mail is given up", "error", loggable(err))
		return w.Queue.MailSent(ctx, m.ID)
	}
	again := pause(m.Attempts)
	log.WarnContext(ctx, "a mail could not be sent", "error", loggable(err), "again_in", again)
	return w.Queue.PutMailOff(ctx, m.ID, now.Add(again))
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

// patienceFor is how long a mail of a kind may wait: whoever waits for a link asks again before it would have ended.
func patienceFor(kind account.MailKind) time.Duration {
	if life := kind.Life(); life > 0 {
		return min(life, patience)
	}
	return patience
}

// send sends a mail. Late is late, whether the mail was tried or the process did not run.
func (w *Worker) send(ctx context.Context, m account.Mail) error {
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
