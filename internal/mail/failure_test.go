package mail_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/textproto"
	"strings"
	"testing"

	"postern/internal/mail"
	"postern/internal/mail/mailtest"
)

// TestFailures has servers fail in each way, and looks what is said of it, and whether it is for good.
func TestFailures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options   mailtest.Options
		fault     mailtest.Fault
		change    func(*mail.Options)
		step      mail.Step
		want      string
		permanent bool
	}{
		"no such recipient":          {fault: mailtest.Refuse(mailtest.To, 550), step: mail.StepTo, want: "550", permanent: true},
		"a full mailbox":             {fault: mailtest.Refuse(mailtest.To, 451), step: mail.StepTo, want: "451"},
		"greylisting":                {fault: mailtest.Refuse(mailtest.To, 450), step: mail.StepTo, want: "450"},
		"no relaying without log-in": {fault: mailtest.Refuse(mailtest.To, 530), step: mail.StepTo, want: "530"},
		"a bad sender":               {fault: mailtest.Refuse(mailtest.From, 550), step: mail.StepFrom, want: "550"},
		"spam": {
			fault: mailtest.Refuse(mailtest.Content, 554), step: mail.StepContent, want: "554",
			permanent: true,
		},
		"a full disk":                 {fault: mailtest.Refuse(mailtest.Content, 452), step: mail.StepContent, want: "452"},
		"busy":                        {fault: mailtest.Refuse(mailtest.Greeting, 421), step: mail.StepConnect, want: "421"},
		"banned":                      {fault: mailtest.Refuse(mailtest.Greeting, 554), step: mail.StepConnect, want: "554"},
		"busy later":                  {fault: mailtest.Refuse(mailtest.Hello, 421), step: mail.StepHello, want: "421"},
		"cut at once":                 {fault: mailtest.Cut(mailtest.Greeting), step: mail.StepConnect, want: ""},
		"cut in the middle of a mail": {fault: mailtest.Cut(mailtest.Content), step: mail.StepContent, want: ""},
		"a log-in is wanted": {
			options: mailtest.Options{User: user, Password: password}, step: mail.StepFrom, want: "530",
		},
		"a wrong password": {
			options: mailtest.Options{User: user, Password: "another", Security: mailtest.TLS},
			change:  func(o *mail.Options) { o.Server.User, o.Server.Password, o.Server.Security = user, password, mail.TLS },
			step:    mail.StepAuth, want: "535",
		},
		"a wrong password by PLAIN": {
			options: mailtest.Options{User: user, Password: "another", Security: mailtest.TLS, Mechanisms: []string{"PLAIN"}},
			change:  func(o *mail.Options) { o.Server.User, o.Server.Password, o.Server.Security = user, password, mail.TLS },
			step:    mail.StepAuth, want: "535",
		},
		"nothing to log in by": {
			change: func(o *mail.Options) { o.Server.User, o.Server.Password = user, password },
			step:   mail.StepAuth, want: mail.ErrNoLogin.Error(),
		},
		"an unknown way to log in": {
			options: mailtest.Options{User: user, Password: password, Mechanisms: []string{"XOAUTH2"}},
			change:  func(o *mail.Options) { o.Server.User, o.Server.Password = user, password },
			step:    mail.StepAuth, want: `it offers "XOAUTH2"`,
		},
		"no STARTTLS": {
			change: func(o *mail.Options) { o.Server.Security = mail.StartTLS }, step: mail.StepTLS, want: mail.ErrNoTLS.Error(),
		},
		"no TLS from the start": {
			change: func(o *mail.Options) { o.Server.Security = mail.TLS }, step: mail.StepTLS, want: "does not look like a TLS handshake",
		},
		"a stranger's certificate": {
			options: mailtest.Options{Security: mailtest.TLS},
			change:  func(o *mail.Options) { o.Server.Security, o.Roots = mail.TLS, x509.NewCertPool() },
			step:    mail.StepTLS, want: "unknown authority",
		},
		"a stranger's certificate by STARTTLS": {
			options: mailtest.Options{Security: mailtest.StartTLS},
			change:  func(o *mail.Options) { o.Server.Security, o.Roots = mail.StartTLS, x509.NewCertPool() },
			step:    mail.StepTLS, want: "unknown authority",
		},
		"a stranger's certificate, although TLS is not needed": {
			options: mailtest.Options{Security: mailtest.StartTLS},
			change:  func(o *mail.Options) { o.Server.Security, o.Roots = mail.Opportunistic, x509.NewCertPool() },
			step:    mail.StepTLS, want: "unknown authority",
		},
		"another's certificate": {
			options: mailtest.Options{Security: mailtest.TLS},
			change: func(o *mail.Options) {
				address := o.Server.Address()
				o.Server.Host, o.Server.Security = "mail.example.org", mail.TLS
				o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
					return (&net.Dialer{}).DialContext(ctx, network, address)
				}
			},
			step: mail.StepTLS, want: "mail.example.org",
		},
		"a password in clear to another machine": {
			options: mailtest.Options{User: user, Password: password},
			change: func(o *mail.Options) {
				address := o.Server.Address()
				o.Server.Host, o.Server.User, o.Server.Password, o.Server.Security = "mail.example.org", user, password, mail.Opportunistic
				o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
					return (&net.Dialer{}).DialContext(ctx, network, address)
				}
			},
			step: mail.StepAuth, want: mail.ErrClear.Error(),
		},
		"nobody there": {
			change: func(o *mail.Options) { o.Server.Port = 1 }, step: mail.StepConnect, want: "refused",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, test.options)
			server.Fail(test.fault)
			o := reaching(server, mail.Plain)
			o.Server.User, o.Server.Password = "", ""
			if test.change != nil {
				test.change(&o)
			}
			err := newSMTP(t, o).Send(t.Context(), message(t))
			failed, ok := errors.AsType[*mail.Error](err)
			if !ok || failed.Step != test.step || !strings.Contains(err.Error(), test.want) ||
				!strings.Contains(err.Error(), o.Server.Address()) {
				t.Errorf("Send() = %v, want an error of %s with the server and %q", err, test.step, test.want)
			}
			if got := mail.Permanent(err); got != test.permanent {
				t.Errorf("Permanent(%v) = %t, want %t", err, got, test.permanent)
			}
			if err != nil && (strings.Contains(err.Error(), password) ||
				strings.Contains(err.Error(), base64.StdEncoding.EncodeToString([]byte(password)))) {
				t.Errorf("Send() = %v, which tells the password", err)
			}
			if got := server.Received(); len(got) != 0 {
				t.Errorf("the server took %d mails", len(got))
			}
		})
	}
}

func TestPermanentOfStrangers(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, context.Canceled, io.EOF, &textproto.Error{Code: 550}, mail.ErrNone} {
		if mail.Permanent(err) {
			t.Errorf("Permanent(%v) = true, want false", err)
		}
	}
}
