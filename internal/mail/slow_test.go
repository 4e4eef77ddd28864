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

// TestSlowServersAreGivenAMinute talks to a server that greets and then says nothing more.
func TestSlowServersAreGivenAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := mail.Options{
			Server: mail.Server{Host: "mail.example.org", Port: 25, Security: mail.Plain}, From: "blog@example.org", Now: noon,
			Dial: func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() {
					_, _ = io.WriteString(server, "220 mail.example.org\r\n")
					_, _ = io.Copy(io.Discard, server)
					_ = server.Close()
				}()
				return client, nil
			},
		}
		begun := time.Now()
		err := newSMTP(t, o).Send(t.Context(), message(t))
		if took := time.Since(begun); took != time.Minute || !errors.Is(err, context.DeadlineExceeded) || mail.Permanent(err) {
			t.Errorf("Send() = %v after %s, want that it took too long after a minute", err, took)
		}
		if !strings.Contains(err.Error(), "longer than 1m") {
			t.Errorf("Send() = %v, want it in words", err)
		}
	})
}

// TestGoodByeIsNotWaitedFor has a server take the mail over and not answer QUIT: the mail is sent.
func TestGoodByeIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := mail.Options{
			Server: mail.Server{Host: "mail.example.org", Port: 25, Security: mail.Plain}, From: "blog@example.org", Now: noon,
			Dial: func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				go func() {
					text := textproto.NewConn(server)
					for _, answer := range []string{"220 hello", "250 hello", "250 from", "250 to", "354 go on"} {
						_ = text.PrintfLine("%s", answer)
						_, _ = text.ReadLine()
					}
					_, _ = text.ReadDotBytes()
					_ = text.PrintfLine("250 taken")
					_, _ = io.Copy(io.Discard, server)
					_ = text.Close()
				}()
				return client, nil
			},
		}
		begun := time.Now()
		d, err := newSMTP(t, o).Deliver(t.Context(), message(t))
		if took := time.Since(begun); err != nil || took != 5*time.Second || d.Response != "taken" {
			t.Errorf("Deliver() = %+v, %v after %s, want it sent, and 5s for a good-bye", d, err, took)
		}
	})
}
