package mail_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/internal/mail"
)

// outbox makes an *Outbox in a folder that is not there yet.
func outbox(t *testing.T, log *slog.Logger) (*mail.Outbox, string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "data", "outbox")
	sender, err := mail.New(mail.Options{Outbox: folder, From: "Postern <postern@localhost>", Now: noon, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	o, ok := sender.(*mail.Outbox)
	if !ok {
		t.Fatalf("New() = %T, want an *Outbox", sender)
	}
	return o, folder
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	o, folder := outbox(t, slog.New(slog.NewTextHandler(&log, nil)))
	m := message(t)
	if err := o.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "20261126T110000.000Z-mail_01kb0z.eml")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if read := open(t, content); read.text != m.Text || read.html != m.HTML ||
		read.header.Get("Message-Id") != "<mail_01kb0z@localhost>" {
		t.Errorf("the outbox has\n%s", content)
	}
	for path, want := range map[string]fs.FileMode{path: 0o600, folder: fs.ModeDir | 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s is %v, %v, want %v", path, info, err, want)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("the outbox has %v, %v, want one file", entries, err)
	}
	line := log.String()
	if strings.Count(line, "\n") != 1 || strings.Contains(line, token) {
		t.Errorf("the log says %s, want one line without the token", line)
	}
	for _, want := range []string{"level=INFO", "to=ada@example.org", `subject="` + m.Subject + `"`, "file=" + path} {
		if !strings.Contains(line, want) {
			t.Errorf("the log says %s, want it to have %s", line, want)
		}
	}
}

// TestOutboxFollowsNoLink puts a link where a mail is to be written: what it leads to stays as it is.
func TestOutboxFollowsNoLink(t *testing.T) {
	t.Parallel()
	o, folder := outbox(t, slog.New(slog.DiscardHandler))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	precious, path := filepath.Join(t.TempDir(), "precious"), filepath.Join(folder, "20261126T110000.000Z-mail_01kb0z.eml")
	if err := errors.Join(os.WriteFile(precious, []byte("precious"), 0o600), os.Symlink(precious, path)); err != nil {
		t.Fatal(err)
	}
	for range 2 { // and another mail of that name replaces it
		if err := o.Send(t.Context(), message(t)); err != nil {
			t.Fatal(err)
		}
	}
	if content, err := os.ReadFile(precious); err != nil || string(content) != "precious" {
		t.Errorf("what the link led to is %q, %v", content, err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the mail is %v, %v, want a file for nobody else", info, err)
	}
}

// TestOutboxThatCannotBeWritten has a file where the folder is to be, mails that are none, and a context that has ended.
func TestOutboxThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	o, folder := outbox(t, slog.New(slog.NewTextHandler(&log, nil)))
	for _, id := range []string{"", "../mail", "a/b", "a\r\nb", "a b", "ü", "a@b", strings.Repeat("a", 129)} {
		m := message(t)
		m.ID = id
		if err := o.Send(t.Context(), m); !mail.Permanent(err) {
			t.Errorf("Send(id %q) = %v, want an error for good", id, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Send(ctx, message(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("Send() = %v, want that the context has ended", err)
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(folder, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := o.Send(t.Context(), message(t)); err == nil || mail.Permanent(err) {
		t.Errorf("Send() = %v, want an error that may pass", err)
	}
	if log.Len() != 0 {
		t.Errorf("the log says %s, want nothing", log.String())
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	server := mail.Server{Host: "mail.example.org", Port: 465, Security: mail.TLS}
	if sender, err := mail.New(mail.Options{From: "blog@example.org"}); sender != nil || !errors.Is(err, mail.ErrNone) {
		t.Errorf("New(nothing) = %v, %v, want none", sender, err)
	}
	for from, good := range map[string]bool{
		"blog@example.org": true, "Postern <blog@example.org>": true, "Büro <blog@bücher.example>": true,
		`"A, B" <blog@example.org>`: true,
		"":                          false, "Postern": false, "blog@": false, "a@example.org, b@example.org": false,
		"bücher@example.org": false,
		"Postern <blog@example.org>\r\nBcc: eve@evil.example": false, `"a b"@example.org`: false,
	} {
		if sender, err := mail.New(mail.Options{Server: server, From: from}); (err == nil) != good || (sender != nil) != good {
			t.Errorf("New(from %q) = %v, %v, want it good: %t", from, sender, err, good)
		}
	}
}
