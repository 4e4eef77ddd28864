package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// errNoPassword says that standard input was empty.
var errNoPassword = errors.New("no password was given: type it, or pipe it into the command as one line")

// readPassword asks for a password where somebody sits at a terminal, without showing it, and reads a line elsewhere. It
// gives up when ctx ends.
func (in *invocation) readPassword(ctx context.Context) (string, error) {
	read := in.readLine
	if file, ok := in.terminal(); ok {
		state, err := term.GetState(int(file.Fd()))
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		_, _ = fmt.Fprint(in.Stderr, "Password: ")
		defer func() {
			_ = term.Restore(int(file.Fd()), state) // it shows what is typed again
			_, _ = fmt.Fprintln(in.Stderr)
		}()
		read = func() (string, error) {
			password, err := term.ReadPassword(int(file.Fd()))
			return string(password), err
		}
	}
	password, err := unlessDone(ctx, read)
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "", fmt.Errorf("read the password: %w", err)
	case password == "":
		return "", errNoPassword
	}
	return password, nil
}

// errNotConfirmed says that nothing was done.
var errNotConfirmed = errors.New("it was not confirmed, and nothing was deleted: type the email once more, or say --yes")

// confirm has somebody type what is about to be deleted, or a line of standard input say it.
func (in *invocation) confirm(ctx context.Context, what string) error {
	if _, ok := in.terminal(); ok {
		_, _ = fmt.Fprintf(in.Stderr, "This deletes the account, its posts, its sessions and its part of the audit log, for good.\n"+
			"Type %s to go on: ", what)
	}
	typed, err := unlessDone(ctx, in.readLine)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return fmt.Errorf("read the confirmation: %w", err)
	case typed != what:
		return errNotConfirmed
	}
	return nil
}

// terminal is where somebody sits and types, if anybody does.
func (in *invocation) terminal() (*os.File, bool) {
	file, ok := in.Stdin.(*os.File)
	return file, ok && term.IsTerminal(int(file.Fd()))
}

// readLine reads a line of standard input; at its end that is empty.
func (in *invocation) readLine() (string, error) {
	line, err := bufio.NewReader(in.Stdin).ReadString('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return strings.TrimRight(line, "\r\n"), err
}

// unlessDone waits for a text to be read, but no longer than ctx.
func unlessDone(ctx context.Context, read func() (string, error)) (string, error) {
	type result struct {
		text string
		err  error
	}
	came := make(chan result, 1)
	go func() {
		text, err := read()
		came <- result{text, err}
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-came:
		return r.text, r.err
	}
}
