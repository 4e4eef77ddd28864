package mail_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"postern/internal/mail"
	"postern/internal/mail/mailtest"
)

// TestContextEndsWhatHangs has servers fall silent at each step: only the end of the context ends the waiting.
func TestContextEndsWhatHangs(t *testing.T) {
	t.Parallel()
	for _, step := range []mailtest.Step{
		mailtest.Greeting, mailtest.Hello, mailtest.Auth, mailtest.From, mailtest.To,
		mailtest.Content,
	} {
		for security, client := range map[mailtest.Security]mail.Security{mailtest.Plain: mail.Plain, mailtest.TLS: mail.TLS} {
			server := mailtest.Start(t, mailtest.Options{Security: security, User: user, Password: password})
			server.Fail(mailtest.Silence(step))
			o := reaching(server, client)
			o.Timeout = time.Hour
			ctx, cancel := context.WithCancel(t.Context())
			sent := make(chan error)
			s, m := newSMTP(t, o), message(t)
			go func() { sent <- s.Send(ctx, m) }()
			<-server.Hanging()
			cancel()
			if err := <-sent; !errors.Is(err, context.Canceled) || mail.Permanent(err) {
				t.Errorf("Send() to a server that is silent at %s = %v, want that the context has ended", step, err)
			}
		}
	}
}

// TestContextThatHasEnded does not even connect.
func TestContextThatHasEnded(t *testing.T) {
	t.Parallel()
	server := mailtest.Start(t, mailtest.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newSMTP(t, reaching(server, mail.Plain)).Send(ctx, message(t)); !errors.Is(err, context.Canceled) ||
		mail.Permanent(err) {
		t.Errorf("Send() = %v, want that the context has ended", err)
	}
}

// talking is a way to a server that says so many things: the first at once, each other one to a line, or to a mail once it has
// asked for one. Then it is silent, and hears until the client has enough.
func talking(says ...string) func(context.Context, string, string) (net.Conn, error) {
	return func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			text := textproto.NewConn(server)
			for i, say := range says {
				_ = text.PrintfLine("%s", say)
				if strings.HasPrefix(say, "354") {
					_, _ = text.ReadDotBytes()
				} else if i < len(says)-1 {
					_, _ = text.ReadLine()
				}
			}
			_, _ = io.Copy(io.Discard, text.R)
			_ = text.Close()
		}()
		return client, nil
	}
}

// elsewhere are options that reach a server by a dial.
func elsewhere(dial func(context.Context, string, string) (net.Conn, error), security mail.Security) mail.Options {
	return mail.Options{
		Server: mail.Server{Host: "mail.example.org", Port: 25, Security: security}, From: "blog@example.org", Now: noon, Dial: dial,
	}
}

// TestSlowServersAreGivenAMinute talks to servers that fall silent at some point, and to one that takes nothing that is written.
func TestSlowServersAreGivenAMinute(t *testing.T) {
	t.Parallel()
	deaf := func(context.Context, string, string) (net.Conn, error) {
		client, _ := net.Pipe()
		return client, nil
	}
	for name, test := range map[string]struct {
		dial     func(context.Context, string, string) (net.Conn, error)
		security mail.Security
		step     mail.Step
	}{
		"silent":                     {talking(), mail.Plain, mail.StepConnect},
		"silent instead of TLS":      {talking(), mail.TLS, mail.StepTLS},
		"deaf, too":                  {deaf, mail.TLS, mail.StepTLS},
		"silent after its greeting":  {talking("220 hello"), mail.Plain, mail.StepHello},
		"silent instead of STARTTLS": {talking("220 hello", "250-hello\r\n250 STARTTLS"), mail.StartTLS, mail.StepTLS},
		"silent after STARTTLS":      {talking("220 hello", "250-hello\r\n250 STARTTLS", "220 go on"), mail.StartTLS, mail.StepTLS},
		"silent at a sender":         {talking("220 hello", "250 hello"), mail.Plain, mail.StepFrom},
		"silent at a recipient":      {talking("220 hello", "250 hello", "250 from"), mail.Plain, mail.StepTo},
		"silent at DATA":             {talking("220 hello", "250 hello", "250 from", "250 to"), mail.Plain, mail.StepContent},
		"silent at a mail": {
			talking("220 hello", "250 hello", "250 from", "250 to", "354 go on"), mail.Plain, mail.StepContent,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				err := newSMTP(t, elsewhere(test.dial, test.security)).Send(t.Context(), message(t))
				failed, ok := errors.AsType[*mail.Error](err)
				if took := time.Since(begun); took != time.Minute || !errors.Is(err, context.DeadlineExceeded) || mail.Permanent(err) ||
					!ok || failed.Step != test.step || !strings.Contains(err.Error(), "longer than 1m") {
					t.Errorf("Send() = %v after %s, want that it took too long after a minute, at %s", err, took, test.step)
				}
			})
		})
	}
}

// endless says the same without an end.
type endless string

// Read implements io.Reader.
func (e endless) Read(p []byte) (n int, err error) {
	for n < len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

// TestTalkativeServers say more than anybody would keep: in one line, in one reply, and in none.
func TestTalkativeServers(t *testing.T) {
	t.Parallel()
	for _, say := range []endless{"220 hello", "220-hello\r\n", "2"} {
		heard := make(chan int64, 1)
		s := newSMTP(t, elsewhere(func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				n, _ := io.Copy(server, say) // until the client has enough
				heard <- n
			}()
			return client, nil
		}, mail.Plain))
		err := s.Send(t.Context(), message(t))
		if err == nil || mail.Permanent(err) || !strings.Contains(err.Error(), "more than anybody would read") {
			t.Errorf("Send() to a server that says %q for ever = %v, want an error that may pass", say, err)
		}
		if n := <-heard; n > 2<<20 {
			t.Errorf("a server said %d bytes of %q for ever, want about a million", n, say)
		}
	}
}

// TestGoodByeIsNotWaitedFor has a server take the mail over and not answer QUIT: the mail is sent.
func TestGoodByeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := talking("220 hello", "250 hello", "250 from", "250 to", "354 go on", "250 taken")
		begun := time.Now()
		d, err := newSMTP(t, elsewhere(server, mail.Plain)).Deliver(t.Context(), message(t))
		if took := time.Since(begun); err != nil || took != 5*time.Second || d.Response != "taken" {
			t.Errorf("Deliver() = %+v, %v after %s, want it sent, and 5s for a good-bye", d, err, took)
		}
	})
}
