package mailtest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/emersion/go-smtp"
)

// Step is a part of a conversation.
type Step string

// The steps, in their order.
const (
	Greeting Step = "greeting"
	Hello    Step = "EHLO"
	Auth     Step = "AUTH"
	From     Step = "MAIL FROM"
	To       Step = "RCPT TO"
	Content  Step = "DATA"
)

// Fault is how a server fails at a step.
type Fault struct {
	at     Step
	code   int
	silent bool
	cut    bool
	quotes bool
}

// Refuse answers a step with a code, as 550. At the greeting it ends the connection, too.
func Refuse(at Step, code int) Fault { return Fault{at: at, code: code} }

// Quote refuses a mail with a code, and says what stands in it.
func Quote(code int) Fault { return Fault{at: Content, code: code, quotes: true} }

// Silence answers a step with nothing, for as long as the client waits.
func Silence(at Step) Fault { return Fault{at: at, silent: true} }

// Cut ends the connection instead of answering a step; of a mail it reads the beginning.
func Cut(at Step) Fault { return Fault{at: at, cut: true} }

// errCut ends what waits for an answer to a connection that is cut.
var errCut = errors.New("mailtest: cut")

// fails is what is to go wrong at a step; the error is what to answer.
func (s *Server) fails(at Step, conn net.Conn) error {
	s.mu.Lock()
	f := s.fault
	s.mu.Unlock()
	switch {
	case f.at != at:
		return nil
	case f.silent:
		s.hanging <- struct{}{}
		_, _ = io.Copy(io.Discard, conn) // until the client has enough
		return errCut
	case f.cut:
		_ = conn.Close()
		return errCut
	}
	return &smtp.SMTPError{Code: f.code, EnhancedCode: smtp.EnhancedCode{f.code / 100, 0, 0}, Message: "mailtest was told to refuse"}
}

// quoting is the refusal of a mail, with what stands in it if that is to be quoted.
func (s *Server) quoting(refusal error, content []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if refused, ok := errors.AsType[*smtp.SMTPError](refusal); ok && s.fault.quotes {
		refused.Message += ": " + strings.NewReplacer("=\r\n", "", "\r\n", " ").Replace(string(content))
	}
	return refusal
}

// door is a listener that fails to greet.
type door struct {
	net.Listener

	server *Server
}

// Accept waits for a client that is to be greeted.
func (d *door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil || !d.server.failsAtOnce() {
			return conn, err
		}
		d.server.silent.Go(func() {
			defer func() { _ = conn.Close() }()
			if refused, ok := errors.AsType[*smtp.SMTPError](d.server.fails(Greeting, conn)); ok {
				_, _ = fmt.Fprintf(conn, "%d %s\r\n", refused.Code, refused.Message)
			}
		})
	}
}

func (s *Server) failsAtOnce() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fault.at == Greeting
}
