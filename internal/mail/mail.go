// Package mail sends what account asks to be sent: it writes mails, and hands them to a server, or to a folder where there is none.
//
// It may import account and id.
package mail

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/textproto"
	"regexp"
	"time"
)

// Message is a mail.
type Message struct {
	ID      string // the local part of its Message-ID: a mail that is sent twice is recognised by it
	To      string // one address, without a name
	Subject string
	Text    string
	HTML    string
}

// Sender sends mails. Send returns once a server has taken the mail over, or with an error, and at the latest when ctx ends; then
// the mail may have been taken over all the same.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Options are how mails are sent.
type Options struct {
	// Server is whom mails are handed to; the zero Server is none.
	Server Server
	// Outbox is the folder that mails are written to where there is no server; "" is none.
	Outbox string
	// From is who writes, as in Postern <blog@example.org>.
	From string
	// Hello is what the client calls itself to the server; the domain of From if it is "".
	Hello string
	// Timeout is how long it may take to send a mail; a minute if it is 0.
	Timeout time.Duration

	// Roots are whose certificates the server may have; the system's if it is nil.
	Roots *x509.CertPool
	// Dial connects to the server; net.Dialer does if it is nil.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Now  func() time.Time
	Log  *slog.Logger
}

// ErrNone says that there is neither a server nor an outbox.
var ErrNone = errors.New("no mail is sent")

// New makes a Sender: an *SMTP, an *Outbox, or none and ErrNone. Any other error is that of From.
func New(o Options) (Sender, error) {
	if o.Server == (Server{}) && o.Outbox == "" {
		return nil, ErrNone
	}
	w, err := newWriter(o.From, o.Now)
	if err != nil {
		return nil, err
	}
	if o.Server == (Server{}) {
		return &Outbox{folder: o.Outbox, writer: w, log: o.Log}, nil
	}
	return newSMTP(o, w), nil
}

// Step is what was being done when a mail could not be sent.
type Step string

// The steps, in their order.
const (
	StepMessage Step = "the mail"
	StepConnect Step = "connect"
	StepTLS     Step = "TLS"
	StepHello   Step = "EHLO"
	StepAuth    Step = "AUTH"
	StepFrom    Step = "MAIL FROM"
	StepTo      Step = "RCPT TO"
	StepContent Step = "DATA"
)

// Error is why a mail was not sent, or why nobody knows whether it was. What it says may quote the server, and the server the mail.
type Error struct {
	Server string // its host and port
	Step   Step
	Err    error
}

// Error names the server, the step and the reason.
func (e *Error) Error() string {
	reason := shortened(oneLine(e.Err.Error()), maxReply)
	if e.Step == StepMessage {
		return fmt.Sprintf("%s: %s", e.Step, reason)
	}
	return fmt.Sprintf("%s: %s: %s", e.Server, e.Step, reason)
}

// Unwrap is the reason.
func (e *Error) Unwrap() error { return e.Err }

// Reply is the server's, or 0 if the reason is none.
func (e *Error) Reply() int {
	if reply, ok := errors.AsType[*textproto.Error](e.Err); ok {
		return reply.Code
	}
	return 0
}

// enhanced is the status code that the text of a reply begins with (RFC 2034).
var enhanced = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// errReply is what is logged of an answer that is no reply.
var errReply = errors.New("the server's answer is no reply")

// loggable is an error of sending as it may be logged. A server that refuses a mail may quote it, and with it a token: of what it
// says then only the codes are left. Whoever sends a test is shown it all, and has no token in it.
func loggable(err error) error {
	failed, ok := errors.AsType[*Error](err)
	if !ok || failed.Step != StepContent {
		return err
	}
	harmless := *failed
	if reply, ok := errors.AsType[*textproto.Error](failed.Err); ok {
		harmless.Err = fmt.Errorf("%d %s", reply.Code, enhanced.FindString(reply.Msg))
	} else if _, ok := errors.AsType[textproto.ProtocolError](failed.Err); ok {
		harmless.Err = errReply
	}
	return &harmless
}

// Permanent tells whether this mail will never be sent, however often it is tried: it cannot be written, or the server refuses its
// recipient or its content for good. What the server refuses of us, who we are and whom we write as, is not: somebody may repair
// that.
func Permanent(err error) bool {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return false
	}
	switch e.Step {
	case StepMessage:
		return true
	case StepTo, StepContent:
		switch reply := e.Reply(); reply {
		case 502, 503, 504, 530, 534, 535, 538: // commands out of order, and what wants a log-in
			return false
		default:
			return reply >= 500 && reply < 600
		}
	default:
		return false
	}
}
