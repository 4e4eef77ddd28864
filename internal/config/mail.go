package config

import (
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// SMTP is the server that mails are handed to.
type SMTP struct {
	Host     string
	Port     int
	Security string // tls, starttls, opportunistic or none, as mail.Security has it
	User     string
	Password Secret
}

// SMTP is what SMTP_URL says, and the zero value if it says nothing. The error is an *Error, which quotes nothing of it.
func (c *Config) SMTP() (SMTP, error) {
	if c.SMTPURL == "" {
		return SMTP{}, nil
	}
	s, problem := parseSMTP(string(c.SMTPURL))
	if problem != "" {
		return SMTP{}, &Error{Setting: "SMTP_URL", Problem: problem}
	}
	return s, nil
}

// What can be wrong with SMTP_URL.
const (
	notSMTP = "it is neither smtps://USER:PASSWORD@HOST:465 nor smtp://USER:PASSWORD@HOST:587; " +
		"what is special in USER or PASSWORD is written as %40 is for @"
	noStart   = "?starttls= is required, opportunistic or none, and is for smtp:// alone"
	halfLogin = "it needs both USER and PASSWORD, or neither"
	inClear   = "it would send the password in clear to another machine: leave ?starttls=none out"
)

// parseSMTP reads SMTP_URL, or says what is wrong with it.
func parseSMTP(text string) (s SMTP, problem string) {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || !hostName.MatchString(strings.ToLower(u.Hostname())) && !isIP(u.Hostname()) ||
		u.Path != "" && u.Path != "/" || u.Fragment != "" {
		return s, notSMTP
	}
	s.Host, s.User = u.Hostname(), u.User.Username()
	password, _ := u.User.Password()
	s.Password = Secret(password)
	var standard int
	if s.Security, standard, problem = security(u); problem != "" {
		return s, problem
	}
	if s.Port, err = strconv.Atoi(u.Port()); u.Port() == "" {
		s.Port = standard
	} else if err != nil || s.Port < 1 || s.Port > 65535 {
		return s, notSMTP
	}
	switch {
	case (s.User == "") != (s.Password == ""):
		return s, halfLogin
	case s.User != "" && s.Security == "none" && !loopback(net.JoinHostPort(s.Host, "0")):
		return s, inClear
	}
	return s, ""
}

// security is how the connection is kept secret, and the port where that is usual.
func security(u *url.URL) (security string, port int, problem string) {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || len(query) > 1 || len(query) == 1 && len(query["starttls"]) != 1 {
		return "", 0, noStart
	}
	switch u.Scheme + " " + query.Get("starttls") {
	case "smtps ":
		return "tls", 465, ""
	case "smtp ", "smtp required":
		return "starttls", 587, ""
	case "smtp opportunistic":
		return "opportunistic", 25, ""
	case "smtp none":
		return "none", 25, ""
	}
	if u.Scheme != "smtp" && u.Scheme != "smtps" {
		return "", 0, notSMTP
	}
	return "", 0, noStart
}

func isIP(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Zone() == ""
}

// checkMail finds what would keep mails from being sent.
func (c *Config) checkMail() error {
	if c.FrontEndURL != "" && !validPublicURL(c.FrontEndURL) {
		return &Error{Setting: "FRONTEND_URL", Problem: fmt.Sprintf("%q is not like https://www.example.org", c.FrontEndURL)}
	}
	if c.RequireVerified && !c.Mails() {
		return &Error{Setting: "REQUIRE_VERIFIED_EMAIL", Problem: "it needs SMTP_URL: no email can be verified otherwise"}
	}
	notices := []string{"login", "password", "email", "reuse"}
	for _, name := range c.MailNotices {
		if !slices.Contains(notices, name) && (name != "none" || len(c.MailNotices) > 1) {
			return &Error{Setting: "MAIL_NOTICES", Problem: fmt.Sprintf("%q is none of %s, nor none alone", name, strings.Join(notices, ", "))}
		}
	}
	if _, err := c.SMTP(); err != nil {
		return err
	}
	if c.MailFrom == "" {
		if c.SMTPURL != "" {
			return &Error{Setting: "MAIL_FROM", Problem: "SMTP_URL needs it: who writes, as Postern <blog@example.org>"}
		}
		return nil
	}
	from, err := mail.ParseAddress(c.MailFrom)
	if err != nil || strings.ContainsAny(c.MailFrom, "\r\n") {
		return &Error{Setting: "MAIL_FROM", Problem: "it is not like Postern <blog@example.org>"}
	}
	local := from.Address[:strings.LastIndexByte(from.Address, '@')]
	if strings.ContainsFunc(local, func(r rune) bool { return r > unicode.MaxASCII }) {
		return &Error{Setting: "MAIL_FROM", Problem: "what stands before its @ must be ASCII: not every server takes more"}
	}
	return nil
}

// MailSender is who writes mails, even if nobody has said who.
func (c *Config) MailSender() string {
	if c.MailFrom == "" {
		return "Postern <postern@localhost>"
	}
	return c.MailFrom
}

// Outbox is the folder that mails are written to where there is no SMTP_URL; "" if that is production, which sends none then.
func (c *Config) Outbox() string {
	if c.Production || c.SMTPURL != "" {
		return ""
	}
	return filepath.Join(c.DataDir, "outbox")
}

// Mails tells whether mails are sent, or at least written.
func (c *Config) Mails() bool { return c.SMTPURL != "" || c.Outbox() != "" }

// MailHello is what the server calls itself to a server that takes mails: the host of PUBLIC_URL, if that is a name. "" leaves it to
// MAIL_FROM.
func (c *Config) MailHello() string {
	u, err := url.Parse(c.PublicURL)
	if err != nil || isIP(u.Hostname()) || !strings.Contains(u.Hostname(), ".") || !hostName.MatchString(u.Hostname()) {
		return ""
	}
	return u.Hostname()
}

// Site is what the blog is called in mails: the host of PUBLIC_URL, or Postern.
func (c *Config) Site() string {
	if u, err := url.Parse(c.PublicURL); err == nil && u.Host != "" {
		return u.Host
	}
	return "Postern"
}
