package account_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/store/storetest"
	"postern/internal/throttle"
)

// writing has mails sent, and all notices.
func writing(o *account.Options) { o.Mail, o.Notices = true, account.Notices() }

// mails takes all mails that are due, as if they were sent.
func (h *house) mails(t *testing.T) []account.Mail {
	t.Helper()
	taken := h.due(t)
	h.sent(t, taken)
	return taken
}

// due takes all mails that are due.
func (h *house) due(t *testing.T) []account.Mail {
	t.Helper()
	const most = 1000
	now := h.clock.read()
	taken, err := h.store.TakeMails(t.Context(), now, now.Add(time.Minute), most)
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

func (h *house) sent(t *testing.T, taken []account.Mail) {
	t.Helper()
	for _, m := range taken {
		if err := h.store.MailSent(t.Context(), m.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// mail takes the one mail that is due, which must be of a kind and to somebody, and returns the token that it carries.
func (h *house) mail(t *testing.T, kind account.MailKind, to string) (token string) {
	t.Helper()
	taken := h.due(t)
	if len(taken) != 1 {
		t.Fatalf("the mails are %+v, want one", taken)
	}
	m, token, err := h.Prepare(t.Context(), taken[0])
	if err != nil || m.Kind != kind || m.To != to {
		t.Fatalf("Prepare() = %+v, %v, want one %s to %s", m, err, kind, to)
	}
	h.sent(t, taken)
	return token
}

// nobodyIsWrittenTo checks that the one mail that is due is nobody's.
func (h *house) nobodyIsWrittenTo(t *testing.T, email string) {
	t.Helper()
	taken := h.due(t)
	if len(taken) != 1 {
		t.Fatalf("the mails to %s are %+v, want one", email, taken)
	}
	if m, token, err := h.Prepare(t.Context(), taken[0]); !errors.Is(err, account.ErrForgotten) || token != "" {
		t.Errorf("Prepare() for %s = %+v, %s, %v, want %v", email, m, token, err, account.ErrForgotten)
	}
	if due, err := h.store.NextMail(t.Context()); due != nil || err != nil {
		t.Errorf("NextMail() = %v, %v, want none", due, err)
	}
}

// nobodyIsTold checks that no mail is due.
func (h *house) nobodyIsTold(t *testing.T, of string) {
	t.Helper()
	if taken := h.mails(t); len(taken) > 0 {
		t.Errorf("of %s somebody is told: %+v", of, taken)
	}
}

// TestNotices: whoever has an account is told of what they may not have done themselves.
func TestNotices(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := openOn(t, url, writing)
		const jane = "jane@example.org"
		viewer := h.visitor(t, "Jane")
		h.mail(t, account.MailVerifyEmail, jane)
		login := func(address, agent string) account.Login {
			t.Helper()
			client := auth.Client{UserAgent: agent}
			if address != "" {
				client.Address = netip.MustParseAddr(address)
			}
			ctx := auth.NewContext(t.Context(), auth.Caller{Client: client})
			got, err := h.Login(ctx, client, account.LoginInput{Email: jane, Password: password})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		for _, from := range []string{"198.51.100.7", "198.51.100.8", "2001:db8:0:1::1", "2001:db8:0:2::1", ""} {
			login(from, "Mozilla/5.0")
			h.mail(t, account.MailNewLogin, jane)
		}
		for _, from := range []string{"198.51.100.7", "::ffff:198.51.100.8", "2001:db8:0:1::2"} {
			login(from, "Mozilla/6.0")
			h.nobodyIsTold(t, "a log-in from a network that was seen before")
		}

		stolen := login("198.51.100.7", "Good").Tokens.RefreshToken
		h.refresh(t, h.refresh(t, stolen).Tokens.RefreshToken)
		for range 2 {
			h.refusedTo(t, "a token that was used before", stolen)
		}
		h.mail(t, account.MailRefreshTokenReused, jane)
		for range 2 {
			in := account.ChangePasswordInput{CurrentPassword: password, NewPassword: "a heron reads the weather"}
			_, _ = h.ChangePassword(t.Context(), viewer, in) // the second one fails
		}
		h.mail(t, account.MailPasswordChanged, jane)
		if err := h.SetPassword(t.Context(), jane, password); err != nil {
			t.Fatal(err)
		}
		h.mail(t, account.MailPasswordChanged, jane)
	})
}

// TestNoticesAreTheOperatorsToChoose: what is turned off is not sent, and where no mail is sent nothing is.
func TestNoticesAreTheOperatorsToChoose(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*account.Options){
		"no notices": func(o *account.Options) { o.Mail = true },
		"no mail":    func(o *account.Options) { o.Notices = account.Notices() },
	} {
		h := open(t, change)
		h.signup(t, "Jane")
		h.mails(t)
		if err := h.SetPassword(t.Context(), "jane@example.org", password); err != nil {
			t.Fatal(err)
		}
		h.login(t, "Jane")
		h.nobodyIsTold(t, name)
	}
}

// TestNoMail: what needs mail is refused where none is sent.
func TestNoMail(t *testing.T) {
	t.Parallel()
	h := open(t)
	viewer := h.visitor(t, "Jane")
	fails(t, "RequestPasswordReset()", h.RequestPasswordReset(t.Context(), browser, account.RequestPasswordResetInput{Email: "jane@example.org"}), "NOT_ALLOWED")
	fails(t, "RequestEmailVerification()", h.RequestEmailVerification(t.Context(), viewer), "NOT_ALLOWED")
	fails(t, "ChangeEmail()", h.ChangeEmail(t.Context(), viewer, account.ChangeEmailInput{Password: password, NewEmail: "j@example.org"}), "NOT_ALLOWED")
	h.nobodyIsTold(t, "what was refused")
}

// TestMailsAreThrottled: nobody is written to without end, whether they have an account or not.
func TestMailsAreThrottled(t *testing.T) {
	t.Parallel()
	h := open(t, writing, func(o *account.Options) {
		o.Throttle.MailsOfAccount = throttle.Limit{Most: 3, Within: time.Hour}
		o.Throttle.MailsOfAddress = throttle.Limit{Most: 10, Within: time.Hour}
	})
	viewer := h.visitor(t, "Jane")
	h.mails(t)
	ask := func(i int, email string) error {
		return h.RequestPasswordReset(t.Context(), from(i), account.RequestPasswordResetInput{Email: email})
	}
	for _, email := range []string{"jane@example.org", "nobody@example.org"} {
		for i := range 5 {
			var want []string
			if i >= 3 {
				want = []string{"RATE_LIMITED"}
			}
			fails(t, "RequestPasswordReset()", ask(i, email), want...)
		}
	}
	for i := range 4 {
		var want []string
		if i >= 3 {
			want = []string{"RATE_LIMITED"}
		}
		fails(t, "RequestEmailVerification()", h.RequestEmailVerification(t.Context(), viewer), want...)
	}
	for i := range 12 {
		var want []string
		if i >= 10 {
			want = []string{"RATE_LIMITED"}
		}
		fails(t, "RequestPasswordReset()", ask(99, string(rune('a'+i))+"@example.org"), want...)
	}
}
