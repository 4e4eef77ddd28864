// Package mailtest is a mail server for tests, which keeps what it takes and can fail in the ways that servers do.
//
// It imports nothing of ours; only tests import it.
package mailtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
)

// Security is how the server keeps a connection secret.
type Security string

// The ways.
const (
	Plain    Security = "none"
	StartTLS Security = "starttls" // offered, and logging in takes it
	TLS      Security = "tls"      // from the start
)

// Options are what a server is like.
type Options struct {
	Security Security // Plain if it is ""
	// User and Password are those without whom it takes nothing; "" for a server that takes mails from anybody.
	User, Password string
	// Mechanisms are the ways to log in that it offers; PLAIN, LOGIN and SCRAM-SHA-256 if it is nil.
	Mechanisms []string
	// UTF8 has it take addresses beyond ASCII.
	UTF8 bool
}

// Mail is a mail that the server has taken over.
type Mail struct {
	From, To  string
	Content   []byte // as it came over the wire
	Hello     string // what the client called itself
	TLS       bool
	Mechanism string // by which the client logged in; "" if it did not
	UTF8      bool   // whether the client said that there are addresses beyond ASCII
}

// Server is a running server.
type Server struct {
	// Host and Port are where it listens.
	Host string
	Port int
	// Roots are what a client must trust for its certificate to be good.
	Roots *x509.CertPool

	options Options
	ca      []byte // in PEM
	smtp    *smtp.Server
	arrived chan Mail
	refused chan Mail
	hanging chan struct{}

	mu       sync.Mutex
	fault    Fault
	received []Mail
	silent   sync.WaitGroup // connections that hear nothing
}

// most is how many mails, and how many connections, wait for who asks for the next.
const most = 10_000

// Start starts a server, which ends with the test. By then each client must have ended its connections: the test fails if one has
// not.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Security == "" {
		o.Security = Plain
	}
	if o.Mechanisms == nil {
		o.Mechanisms = []string{scramSHA256, "PLAIN", "LOGIN"}
	}
	certificate, ca, err := newCertificate()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		Host: "127.0.0.1", Roots: x509.NewCertPool(), options: o, ca: ca, arrived: make(chan Mail, most), refused: make(chan Mail, most),
		hanging: make(chan struct{}, most),
	}
	s.Roots.AppendCertsFromPEM(ca)
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	s.Port, _ = strconv.Atoi(port)
	secret := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	s.smtp = smtp.NewServer(smtp.BackendFunc(s.newSession))
	s.smtp.Domain, s.smtp.EnableSMTPUTF8, s.smtp.AllowInsecureAuth = "mailtest.example", o.UTF8, o.Security == Plain
	s.smtp.ErrorLog = log.New(io.Discard, "", 0) // clients break off, that is what the tests are about
	switch o.Security {
	case StartTLS:
		s.smtp.TLSConfig = secret
	case TLS:
		listener = tls.NewListener(listener, secret)
	case Plain:
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.smtp.Serve(&door{Listener: listener, server: s}) }) // it ends with the listener
	t.Cleanup(func() {
		_ = listener.Close() // before Shutdown, which knows it only once Serve has begun
		serving.Wait()
		s.stop(t)
	})
	return s
}

// patience is how long clients may take to end their connections once a test is over.
const patience = 10 * time.Second

func (s *Server) stop(t testing.TB) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.smtp.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
		t.Error("mailtest: a client has not ended its connection")
	}
	_ = s.smtp.Close()
	s.silent.Wait()
}

// URL is the server as a setting names it.
func (s *Server) URL() string {
	u := url.URL{Scheme: "smtp", Host: net.JoinHostPort(s.Host, strconv.Itoa(s.Port))}
	if s.options.User != "" {
		u.User = url.UserPassword(s.options.User, s.options.Password)
	}
	switch s.options.Security {
	case TLS:
		u.Scheme = "smtps"
	case Plain:
		u.RawQuery = "starttls=none"
	case StartTLS:
	}
	return u.String()
}

// RootsFile writes Roots to a file, for a process that reads SSL_CERT_FILE.
func (s *Server) RootsFile(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, s.ca, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Received are all mails that the server has taken over.
func (s *Server) Received() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.received...)
}

// Arrived is where each mail comes out once.
func (s *Server) Arrived() <-chan Mail { return s.arrived }

// Refused is where each mail comes out once that was read to its end, and not taken.
func (s *Server) Refused() <-chan Mail { return s.refused }

// Hanging is where each connection is told of once that Silence leaves without an answer.
func (s *Server) Hanging() <-chan struct{} { return s.hanging }

// Fail has the server fail from now on; the zero Fault is none.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

func (s *Server) keep(m Mail) {
	s.mu.Lock()
	s.received = append(s.received, m)
	s.mu.Unlock()
	s.arrived <- m
}
