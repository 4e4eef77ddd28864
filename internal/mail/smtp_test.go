package mail_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"postern/internal/mail"
	"postern/internal/mail/mailtest"
	"postern/internal/store/storetest"
)

// TestMain looks whether anything is left that a mail had running.
func TestMain(m *testing.M) { storetest.Main(m, func() error { return goleak.Find() }) }

const (
	user     = "jane@example.org"
	password = "hunter2, and a % / @ : # ?"
)

// noon is when the tests' mails are written.
func noon() time.Time { return time.Date(2026, 11, 26, 12, 0, 0, 0, time.FixedZone("", 3600)) }

// reaching are options that reach a server which allows them to.
func reaching(s *mailtest.Server, security mail.Security) mail.Options {
	return mail.Options{
		Server: mail.Server{Host: s.Host, Port: s.Port, Security: security, User: user, Password: password},
		From:   "Pöstern <blog@example.org>", Roots: s.Roots, Now: noon, Log: slog.New(slog.DiscardHandler),
	}
}

// newSMTP makes an *SMTP.
func newSMTP(t *testing.T, o mail.Options) *mail.SMTP {
	t.Helper()
	sender, err := mail.New(o)
	if err != nil {
		t.Fatal(err)
	}
	s, ok := sender.(*mail.SMTP)
	if !ok {
		t.Fatalf("New() = %T, want an *SMTP", sender)
	}
	return s
}

// message is a mail as it is sent.
func message(t *testing.T) mail.Message {
	t.Helper()
	subject, text, page, err := mail.Compose(mail.ResetPassword, told(mail.ResetPassword))
	if err != nil {
		t.Fatal(err)
	}
	return mail.Message{ID: "mail_01kb0z", To: "ada@example.org", Subject: subject, Text: text, HTML: page}
}

// TestSend sends a mail over each kind of connection, by each way to log in.
func TestSend(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		server     mailtest.Security
		client     mail.Security
		mechanisms []string // the server's
		want       string
		secret     bool
	}{
		{mailtest.TLS, mail.TLS, nil, "SCRAM-SHA-256", true},
		{mailtest.TLS, mail.TLS, []string{"PLAIN", "LOGIN"}, "PLAIN", true},
		{mailtest.StartTLS, mail.StartTLS, nil, "SCRAM-SHA-256", true},
		{mailtest.StartTLS, mail.StartTLS, []string{"LOGIN"}, "LOGIN", true},
		{mailtest.StartTLS, mail.Opportunistic, []string{"LOGIN", "PLAIN"}, "PLAIN", true},
		{mailtest.Plain, mail.Opportunistic, nil, "SCRAM-SHA-256", false},
		{mailtest.Plain, mail.Plain, []string{"PLAIN"}, "PLAIN", false},
		{mailtest.Plain, mail.Plain, []string{"LOGIN"}, "LOGIN", false},
	} {
		server := mailtest.Start(t, mailtest.Options{Security: test.server, User: user, Password: password, Mechanisms: test.mechanisms})
		m := message(t)
		d, err := newSMTP(t, reaching(server, test.client)).Deliver(t.Context(), m)
		if err != nil {
			t.Errorf("Deliver() over %s to %s with %v = %v", test.client, test.server, test.mechanisms, err)
			continue
		}
		got := <-server.Arrived()
		if got.From != "blog@example.org" || got.To != m.To || got.Hello != "example.org" || got.UTF8 || got.TLS != test.secret ||
			got.Mechanism != test.want {
			t.Errorf("the server took %+v, want a mail from blog@example.org to %s by %s, with TLS: %t", got, m.To, test.want, test.secret)
		}
		if (d.TLS == "TLS 1.3") != test.secret || d.Mechanism != test.want || d.MessageID != m.ID+"@example.org" ||
			!strings.Contains(d.Response, "queued") {
			t.Errorf("Deliver() over %s = %+v", test.client, d)
		}
		if strings.Contains(string(got.Content), password) {
			t.Errorf("the mail has the password in it")
		}
	}
}

// TestMailIsSentOnceTheServerRecovers sends the same mail again, which is recognised as the same.
func TestMailIsSentOnceTheServerRecovers(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{})
	o := reaching(server, mail.Plain)
	o.Server.User = ""
	s, m := newSMTP(t, o), message(t)
	server.Fail(mailtest.Refuse(mailtest.To, 451))
	if err := s.Send(t.Context(), m); err == nil || mail.Permanent(err) {
		t.Fatalf("Send() = %v, want an error that may pass", err)
	}
	server.Fail(mailtest.Fault{})
	for range 2 {
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	first, second := open(t, (<-server.Arrived()).Content), open(t, (<-server.Arrived()).Content)
	if id := first.header.Get("Message-Id"); id == "" || id != second.header.Get("Message-Id") {
		t.Errorf("the ids are %s and %s, want them the same", id, second.header.Get("Message-Id"))
	}
}
