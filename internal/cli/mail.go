package cli

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"postern/internal/config"
	"postern/internal/mail"
)

type mailing struct {
	Test mailTest `cmd:"" help:"Send a mail as the server would, and say what became of it."`
}

type mailTest struct {
	Address string `arg:"" help:"Whom to send it to."`
}

// Run sends a mail.
func (c mailTest) Run(ctx context.Context, in *invocation) error {
	sender, err := in.Mail(in.config, slog.New(slog.DiscardHandler))
	if errors.Is(err, mail.ErrNone) {
		return &config.Error{Setting: "SMTP_URL", Problem: "production sends no mail without it"}
	}
	if err != nil {
		return err
	}
	subject, text, html, err := mail.Compose(mail.Test, mail.Data{Site: in.config.Site(), At: in.Now()})
	if err != nil {
		return err
	}
	m := mail.Message{ID: "test_" + strings.ToLower(rand.Text()), To: c.Address, Subject: subject, Text: text, HTML: html}
	switch s := sender.(type) {
	case *mail.SMTP:
		return in.deliver(ctx, s, m)
	case *mail.Outbox:
		path, err := s.Write(ctx, m)
		if err != nil {
			return err
		}
		in.print("Wrote %s: there is no SMTP_URL, and this is no production.", path)
		return nil
	default:
		return s.Send(ctx, m)
	}
}

// deliver hands a mail to a server, and says what became of it.
func (in *invocation) deliver(ctx context.Context, s *mail.SMTP, m mail.Message) error {
	d, err := s.Deliver(ctx, m)
	if err != nil {
		if advice := in.mailAdvice(err); advice != "" {
			return fmt.Errorf("%w. %s", err, advice)
		}
		return err
	}
	secrecy, login := "without TLS", "without logging in"
	if d.TLS != "" {
		secrecy = "by " + d.TLS
	}
	if d.Mechanism != "" {
		server, err := in.config.SMTP()
		if err != nil {
			return err
		}
		login = "logged in as " + server.User + " by " + d.Mechanism
	}
	in.print("%s has taken the mail for %s over, %s, %s.", d.Server, m.To, secrecy, login)
	in.print("It said %q. The mail's Message-ID is <%s>.", d.Response, d.MessageID)
	return nil
}

// mailAdvice says what to do about a mail that was not sent; "" if nobody knows.
func (in *invocation) mailAdvice(err error) string {
	failed, ok := errors.AsType[*mail.Error](err)
	if !ok {
		return ""
	}
	reply := failed.Reply()
	switch {
	case errors.Is(err, context.Canceled):
		return ""
	case reply >= 400 && reply < 500:
		return "The server refuses for now: try again in some minutes."
	case failed.Step == mail.StepConnect:
		return connectAdvice(err, reply)
	case failed.Step == mail.StepTLS:
		return tlsAdvice(err)
	case failed.Step == mail.StepAuth:
		return authAdvice(err, reply)
	case reply == 530:
		return "The server wants USER:PASSWORD@ in SMTP_URL."
	case failed.Step == mail.StepFrom:
		return fmt.Sprintf("The server does not let us write as %s: look at MAIL_FROM, and whom the user of SMTP_URL may write as.",
			in.config.MailSender())
	case failed.Step == mail.StepTo:
		return "The server does not take mails to this address: try another; " +
			"if it takes none, it wants USER:PASSWORD@ in SMTP_URL, or knows no MAIL_FROM like ours."
	case failed.Step == mail.StepContent && reply != 0:
		return "The server does not take what we write; its administrator can tell why."
	case failed.Step == mail.StepContent:
		return "The server may have taken the mail all the same."
	}
	return ""
}

func connectAdvice(err error, reply int) string {
	if reply != 0 {
		return "The server does not talk to this machine; its administrator can tell why."
	}
	if _, unknown := errors.AsType[*net.DNSError](err); unknown {
		return "There is no such name, or no name server was reached: look at the host in SMTP_URL."
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "If the port is the right one, it may want TLS from the start: smtps:// instead of smtp://. " +
			"Or a firewall keeps what is sent: many networks do at port 25."
	}
	return "Look at the host and the port in SMTP_URL, and whether a firewall is in between."
}

func tlsAdvice(err error) string {
	if errors.Is(err, mail.ErrNoTLS) {
		return "Take smtps:// and its port; or, for a relay on this machine or in its own network, add ?starttls=none to SMTP_URL."
	}
	if _, plain := errors.AsType[tls.RecordHeaderError](err); plain {
		return "This port does not begin with TLS: take smtp:// instead of smtps://."
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "Nobody whom this machine trusts vouches for the server: " +
			"it needs a certificate of a public authority, or SSL_CERT_FILE names a file with its own."
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "The host in SMTP_URL must be the name that stands in the server's certificate."
	}
	return ""
}

func authAdvice(err error, reply int) string {
	switch {
	case errors.Is(err, mail.ErrClear):
		return "Take smtps://, or smtp:// without ?starttls=."
	case errors.Is(err, mail.ErrNoLogin):
		return "If the server needs nobody to log in, take USER:PASSWORD@ out of SMTP_URL."
	case reply != 0:
		return "Look at USER and PASSWORD in SMTP_URL, where what is special is written as %40 is for @; " +
			"many providers want a password made for programs."
	}
	return ""
}
