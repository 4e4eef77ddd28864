package mailtest

import (
	"io"
	"slices"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// session is a client's.
type session struct {
	server *Server
	conn   *smtp.Conn
	mail   Mail
	login  string // the mechanism by which it logged in
}

var _ smtp.AuthSession = (*session)(nil)

func (s *Server) newSession(conn *smtp.Conn) (smtp.Session, error) {
	if err := s.fails(Hello, conn.Conn()); err != nil {
		return nil, err
	}
	return &session{server: s, conn: conn}, nil
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string {
	if s.server.options.User == "" {
		return nil
	}
	return s.server.options.Mechanisms
}

// Auth implements smtp.AuthSession.
func (s *session) Auth(mechanism string) (sasl.Server, error) {
	if !slices.Contains(s.AuthMechanisms(), mechanism) {
		return nil, smtp.ErrAuthUnknownMechanism
	}
	if err := s.server.fails(Auth, s.conn.Conn()); err != nil {
		return nil, err
	}
	o := s.server.options
	check := func(user, password string) error {
		if user != o.User || password != o.Password {
			return smtp.ErrAuthFailed
		}
		s.login = mechanism
		return nil
	}
	switch mechanism {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case "LOGIN":
		return &loginServer{check: check}, nil
	case scramSHA256:
		return &scramServer{user: o.User, password: o.Password, done: func() { s.login = mechanism }}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, o *smtp.MailOptions) error {
	if err := s.server.fails(From, s.conn.Conn()); err != nil {
		return err
	}
	if s.server.options.User != "" && s.login == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	_, secret := s.conn.TLSConnectionState()
	s.mail = Mail{From: from, Hello: s.conn.Hostname(), TLS: secret, Mechanism: s.login, UTF8: o.UTF8}
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mail.To = to
	return s.server.fails(To, s.conn.Conn())
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	beginning := make([]byte, 100)
	n, err := io.ReadFull(r, beginning)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	cut := s.server.fault == Cut(Content)
	s.server.mu.Unlock()
	if cut {
		return s.server.fails(Content, s.conn.Conn())
	}
	rest, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.Content = slices.Concat(beginning[:n], rest)
	if err := s.server.fails(Content, s.conn.Conn()); err != nil {
		s.server.refused <- s.mail
		return s.server.quoting(err, s.mail.Content)
	}
	s.server.keep(s.mail)
	return nil
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.mail = Mail{} }

// Logout implements smtp.Session.
func (*session) Logout() error { return nil }
