package mail_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"strings"
	"testing"

	"postern/internal/mail"
	"postern/internal/mail/mailtest"
)

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
