package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// Security is how a connection to a server is kept secret.
type Security string

// The ways. Certificates are verified in all of them.
const (
	TLS           Security = "tls"           // from the start
	StartTLS      Security = "starttls"      // the server must offer it
	Opportunistic Security = "opportunistic" // if the server offers it
	Plain         Security = "none"
)

// Server is a server that takes mails.
type Server struct {
	Host     string
	Port     int
	Security Security
	User     string // "" if it wants nobody to log in
	Password string
}

// Address is its host and port.
func (s Server) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// loopback tells whether nobody else hears what is said to the server.
func (s Server) loopback() bool {
	ip, err := netip.ParseAddr(s.Host)
	return strings.EqualFold(s.Host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// How long it takes at most to connect, to send a mail, and to say good-bye.
const (
	connectTimeout = 15 * time.Second
	sendTimeout    = time.Minute
	quitTimeout    = 5 * time.Second
)

// How much of what a server says is read in all, in bytes, and how many characters of a reply are shown. The library would keep a
// line however long it is.
const (
	maxHeard = 1 << 20
	maxReply = 500
)

// SMTP hands mails to a server, over a connection of its own for each.
type SMTP struct {
	writer

	server  Server
	hello   string
	timeout time.Duration
	tls     *tls.Config
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
}

var _ Sender = (*SMTP)(nil)

func newSMTP(o Options, w writer) *SMTP {
	s := &SMTP{
		writer: w, server: o.Server, hello: o.Hello, timeout: o.Timeout, dial: o.Dial,
		tls: &tls.Config{ServerName: o.Server.Host, RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
	}
	if s.hello == "" {
		s.hello = w.domain
	}
	if s.timeout == 0 {
		s.timeout = sendTimeout
	}
	if s.dial == nil {
		s.dial = (&net.Dialer{Timeout: connectTimeout}).DialContext
	}
	return s
}

// Delivery tells how a server took a mail over.
type Delivery struct {
	Server    string // its host and port
	MessageID string
	TLS       string // the version, as in TLS 1.3; "" if there was none
	Mechanism string // by which the client logged in; "" if it did not
	Response  string // what the server said in the end
}

// Send implements Sender.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	_, err := s.Deliver(ctx, m)
	return err
}

// Deliver sends a mail as Send does, and tells how. The error is an *Error.
func (s *SMTP) Deliver(ctx context.Context, m Message) (Delivery, error) {
	w, err := s.write(m)
	if err != nil {
		return Delivery{}, err
	}
	slow := fmt.Errorf("it took longer than %s: %w", s.timeout, context.DeadlineExceeded)
	ctx, cancel := context.WithTimeoutCause(ctx, s.timeout, slow)
	defer cancel()
	conn, err := s.dial(ctx, "tcp", s.server.Address())
	if err != nil {
		return Delivery{}, s.failed(ctx, StepConnect, err)
	}
	defer func() { _ = conn.Close() }() // what the server has taken over, it has said
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	return s.converse(ctx, &hearing{Conn: conn, left: maxHeard}, w)
}

// hearing is a connection of which so many bytes are read at most.
type hearing struct {
	net.Conn

	left int
}

// Read implements net.Conn.
func (h *hearing) Read(p []byte) (int, error) {
	if h.left == 0 {
		return 0, errTalkative
	}
	n, err := h.Conn.Read(p[:min(len(p), h.left)])
	h.left -= n
	return n, err
}

// failed is an error, or that ctx has ended, which is why the connection did.
func (s *SMTP) failed(ctx context.Context, step Step, err error) error {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return &Error{Server: s.server.Address(), Step: step, Err: err}
}

// converse hands a mail over on a connection, which it does not close.
func (s *SMTP) converse(ctx context.Context, conn net.Conn, w written) (Delivery, error) {
	d := Delivery{Server: s.server.Address(), MessageID: w.id}
	client, step, err := s.greet(ctx, conn)
	if err != nil {
		return Delivery{}, s.failed(ctx, step, err)
	}
	if state, ok := client.TLSConnectionState(); ok {
		d.TLS = tls.VersionName(state.Version)
	}
	if d.Mechanism, err = s.logIn(client, d.TLS != ""); err != nil {
		quit(client, conn)
		return Delivery{}, s.failed(ctx, StepAuth, err)
	}
	if step, err := s.envelope(client, w); err != nil {
		quit(client, conn)
		return Delivery{}, s.failed(ctx, step, err)
	}
	// Nothing that fails from here on may be followed by QUIT: it would end the mail where it is, and have it delivered so.
	if d.Response, err = content(client, w.content); err != nil {
		return Delivery{}, s.failed(ctx, StepContent, err)
	}
	quit(client, conn)
	return d, nil
}

// greet is what comes before a mail: each says who it is, in secret if need be.
func (s *SMTP) greet(ctx context.Context, conn net.Conn) (*smtp.Client, Step, error) {
	if s.server.Security == TLS {
		secret := tls.Client(conn, s.tls)
		if err := secret.HandshakeContext(ctx); err != nil {
			return nil, StepTLS, err
		}
		conn = secret
	}
	client, err := smtp.NewClient(conn, s.server.Host)
	if err != nil {
		return nil, StepConnect, err
	}
	if err := client.Hello(s.hello); err != nil {
		return nil, StepHello, err
	}
	if s.server.Security != StartTLS && s.server.Security != Opportunistic {
		return client, "", nil
	}
	switch offered, _ := client.Extension("STARTTLS"); {
	case offered:
		return client, StepTLS, client.StartTLS(s.tls)
	case s.server.Security == StartTLS:
		quit(client, conn)
		return nil, StepTLS, ErrNoTLS
	}
	return client, "", nil
}

// Why a mail is not sent although the server would take it.
var (
	ErrNoTLS     = errors.New("the server does not offer STARTTLS")
	ErrClear     = errors.New("the password is not sent in clear to another machine")
	ErrNoLogin   = errors.New("the server knows no way to log in that is known here")
	errNotASCII  = errors.New("the address is beyond ASCII before its @, and the server does not take such (SMTPUTF8)")
	errNoContent = errors.New("the server's answer is unknown")
	errTalkative = errors.New("the server says more than anybody would read")
)

// envelope says from whom a mail is, and to whom.
func (s *SMTP) envelope(client *smtp.Client, w written) (Step, error) {
	if offered, _ := client.Extension("SMTPUTF8"); w.utf8 && !offered {
		return StepMessage, errNotASCII
	}
	client.SkipSMTPUTF8(!w.utf8) // relays further on may not know it
	if err := client.Mail("<" + s.from.Address + ">"); err != nil {
		return StepFrom, err
	}
	return StepTo, client.Rcpt("<" + w.to + ">")
}

// content hands the mail over, and returns what the server says.
func content(client *smtp.Client, content []byte) (string, error) {
	data, err := client.Data()
	if err != nil {
		return "", err
	}
	if _, err := data.Write(content); err != nil {
		return "", err
	}
	if err := data.Close(); err != nil {
		return "", err
	}
	closed, ok := data.(*smtp.DataCloser)
	if !ok {
		return "", errNoContent
	}
	return shortened(oneLine(closed.ServerResponse()), maxReply), nil
}

// quit says good-bye. Whether it is heard changes nothing.
func quit(client *smtp.Client, conn net.Conn) {
	if conn.SetDeadline(time.Now().Add(quitTimeout)) == nil {
		_ = client.Quit()
	}
}
