package mail

import (
	"fmt"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// mechanism is a way to log in (RFC 4954).
type mechanism struct {
	name string
	auth func(s Server) smtp.Auth
}

// mechanisms are those that are known, the best first: SCRAM does not tell the server the password.
func mechanisms() []mechanism {
	// That nothing is sent in clear which others could read, logIn has seen to.
	return []mechanism{
		{"SCRAM-SHA-256", func(s Server) smtp.Auth { return smtp.ScramSHA256Auth(s.User, s.Password) }},
		{"SCRAM-SHA-1", func(s Server) smtp.Auth { return smtp.ScramSHA1Auth(s.User, s.Password) }},
		{"PLAIN", func(s Server) smtp.Auth { return smtp.PlainAuth("", s.User, s.Password, s.Host, true) }},
		{"LOGIN", func(s Server) smtp.Auth { return smtp.LoginAuth(s.User, s.Password, s.Host, true) }},
	}
}

// logIn logs in if there is a user, and returns by what mechanism.
func (s *SMTP) logIn(client *smtp.Client, secret bool) (string, error) {
	if s.server.User == "" {
		return "", nil
	}
	if !secret && !s.server.loopback() {
		return "", ErrClear
	}
	_, listed := client.Extension("AUTH")
	offered := strings.Fields(strings.ToUpper(listed))
	for _, m := range mechanisms() {
		if slices.Contains(offered, m.name) {
			return m.name, client.Auth(m.auth(s.server))
		}
	}
	return "", fmt.Errorf("%w: it offers %q", ErrNoLogin, oneLine(listed))
}
