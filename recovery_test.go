package main

import (
	"io"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"postern/internal/mail/mailtest"
	"postern/internal/store/storetest"
)

// mailed is what a server of mails took, in the order of its arrival.
type mailed struct{ *mailtest.Server }

// next waits for a mail, though not without end: two minutes after a process took it that was killed another one does.
func (m mailed) next(t *testing.T) mailtest.Mail {
	t.Helper()
	const patience = 3 * time.Minute
	select {
	case got := <-m.Arrived():
		return got
	case <-time.After(patience):
		t.Fatal("no mail arrives")
		return mailtest.Mail{}
	}
}

// token waits for a mail to somebody, about something, and returns the token that its link carries.
func (m mailed) token(t *testing.T, to, link string) string {
	t.Helper()
	got := m.next(t)
	if got.To != to {
		t.Errorf("there arrived a mail to %s, want one to %s", got.To, to)
	}
	return tokenIn(t, got, link)
}

// tokenIn is the token that a mail's link carries.
func tokenIn(t *testing.T, m mailtest.Mail, link string) string {
	t.Helper()
	text := strings.NewReplacer("=\r\n", "", "=3D", "=").Replace(string(m.Content))
	found := regexp.MustCompile(`https://www\.example\.org/` + link + `#token=([\w-]{43})`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("a mail has no link to %s:\n%s", link, text)
	}
	return found[1]
}

// notice waits for a mail that carries no token.
func (m mailed) notice(t *testing.T, to, subject string) {
	t.Helper()
	got := m.next(t)
	if content := string(got.Content); got.To != to || !strings.Contains(content, subject) || strings.Contains(content, "token=3D") {
		t.Fatalf("there arrived a mail to %s, want a notice to %s of %q:\n%s", got.To, to, subject, content)
	}
}

// written is the environment of a server whose mails arrive.
func written(t *testing.T, url string) (environment, mailed) {
	t.Helper()
	server := mailtest.Start(t, mailtest.Options{})
	return environment{
		"DATABASE_URL": url, "DATA_DIR": t.TempDir(), "SMTP_URL": server.URL(), "MAIL_FROM": "blog@example.org",
		"FRONTEND_URL": "https://www.example.org",
	}, mailed{server}
}

// TestRecovery forgets a password, and moves to another email and back, by the mails that a server sends.
func TestRecovery(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		env, mails := written(t, url)
		p := startApart(t, env)
		const ada, adele = "ada@example.org", "adele@example.org"
		do := func(token, mutation string) {
			t.Helper()
			if got := p.post(t, token, "mutation { "+mutation+" { errors { message } } }"); !strings.Contains(got, `{"errors":[]}`) {
				t.Fatalf("%s = %s", mutation, got)
			}
		}
		token := accessToken(t, p.post(t, "", signup))
		do("", `verifyEmail(input: {token: "`+mails.token(t, ada, "verify-email")+`"})`)
		if got := p.post(t, token, `{ viewer { emailVerified } }`); got != `{"data":{"viewer":{"emailVerified":true}}}` {
			t.Errorf("the viewer is %s", got)
		}

		do("", `requestPasswordReset(input: {email: "nobody@example.org"})`)
		do("", `requestPasswordReset(input: {email: "`+ada+`"})`)
		const next = "a heron reads the weather"
		do("", `resetPassword(input: {token: "`+mails.token(t, ada, "reset-password")+`", newPassword: "`+next+`"})`)
		mails.notice(t, ada, "password")
		p.becomes(t, token, `{ viewer { role } }`, "SESSION_ENDED")
		token = accessToken(t, p.post(t, "", strings.Replace(login, password, next, 1)))

		do(token, `changeEmail(input: {password: "`+next+`", newEmail: "`+adele+`"})`)
		do("", `verifyEmail(input: {token: "`+mails.token(t, adele, "verify-email")+`"})`)
		undoing := mails.token(t, ada, "undo-email-change")
		if got := p.post(t, token, `{ viewer { email } }`); !strings.Contains(got, adele) {
			t.Errorf("the viewer is %s", got)
		}
		const last = "a lynx mails what the otter told"
		do("", `undoEmailChange(input: {token: "`+undoing+`", newPassword: "`+last+`"})`)
		mails.notice(t, adele, "email")
		p.becomes(t, token, `{ viewer { role } }`, "SESSION_ENDED")
		accessToken(t, p.post(t, "", strings.Replace(login, password, last, 1)))
		p.end(t)
		if all := mails.Received(); len(all) != 6 {
			t.Errorf("%d mails were sent, want 6", len(all))
		}
	})
}

// TestUnverifiedAccountsRead: where it is required, nobody writes before their email is verified.
func TestUnverifiedAccountsRead(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		env, mails := written(t, url)
		env["REQUIRE_VERIFIED_EMAIL"] = "true"
		p := start(t, env)
		token := accessToken(t, p.post(t, "", signup))
		const write = `mutation { createPost(input: {title: "T", content: "x"}) { post { title } } }`
		if got := p.post(t, token, write); !strings.Contains(got, "FORBIDDEN") {
			t.Errorf("createPost = %s, want FORBIDDEN", got)
		}
		p.post(t, "", `mutation { verifyEmail(input: {token: "`+mails.token(t, "ada@example.org", "verify-email")+`"}) { errors { message } } }`)
		if got := p.post(t, token, write); !strings.Contains(got, `"title":"T"`) {
			t.Errorf("createPost = %s, once the email is verified, want it to work", got)
		}
	})
}

// TestMailAfterAKill kills a server right after it was asked for a mail: that comes all the same, once. It kills it when the mail
// before is out of the queue, for then it has just looked: a mail that it has taken already comes two minutes later.
func TestMailAfterAKill(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		env, mails := written(t, url)
		p := startUntil(t, env, syscall.SIGKILL, io.Discard)
		accessToken(t, p.post(t, "", signup))
		mails.token(t, "ada@example.org", "verify-email")
		db := storetest.Open(t, url)
		for range 3 {
			for due := new(time.Time); due != nil; {
				var err error
				if due, err = db.NextMail(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			p.post(t, "", `mutation { requestPasswordReset(input: {email: "ada@example.org"}) { errors { message } } }`)
			p.end(t)
			p = startUntil(t, env, syscall.SIGKILL, io.Discard)
			mails.token(t, "ada@example.org", "reset-password")
		}
		if sent := mails.ids(); len(sent) != 4 {
			t.Errorf("the mails %v were sent, want 4", sent)
		}
	})
}

// ids are those of the mails that were sent. One that is handed over at the very moment of a kill comes twice with its id.
func (m mailed) ids() map[string]bool {
	ids := make(map[string]bool)
	for _, sent := range m.Received() {
		ids[regexp.MustCompile(`(?m)^Message-ID: (\S+)`).FindStringSubmatch(string(sent.Content))[1]] = true
	}
	return ids
}
