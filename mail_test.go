package main

import (
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"postern/internal/mail/mailtest"
)

// TestMailGoesOut sends a mail by the whole program, which trusts the server by nothing but its certificate.
func TestMailGoesOut(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	server := mailtest.Start(t, mailtest.Options{Security: mailtest.StartTLS, User: "jane", Password: "hunter2"})
	mailTest := func(environment ...string) (string, error) {
		command := exec.CommandContext(t.Context(), self, "mail", "test", "ada@example.org")
		command.Env = slices.Concat(environment, []string{
			asProgram + "=yes", "SMTP_URL=" + server.URL(), "MAIL_FROM=Blog <blog@example.org>", "DATA_DIR=" + t.TempDir(),
		})
		output, err := command.CombinedOutput()
		return string(output), err
	}
	said, err := mailTest("SSL_CERT_FILE=" + server.RootsFile(t))
	if err != nil || !strings.Contains(said, "by TLS 1.3, logged in as jane by SCRAM-SHA-256") {
		t.Errorf("postern mail test = %v, %s", err, said)
	} else if got := <-server.Arrived(); got.To != "ada@example.org" || got.Hello != "example.org" {
		t.Errorf("the server took %+v", got)
	}
	said, err = mailTest()
	if err == nil || !strings.Contains(said, "unknown authority") || strings.Contains(said, "hunter2") {
		t.Errorf("postern mail test of a stranger = %v, %s, want it refused", err, said)
	}
}

// mail has the command send mails, with the server's password and with another.
func (w *witness) mail(t *testing.T, env environment) {
	t.Helper()
	right := w.secret("a-lynx-mails-what-the-otter-told", "the password for mail")
	server := mailtest.Start(t, mailtest.Options{User: "jane", Password: right})
	env = maps.Clone(env)
	env["MAIL_FROM"] = "blog@example.org"
	env["SMTP_URL"] = server.URL()
	w.command(t, env, "", "config")
	w.command(t, env, "", "mail", "test", "ada@example.org")
	if len(server.Received()) != 1 {
		t.Error("no mail was sent")
	}
	wrong := w.secret("a-lynx-mails-what-nobody-told-it", "another password for mail")
	for _, url := range []string{
		strings.Replace(server.URL(), right, wrong, 1), // which it refuses
		"smtps://jane:" + wrong + "/@mail.example.org", "smtps:jane:" + wrong, "smtp://jane:" + wrong + "@mail.example.org?starttls=none",
	} {
		env["SMTP_URL"] = url
		w.command(t, env, "", "mail", "test", "ada@example.org")
	}
}
