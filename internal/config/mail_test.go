package config_test

import (
	"errors"
	"strings"
	"testing"

	"postern/internal/config"
)

func TestSMTP(t *testing.T) {
	t.Parallel()
	for url, want := range map[config.URL]config.SMTP{
		"":                         {},
		"smtps://mail.example.org": {Host: "mail.example.org", Port: 465, Security: "tls"},
		"smtps://jane:hunter2@mail.example.org:1465/": {
			Host: "mail.example.org", Port: 1465, Security: "tls", User: "jane",
			Password: "hunter2",
		},
		"smtp://jane%40example.org:a%2Fb%3A@mail.example.org": {
			Host: "mail.example.org", Port: 587, Security: "starttls",
			User: "jane@example.org", Password: "a/b:",
		},
		"smtp://jane@example.org:hunter2@mail.example.org": {
			Host: "mail.example.org", Port: 587, Security: "starttls",
			User: "jane@example.org", Password: "hunter2",
		},
		"smtp://mail.example.org:2525?starttls=required": {Host: "mail.example.org", Port: 2525, Security: "starttls"},
		"smtp://relay?starttls=opportunistic":            {Host: "relay", Port: 25, Security: "opportunistic"},
		"smtp://jane:hunter2@relay?starttls=opportunistic": {
			Host: "relay", Port: 25, Security: "opportunistic", User: "jane",
			Password: "hunter2",
		},
		"smtp://10.0.0.7?starttls=none": {Host: "10.0.0.7", Port: 25, Security: "none"},
		"smtp://jane:hunter2@localhost:2525?starttls=none": {
			Host: "localhost", Port: 2525, Security: "none", User: "jane",
			Password: "hunter2",
		},
		"smtp://jane:hunter2@[::1]?starttls=none": {
			Host: "::1", Port: 25, Security: "none", User: "jane",
			Password: "hunter2",
		},
	} {
		c := standard()
		c.SMTPURL, c.MailFrom = url, "blog@example.org"
		got, err := c.SMTP()
		if err != nil || got.Password.Reveal() != want.Password.Reveal() || got != want {
			t.Errorf("SMTP(%s) = %+v, %v, want %+v", string(url), got, err, want)
		}
		if err := c.Check(); err != nil {
			t.Errorf("Check(SMTP_URL=%s) = %v, want nil", string(url), err)
		}
	}
}

func TestMailSettingsThatMakeNoSense(t *testing.T) {
	t.Parallel()
	for want, urls := range map[string][]config.URL{
		"SMTP_URL: it is neither": {
			"mail.example.org", "mail.example.org:465", "imap://mail.example.org", "smtps://", "smtps:jane:hunter2@mail.example.org",
			"smtps://jane:hunter2@mail.example.org/inbox", "smtps://mail.example.org#hunter2", "smtps://mail.example.org:0",
			"smtps://mail.example.org:65536", "smtps://mail.example.org:smtp", "smtps://ma il.example.org", "smtps://bücher.example",
			"smtps://jane:hunter2%zz@mail.example.org", "smtps://jane:hun/ter2@mail.example.org", "https://jane:hunter2@mail.example.org",
		},
		"SMTP_URL: ?starttls=": {
			"smtps://mail.example.org?starttls=required", "smtp://mail.example.org?starttls=yes", "smtp://mail.example.org?tls=no",
			"smtp://mail.example.org?starttls=none&starttls=required", "smtp://mail.example.org?starttls=none&password=hunter2",
			"smtp://mail.example.org?a;b",
		},
		"SMTP_URL: it needs both": {
			"smtps://jane@mail.example.org", "smtps://jane:@mail.example.org",
			"smtps://:hunter2@mail.example.org",
		},
		"SMTP_URL: it would send the password in clear": {
			"smtp://jane:hunter2@mail.example.org?starttls=none", "smtp://jane:hunter2@10.0.0.7?starttls=none",
			"smtp://jane:hunter2@localhost.example.org?starttls=none",
		},
	} {
		for _, url := range urls {
			err := check(func(c *config.Config) { c.SMTPURL, c.MailFrom = url, "blog@example.org" })
			if _, ok := errors.AsType[*config.Error](err); !ok || !strings.HasPrefix(err.Error(), want) ||
				strings.Contains(err.Error(), "hunter2") {
				t.Errorf("Check(SMTP_URL=%s) = %v, want %s…, and no secret", string(url), err, want)
			}
		}
	}
	for from, url := range map[string]config.URL{
		"": "smtps://mail.example.org", "Postern": "", "blog@": "", "blog@example.org, jane@example.org": "",
		"Postern <blog@example.org>\r\nBcc: eve@evil.example": "", "bücher@example.org": "",
	} {
		err := check(func(c *config.Config) { c.SMTPURL, c.MailFrom = url, from })
		if err == nil || !strings.HasPrefix(err.Error(), "MAIL_FROM: ") {
			t.Errorf("Check(MAIL_FROM=%q, SMTP_URL=%s) = %v, want an error of MAIL_FROM", from, string(url), err)
		}
	}
}

func TestWhatMailsDependOn(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		change                      func(*config.Config)
		outbox, sender, hello, site string
	}{
		{func(*config.Config) {}, "data/outbox", "Postern <postern@localhost>", "", "Postern"},
		{func(c *config.Config) { c.Production = true }, "", "Postern <postern@localhost>", "", "Postern"},
		{
			func(c *config.Config) { c.SMTPURL, c.MailFrom = "smtps://mail.example.org", "Blog <blog@example.org>" },
			"", "Blog <blog@example.org>", "", "Postern",
		},
		{
			func(c *config.Config) { c.PublicURL = "https://blog.example.org:8443/x" },
			"data/outbox", "Postern <postern@localhost>", "blog.example.org", "blog.example.org:8443",
		},
		{
			func(c *config.Config) { c.PublicURL = "http://192.0.2.7:8080" },
			"data/outbox", "Postern <postern@localhost>", "", "192.0.2.7:8080",
		},
		{func(c *config.Config) { c.PublicURL = "http://localhost" }, "data/outbox", "Postern <postern@localhost>", "", "localhost"},
	} {
		c := standard()
		test.change(&c)
		if c.Outbox() != test.outbox || c.MailSender() != test.sender || c.MailHello() != test.hello || c.Site() != test.site {
			t.Errorf("%+v means the outbox %q, the sender %q, the name %q and the site %q, want %+v",
				c, c.Outbox(), c.MailSender(), c.MailHello(), c.Site(), test)
		}
	}
}

func TestPasswordOfSMTPURLIsNeverPrinted(t *testing.T) {
	t.Parallel()
	for _, url := range []config.URL{
		"smtps://jane:" + hunter2 + "@mail.example.org",
		"smtp://jane:" + hunter2 + "@mail.example.org:587?starttls=required",
		"smtps:jane:" + hunter2 + "@mail.example.org",
		"smtps:" + hunter2,
		"smtps://jane:1/" + hunter2 + "@mail.example.org",
	} {
		c := standard()
		c.SMTPURL = url
		server, _ := c.SMTP()
		for _, value := range []any{url, &url, c, &c, server, &server} {
			for way, text := range printed(t, value) {
				if leaks(text, hunter2) {
					t.Errorf("%T printed by %s is %s, which tells the password", value, way, text)
				}
			}
		}
	}
}
