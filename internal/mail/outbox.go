package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// Outbox writes mails to a folder, for whoever develops something and has no server.
type Outbox struct {
	writer

	folder string
	log    *slog.Logger
}

var _ Sender = (*Outbox)(nil)

// Send implements Sender: it writes a mail, and logs where. What stands in it, such as a token, is not logged.
func (o *Outbox) Send(ctx context.Context, m Message) error {
	path, err := o.Write(ctx, m)
	if err != nil {
		return err
	}
	o.log.InfoContext(ctx, "wrote a mail to the outbox", "to", m.To, "subject", headerText(m.Subject), "file", path)
	return nil
}

// Write writes a mail as a whole: whoever looks into the folder sees no part of one. It returns the file's path.
func (o *Outbox) Write(ctx context.Context, m Message) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	w, err := o.write(m)
	if err != nil {
		return "", err
	}
	path := filepath.Join(o.folder, o.now().UTC().Format("20060102T150405.000Z")+"-"+m.ID+".eml")
	if err := writeFile(path, w.content); err != nil {
		return "", fmt.Errorf("write to the outbox: %w", err)
	}
	return path, nil
}

func writeFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".mail-*") // its mode is 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }() // it has another name by then, if all went well
	_, err = temporary.Write(content)
	if err := errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}
