package mail_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/textproto"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"postern/internal/mail"
	"postern/internal/mail/mailtest"
)

// TestMain looks whether anything is left that a mail had running.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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

// opened is a mail as a reader's program shows it.
type opened struct {
	header     netmail.Header
	text, html string
}

// open parses a mail with the standard library alone.
func open(t *testing.T, content []byte) opened {
	t.Helper()
	parsed, err := netmail.ReadMessage(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("%v in\n%s", err, content)
	}
	o := opened{header: parsed.Header}
	kind, parameters, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("the mail is %s, %v, want multipart/alternative", kind, err)
	}
	parts := multipart.NewReader(parsed.Body, parameters["boundary"])
	for _, into := range []struct {
		kind string
		text *string
	}{{"text/plain", &o.text}, {"text/html", &o.html}} {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		kind, parameters, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || kind != into.kind || !strings.EqualFold(parameters["charset"], "utf-8") {
			t.Errorf("a part is %s in %v, %v, want %s in UTF-8", kind, parameters, err, into.kind)
		}
		*into.text = decode(t, part)
	}
	if _, err := parts.NextRawPart(); !errors.Is(err, io.EOF) {
		t.Errorf("after two parts there is %v, want an end", err)
	}
	return o
}

// decode undoes a part's encoding for transfer.
func decode(t *testing.T, part *multipart.Part) string {
	t.Helper()
	var body io.Reader
	switch encoding := part.Header.Get("Content-Transfer-Encoding"); strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(part)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, part)
	default:
		t.Fatalf("a part is encoded as %q", encoding)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
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
		if got.From != "blog@example.org" || got.To != m.To || got.Hello != "example.org" || got.UTF8 || got.TLS != test.secret || got.Mechanism != test.want {
			t.Errorf("the server took %+v, want a mail from blog@example.org to %s by %s, with TLS: %t", got, m.To, test.want, test.secret)
		}
		if (d.TLS == "TLS 1.3") != test.secret || d.Mechanism != test.want || d.MessageID != m.ID+"@example.org" || !strings.Contains(d.Response, "queued") {
			t.Errorf("Deliver() over %s = %+v", test.client, d)
		}
		if strings.Contains(string(got.Content), password) {
			t.Errorf("the mail has the password in it")
		}
	}
}

// TestMailOnTheWire reads a mail as the recipient's program does.
func TestMailOnTheWire(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{})
	o := reaching(server, mail.Plain)
	o.Server.User, o.Server.Password, o.Hello = "", "", "blog.example.net"
	m := message(t)
	if err := newSMTP(t, o).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := <-server.Arrived()
	if got.Hello != "blog.example.net" || got.Mechanism != "" {
		t.Errorf("the client called itself %q and logged in by %q, want blog.example.net and not at all", got.Hello, got.Mechanism)
	}
	read := open(t, got.Content)
	want, err := os.ReadFile("testdata/reset_password.link.txt")
	if err != nil {
		t.Fatal(err)
	}
	subject, err := (&mime.WordDecoder{}).DecodeHeader(read.header.Get("Subject"))
	if err != nil || "Subject: "+subject+"\n\n"+read.text != string(want) {
		t.Errorf("the mail says %q, %v,\n%s", subject, err, read.text)
	}
	if page, err := os.ReadFile("testdata/reset_password.link.html"); err != nil || read.html != string(page) {
		t.Errorf("the HTML is not what is in testdata (%v):\n%s", err, read.html)
	}
	from, err := read.header.AddressList("From")
	if err != nil || len(from) != 1 || *from[0] != (netmail.Address{Name: "Pöstern", Address: "blog@example.org"}) {
		t.Errorf("From is %v, %v", from, err)
	}
	to, err := read.header.AddressList("To")
	if err != nil || len(to) != 1 || to[0].Address != m.To {
		t.Errorf("To is %v, %v", to, err)
	}
	if date, err := read.header.Date(); err != nil || !date.Equal(noon()) {
		t.Errorf("Date is %v, %v, want %v", date, err, noon())
	}
	for name, want := range map[string]string{
		"Message-Id": "<mail_01kb0z@example.org>", "Auto-Submitted": "auto-generated", "Mime-Version": "1.0",
		"User-Agent": "", "X-Mailer": "",
	} {
		if value := read.header.Get(name); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	for line := range strings.SplitSeq(string(got.Content), "\r\n") {
		if len(line) > 78 || strings.ContainsAny(line, "\r\n") || strings.ContainsFunc(line, func(r rune) bool { return r > '~' }) {
			t.Errorf("a line is not made for all servers: %q", line)
		}
	}
}

// TestNothingGetsIntoTheHeader gives what stands in the header more lines than one.
func TestNothingGetsIntoTheHeader(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{})
	o := reaching(server, mail.Plain)
	o.Server.User = ""
	o.From = `"=?utf-8?q?Post=0D=0ABcc:_eve@evil.example?=" <blog@example.org>`
	s := newSMTP(t, o)
	for _, subject := range []string{
		"a\r\nBcc: eve@evil.example", "a\nBcc: eve@evil.example", "a\rBcc: eve@evil.example", "ü\r\n\r\n<script>", "a\x00\x1b[2J",
		"=?utf-8?q?a=0D=0ABcc:_eve@evil.example?=", strings.Repeat("ü long ", 300), strings.Repeat("long ", 300), "",
	} {
		m := message(t)
		m.Subject = subject
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		got := <-server.Arrived()
		read := open(t, got.Content)
		if len(read.header) != 8 || read.header.Get("Bcc") != "" {
			t.Errorf("with the subject %q the header is %v", subject, read.header)
		}
		decoded, err := (&mime.WordDecoder{}).DecodeHeader(read.header.Get("Subject"))
		if err != nil || strings.ContainsAny(decoded, "\r\n\x00\x1b") {
			t.Errorf("the subject %q is read as %q, %v", subject, decoded, err)
		}
		if got.To != m.To {
			t.Errorf("the mail went to %s", got.To)
		}
	}
}

// TestRecipients writes to addresses beyond ASCII, and to what is none.
func TestRecipients(t *testing.T) {
	t.Parallel()
	ascii, utf8 := mailtest.Start(t, mailtest.Options{}), mailtest.Start(t, mailtest.Options{UTF8: true})
	for _, test := range []struct {
		server   *mailtest.Server
		to, want string // "" if it is refused
		utf8     bool
	}{
		{ascii, "ada@example.org", "ada@example.org", false},
		{ascii, "ada+blog@bücher.example", "ada+blog@xn--bcher-kva.example", false},
		{ascii, "ada@Bücher.example", "ada@xn--bcher-kva.example", false},
		{utf8, "ada@bücher.example", "ada@xn--bcher-kva.example", false},
		{ascii, "ädä@example.org", "", false},
		{utf8, "ädä@bücher.example", "ädä@xn--bcher-kva.example", true},
		{utf8, "ada", "", false},
		{utf8, "@example.org", "", false},
		{utf8, "ada@", "", false},
		{utf8, "ada@example.org\r\nRCPT TO:<eve@evil.example>", "", false},
		{utf8, "ada@example.org>,<eve@evil.example", "", false},
		{utf8, "ada@example.org, eve@evil.example", "", false},
		{utf8, "Ada <ada@example.org>", "", false},
		{utf8, `"a b"@example.org`, "", false},
		{utf8, "ada@-example.org", "", false},
		{utf8, "a\xffda@example.org", "", false},
	} {
		o := reaching(test.server, mail.Plain)
		o.Server.User = ""
		m := message(t)
		m.To = test.to
		err := newSMTP(t, o).Send(t.Context(), m)
		if test.want == "" {
			if !mail.Permanent(err) {
				t.Errorf("Send(to %q) = %v, want an error for good", test.to, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("Send(to %q) = %v", test.to, err)
			continue
		}
		got := <-test.server.Arrived()
		if got.To != test.want || got.UTF8 != test.utf8 {
			t.Errorf("Send(to %q) went to %q with SMTPUTF8: %t, want %q and %t", test.to, got.To, got.UTF8, test.want, test.utf8)
		}
		if to, err := open(t, got.Content).header.AddressList("To"); err != nil || to[0].Address != test.want {
			t.Errorf("To is %v, %v, want %s", to, err, test.want)
		}
	}
	if n := len(utf8.Received()); n != 2 {
		t.Errorf("the server took %d mails, want 2", n)
	}
}

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
		"no such recipient":           {fault: mailtest.Refuse(mailtest.To, 550), step: mail.StepTo, want: "550", permanent: true},
		"a full mailbox":              {fault: mailtest.Refuse(mailtest.To, 451), step: mail.StepTo, want: "451"},
		"greylisting":                 {fault: mailtest.Refuse(mailtest.To, 450), step: mail.StepTo, want: "450"},
		"no relaying without log-in":  {fault: mailtest.Refuse(mailtest.To, 530), step: mail.StepTo, want: "530"},
		"a bad sender":                {fault: mailtest.Refuse(mailtest.From, 550), step: mail.StepFrom, want: "550"},
		"spam":                        {fault: mailtest.Refuse(mailtest.Content, 554), step: mail.StepContent, want: "554", permanent: true},
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
			if !ok || failed.Step != test.step || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), o.Server.Address()) {
				t.Errorf("Send() = %v, want an error of %s with the server and %q", err, test.step, test.want)
			}
			if got := mail.Permanent(err); got != test.permanent {
				t.Errorf("Permanent(%v) = %t, want %t", err, got, test.permanent)
			}
			if err != nil && (strings.Contains(err.Error(), password) || strings.Contains(err.Error(), base64.StdEncoding.EncodeToString([]byte(password)))) {
				t.Errorf("Send() = %v, which tells the password", err)
			}
			if got := server.Received(); len(got) != 0 {
				t.Errorf("the server took %d mails", len(got))
			}
		})
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

// TestContextEndsWhatHangs has servers fall silent at each step: only the end of the context ends the waiting.
func TestContextEndsWhatHangs(t *testing.T) {
	t.Parallel()
	for _, step := range []mailtest.Step{mailtest.Greeting, mailtest.Hello, mailtest.Auth, mailtest.From, mailtest.To, mailtest.Content} {
		for security, client := range map[mailtest.Security]mail.Security{mailtest.Plain: mail.Plain, mailtest.TLS: mail.TLS} {
			server := mailtest.Start(t, mailtest.Options{Security: security, User: user, Password: password})
			server.Fail(mailtest.Silence(step))
			o := reaching(server, client)
			o.Timeout = time.Hour
			ctx, cancel := context.WithCancel(t.Context())
			sent := make(chan error)
			s, m := newSMTP(t, o), message(t)
			go func() { sent <- s.Send(ctx, m) }()
			<-server.Hanging()
			cancel()
			if err := <-sent; !errors.Is(err, context.Canceled) || mail.Permanent(err) {
				t.Errorf("Send() to a server that is silent at %s = %v, want that the context has ended", step, err)
			}
		}
	}
}

// TestContextThatHasEnded does not even connect.
func TestContextThatHasEnded(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newSMTP(t, reaching(server, mail.Plain)).Send(ctx, message(t)); !errors.Is(err, context.Canceled) || mail.Permanent(err) {
		t.Errorf("Send() = %v, want that the context has ended", err)
	}
}

// TestSlowServersAreGivenAMinute talks to a server that greets and then says nothing more.
func TestSlowServersAreGivenAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := mail.Options{
			Server: mail.Server{Host: "mail.example.org", Port: 25, Security: mail.Plain}, From: "blog@example.org", Now: noon,
			Dial: func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() {
					_, _ = io.WriteString(server, "220 mail.example.org\r\n")
					_, _ = io.Copy(io.Discard, server)
					_ = server.Close()
				}()
				return client, nil
			},
		}
		begun := time.Now()
		err := newSMTP(t, o).Send(t.Context(), message(t))
		if took := time.Since(begun); took != time.Minute || !errors.Is(err, context.DeadlineExceeded) || mail.Permanent(err) {
			t.Errorf("Send() = %v after %s, want that it took too long after a minute", err, took)
		}
		if !strings.Contains(err.Error(), "longer than 1m") {
			t.Errorf("Send() = %v, want it in words", err)
		}
	})
}

// TestGoodByeIsNotWaitedFor has a server take the mail over and not answer QUIT: the mail is sent.
func TestGoodByeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := mail.Options{
			Server: mail.Server{Host: "mail.example.org", Port: 25, Security: mail.Plain}, From: "blog@example.org", Now: noon,
			Dial: func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() {
					text := textproto.NewConn(server)
					for _, answer := range []string{"220 hello", "250 hello", "250 from", "250 to", "354 go on"} {
						_ = text.PrintfLine("%s", answer)
						_, _ = text.ReadLine()
					}
					_, _ = text.ReadDotBytes()
					_ = text.PrintfLine("250 taken")
					_, _ = io.Copy(io.Discard, server)
					_ = text.Close()
				}()
				return client, nil
			},
		}
		begun := time.Now()
		d, err := newSMTP(t, o).Deliver(t.Context(), message(t))
		if took := time.Since(begun); err != nil || took != 5*time.Second || d.Response != "taken" {
			t.Errorf("Deliver() = %+v, %v after %s, want it sent, and 5s for a good-bye", d, err, took)
		}
	})
}

func TestPermanentOfStrangers(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, context.Canceled, io.EOF, &textproto.Error{Code: 550}, mail.ErrNone} {
		if mail.Permanent(err) {
			t.Errorf("Permanent(%v) = true, want false", err)
		}
	}
}
