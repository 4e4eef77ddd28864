package cli_test

import (
	"crypto/x509"
	"net/mail"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"postern/internal/mail/mailtest"
)

func TestMailTestWritesAFileInDevelopment(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	said := s.does(t, "mail", "test", "ada@example.org")
	found := regexp.MustCompile(`^Wrote (.+\.eml): there is no SMTP_URL, and this is no production\.\n$`).FindStringSubmatch(said)
	if found == nil || filepath.Dir(found[1]) != filepath.Join(s.env["DATA_DIR"], "outbox") {
		t.Fatalf("postern mail test = %q, want the file that it wrote", said)
	}
	file, err := os.Open(found[1])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	m, err := mail.ReadMessage(file)
	if err != nil || m.Header.Get("To") != "<ada@example.org>" || m.Header.Get("Subject") != "A test of Postern" {
		t.Errorf("the mail is %+v, %v", m, err)
	}
	s.fails(t, 1, "no email address", "mail", "test", "nonsense")
}

func TestMailTestSaysWhatHappened(t *testing.T) {
	t.Parallel()
	const user, password = "jane@example.org", "hunter2-hunter2"
	for name, test := range map[string]struct {
		options mailtest.Options
		want    string
	}{
		"TLS": {
			mailtest.Options{Security: mailtest.TLS, User: user, Password: password},
			", by TLS 1.3, logged in as jane@example.org by SCRAM-SHA-256.",
		},
		"STARTTLS": {mailtest.Options{Security: mailtest.StartTLS}, ", by TLS 1.3, without logging in."},
		"in clear": {mailtest.Options{}, ", without TLS, without logging in."},
	} {
		server := mailtest.Start(t, test.options)
		s := newShell(t)
		s.roots = server.Roots
		s.env["SMTP_URL"], s.env["MAIL_FROM"], s.env["PUBLIC_URL"] = server.URL(), "Blog <blog@example.org>", "https://blog.example.org"
		said := s.does(t, "mail", "test", "ada@example.org")
		if !strings.HasPrefix(said, "127.0.0.1:") ||
			!strings.Contains(said, " has taken the mail for ada@example.org over"+test.want+"\n") ||
			!strings.Contains(said, `It said "2.0.0 OK: queued". The mail's Message-ID is <test_`) || strings.Contains(said, "hunter2") {
			t.Errorf("postern mail test by %s = %q, want it to say %q", name, said, test.want)
		}
		got := <-server.Arrived()
		if got.To != "ada@example.org" || got.From != "blog@example.org" || got.Hello != "blog.example.org" {
			t.Errorf("the server took %+v", got)
		}
		if !strings.Contains(string(got.Content), "mails of blog.example.org reach you") {
			t.Errorf("the mail is\n%s", got.Content)
		}
	}
}

// TestMailTestSaysWhatToDo has it fail in the ways that beginners know.
func TestMailTestSaysWhatToDo(t *testing.T) {
	t.Parallel()
	secret := mailtest.Options{Security: mailtest.TLS, User: "jane", Password: "hunter2"}
	for name, test := range map[string]struct {
		options mailtest.Options
		fault   mailtest.Fault
		url     func(string) string // what is set instead of the server's
		trust   bool
		want    []string
	}{
		"another scheme": {
			url: func(url string) string {
				return strings.NewReplacer("smtp://", "smtps://", "?starttls=none", "").Replace(url)
			},
			want: []string{"TLS: ", "take smtp:// instead of smtps://"},
		},
		"no STARTTLS": {
			url:  func(url string) string { return strings.TrimSuffix(url, "?starttls=none") },
			want: []string{"STARTTLS", "Take smtps://"},
		},
		"an unknown authority": {options: secret, want: []string{"unknown authority", "SSL_CERT_FILE"}},
		"a wrong password": {
			options: secret, trust: true, url: func(url string) string { return strings.Replace(url, "hunter2", "hunter3", 1) },
			want: []string{"AUTH: 535", "Look at USER and PASSWORD"},
		},
		"no password": {
			options: secret, trust: true, url: func(url string) string { return strings.Replace(url, "jane:hunter2@", "", 1) },
			want: []string{"530", "The server wants USER:PASSWORD@ in SMTP_URL."},
		},
		"a bad sender":    {fault: mailtest.Refuse(mailtest.From, 550), want: []string{"550", "look at MAIL_FROM"}},
		"a bad recipient": {fault: mailtest.Refuse(mailtest.To, 550), want: []string{"550", "try another"}},
		"spam":            {fault: mailtest.Refuse(mailtest.Content, 554), want: []string{"554", "does not take what we write"}},
		"greylisting":     {fault: mailtest.Refuse(mailtest.To, 450), want: []string{"450", "try again in some minutes"}},
		"banned":          {fault: mailtest.Refuse(mailtest.Greeting, 554), want: []string{"554", "does not talk to this machine"}},
		"cut":             {fault: mailtest.Cut(mailtest.Content), want: []string{"DATA: ", "may have taken the mail all the same"}},
		"nobody there": {url: func(string) string { return "smtp://127.0.0.1:1?starttls=none" }, want: []string{
			"refused",
			"Look at the host and the port",
		}},
		"nothing to log in by": {
			url:  func(url string) string { return strings.Replace(url, "smtp://", "smtp://jane:hunter2@", 1) },
			want: []string{"AUTH: ", "take USER:PASSWORD@ out of SMTP_URL"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := mailtest.Start(t, test.options)
			server.Fail(test.fault)
			s := newShell(t)
			s.roots = x509.NewCertPool()
			if test.trust {
				s.roots = server.Roots
			}
			s.env["SMTP_URL"], s.env["MAIL_FROM"] = server.URL(), "blog@example.org"
			if test.url != nil {
				s.env["SMTP_URL"] = test.url(server.URL())
			}
			for _, want := range test.want {
				s.fails(t, 1, want, "mail", "test", "ada@example.org")
			}
			if _, stderr, _ := s.run(t, "mail", "test", "ada@example.org"); strings.Contains(stderr, "hunter") {
				t.Errorf("postern mail test = %q, which tells the password", stderr)
			}
		})
	}
}
