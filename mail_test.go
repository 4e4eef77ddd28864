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

// recovers does what mails are for, and gives what they carry to whom it does not belong.
func (w *witness) recovers(t *testing.T, mails mailed) {
	t.Helper()
	const carol, other = "carol@example.org", "other@example.org"
	first, next := w.secret("a magpie counts the silver", aPassword), w.secret("nine lanterns on the quay", aPassword)
	last := w.secret("the miller sleeps at noon", aPassword)
	carries := func(to, link string) string {
		t.Helper()
		token := w.secret(mails.token(t, to, link), "a token of a mail")
		for _, mutation := range []string{
			`verifyEmail(input: {token: "x", tokens: $v})`, `verifyEmail(input: $v)`, `resetPassword(input: {token: [$v], newPassword: $v})`,
			`resetPassword(input: {token: $v, newPassword: "short"})`, `undoEmailChange(input: {token: $v, newPassword: "short"})`,
			`requestPasswordReset(input: {email: $v})`, `login(input: {email: $v, password: $v})`, `refreshToken(input: {refreshToken: $v})`,
		} {
			w.ask(t, "", `mutation($v: String!) { `+mutation+` { errors { __typename message path } } }`, token)
			w.ask(t, token, `mutation { `+strings.ReplaceAll(mutation, "$v", quoted(token))+` { errors { message path } } }`, "")
		}
		return token
	}
	do := func(access, mutation, variable string) {
		t.Helper()
		w.ask(t, access, `mutation($v: String!) { `+mutation+` { errors { message path } } }`, variable)
	}
	access := accessToken(t, w.ask(t, "", `mutation($v: String!) { signup(input: {email: "`+carol+`", password: $v, name: "Carol"})`+tokens+` }`, first))
	do("", `verifyEmail(input: {token: $v})`, carries(carol, "verify-email"))
	do("", `requestPasswordReset(input: {email: $v})`, carol)
	reset := carries(carol, "reset-password")
	for range 2 {
		do("", `resetPassword(input: {token: "`+reset+`", newPassword: $v})`, next)
	}
	mails.notice(t, carol, "password")
	w.ask(t, access, `{ viewer { email } }`, "")
	access = accessToken(t, w.ask(t, "", `mutation($v: String!) { login(input: {email: "`+carol+`", password: $v})`+tokens+` }`, next))
	do(access, `changeEmail(input: {newEmail: "`+other+`", password: $v})`, first)
	do(access, `changeEmail(input: {newEmail: "`+other+`", password: $v})`, next)
	do("", `verifyEmail(input: {token: $v})`, carries(other, "verify-email"))
	do("", `undoEmailChange(input: {token: "`+carries(carol, "undo-email-change")+`", newPassword: $v})`, last)
	mails.notice(t, other, "undone")
	do("", `requestPasswordReset(input: {email: $v})`, carol)
	carries(carol, "reset-password") // which nobody uses

	mails.Fail(mailtest.Quote(554))
	do("", `requestPasswordReset(input: {email: $v})`, carol)
	w.secret(mails.refused(t), "a token of a mail")
	mails.Fail(mailtest.Fault{})
}

// refused waits for a mail that the server does not take, and returns the token that it carries.
func (m mailed) refused(t *testing.T) string {
	t.Helper()
	return tokenIn(t, <-m.Refused(), "reset-password")
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
