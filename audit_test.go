package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"postern/internal/store/storetest"
)

// observer is `postern audit -f` in a process of its own.
type observer struct {
	command *exec.Cmd
	lines   *bufio.Reader
	errors  *strings.Builder
	output  strings.Builder // all that was read
}

// observe starts one.
func observe(t *testing.T, env environment, args ...string) *observer {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	o := &observer{errors: new(strings.Builder)}
	o.command = exec.CommandContext(context.WithoutCancel(t.Context()), self, append([]string{"audit", "-f"}, args...)...)
	o.command.Env, o.command.Stderr = []string{asProgram + "=yes"}, o.errors
	for name, value := range env {
		o.command.Env = append(o.command.Env, name+"="+value)
	}
	stdout, err := o.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	o.lines = bufio.NewReader(stdout)
	if err := o.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.command.Process.Kill() }) // it has ended by then, unless the test failed
	return o
}

// next is the next line.
func (o *observer) next(t *testing.T) string {
	t.Helper()
	line, err := o.lines.ReadString('\n')
	if err != nil {
		t.Fatalf("postern audit -f ended: %v, %s", err, o.errors)
	}
	o.output.WriteString(line)
	return line
}

// interrupt ends it as Ctrl+C does, and returns its exit status and what it had still to say.
func (o *observer) interrupt(t *testing.T) (status int, rest string) {
	t.Helper()
	if err := o.command.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for {
		line, err := o.lines.ReadString('\n')
		if rest += line; err != nil {
			break
		}
	}
	var ended *exec.ExitError
	if err := o.command.Wait(); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return o.command.ProcessState.ExitCode(), rest + o.errors.String()
}

// TestAuditIsFollowed watches a server from another process: it shows a log-in, failed ones and a refresh token that came back as
// they happen, each once, and ends well when it is interrupted.
func TestAuditIsFollowed(t *testing.T) {
	const (
		login   = `mutation { login(input: {email: "%s", password: "%s"}) { tokens { accessToken refreshToken } errors { message } } }`
		refresh = `mutation { refreshToken(input: {refreshToken: "%s"}) { tokens { accessToken refreshToken } errors { message } } }`
	)
	storetest.Each(t, func(t *testing.T, url string) {
		env := environment{"DATABASE_URL": url, "DATA_DIR": t.TempDir()}
		p := startApart(t, env)
		secrets := []string{password, accessToken(t, p.post(t, "", signup)), phc}
		table, lines := observe(t, env), observe(t, env, "--json")
		if head := table.next(t); !strings.HasPrefix(head, "TIME ") {
			t.Errorf("the head of the table is %q", head)
		}
		const agent = "User-Agent: curl/8.14.1"
		sees := func(kind, email string) {
			t.Helper()
			row := strings.Fields(table.next(t))
			if kind == "SIGNED_UP" {
				row = slices.Delete(row, 2, 3) // the role
				row[5] = "curl/8.14.1"         // it was Go's
			}
			if !slices.Equal(slices.Delete(slices.Clone(row), 4, 5)[1:], []string{kind, email, "127.0.0.1", "curl/8.14.1"}) {
				t.Errorf("the table has %q, want %s of %s", row, kind, email)
			}
			var event struct{ Kind, Email, IPAddress string }
			if line := lines.next(t); json.Unmarshal([]byte(line), &event) != nil || event.Kind != kind ||
				event.Email != strings.Trim(email, "-") || event.IPAddress != "127.0.0.1" {
				t.Errorf("the line of %s of %s is %s", kind, email, line)
			}
		}
		sees("SIGNED_UP", "ada@example.org")

		first := p.post(t, "", fmt.Sprintf(login, "ada@example.org", password), agent)
		sees("LOGGED_IN", "ada@example.org")
		p.post(t, "", fmt.Sprintf(login, "ada@example.org", "a heron beside the lighthouse"), agent)
		sees("LOGIN_FAILED", "ada@example.org")
		p.post(t, "", fmt.Sprintf(login, "nobody@example.org", password), agent)
		sees("LOGIN_FAILED", "-")
		second := p.post(t, "", fmt.Sprintf(refresh, refreshToken(t, first)), agent)
		third := p.post(t, "", fmt.Sprintf(refresh, refreshToken(t, second)), agent)
		p.post(t, "", fmt.Sprintf(refresh, refreshToken(t, first)), agent)
		sees("REFRESH_TOKEN_REUSED", "ada@example.org")

		for _, answer := range []string{first, second, third} {
			secrets = append(secrets, accessToken(t, answer), refreshToken(t, answer))
		}
		for _, o := range []*observer{table, lines} {
			if status, rest := o.interrupt(t); status != 0 || rest != "" {
				t.Errorf("postern audit -f, interrupted, ended with status %d and %q, want 0 and nothing more", status, rest)
			}
			for _, secret := range secrets {
				if strings.Contains(o.output.String(), secret) {
					t.Errorf("postern audit -f tells %q", secret)
				}
			}
		}
	})
}
