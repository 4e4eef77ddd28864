package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"postern/internal/store/storetest"
)

// session is one of the README's: steps, and what it says that each answers.
type session []struct{ script, kind, answer string }

func readSession(t *testing.T, name string) (s session) {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, steps, _ := strings.Cut(string(text), "<!-- "+name+" -->")
	steps, _, found := strings.Cut(steps, "<!-- /"+name+" -->")
	if !found {
		t.Fatalf("README.md has no %s", name)
	}
	for _, block := range regexp.MustCompile("(?ms)^```(sh|json|text)\n(.*?)^```").FindAllStringSubmatch(steps, -1) {
		if kind, content := block[1], block[2]; kind == "sh" {
			s = append(s, struct{ script, kind, answer string }{script: content})
		} else {
			s[len(s)-1].kind, s[len(s)-1].answer = kind, content
		}
	}
	if len(s) < 5 {
		t.Fatalf("the %s has only %d steps", name, len(s))
	}
	return s
}

// run takes the steps in a folder, with another text instead of some.
func (s session) run(t *testing.T, folder string, env environment, instead ...string) {
	t.Helper()
	const separator = "\n=====\n"
	var script strings.Builder
	for _, step := range s {
		fmt.Fprintf(&script, "%s\nprintf '%%s' '%s'\n", strings.NewReplacer(instead...).Replace(step.script), separator)
	}
	command := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script.String())
	command.Dir, command.Env = folder, os.Environ()
	for name, value := range env {
		command.Env = append(command.Env, name+"="+value)
	}
	output, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	got := strings.Split(string(output), separator)
	for i, step := range s {
		same := strings.TrimSpace(got[i]) == strings.TrimSpace(step.answer)
		if step.kind == "json" {
			same = sameJSON(t, got[i], step.answer)
		}
		if !same {
			t.Errorf("step %d answered\n%s\nand the README says\n%s", i+1, got[i], step.answer)
		}
	}
}

const local = "http://127.0.0.1:8080" // where the README has the server

// TestReadme runs the README's session word for word, but for the server's address, on both databases.
func TestReadme(t *testing.T) {
	s := readSession(t, "session")
	storetest.Each(t, func(t *testing.T, url string) {
		p := start(t, environment{"DATABASE_URL": url, "DATA_DIR": t.TempDir()})
		s.run(t, "", nil, local, p.url)
	})
}

// TestReadmeMail does so with the session that has mails, beside a server for mail.
func TestReadmeMail(t *testing.T) {
	s := readSession(t, "mail session")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, url string) {
		folder := t.TempDir()
		env := environment{
			"DATABASE_URL": url, "DATA_DIR": t.TempDir(), "MAIL_FROM": "blog@example.org",
			"SMTP_URL": "smtp://" + debugMails(t, filepath.Join(folder, "mails.txt")) + "?starttls=none",
		}
		p := startApart(t, env)
		s.run(t, folder, env, local, p.url, "go run . ", asProgram+"=yes '"+self+"' ")
	})
}

// debugMails starts the README's server for mail, which writes to a file what it is told, and returns its address.
func debugMails(t *testing.T, path string) (address string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "smtp-debug-server")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/emersion/go-smtp/cmd/smtp-debug-server")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	free, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = free.Addr().String()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err = cmp.Or(err, free.Close()); err != nil {
		t.Fatal(err)
	}
	server := exec.CommandContext(t.Context(), program, "-l", address)
	server.Stdout = file
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
		_ = file.Close()
	})
	for {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = conn.Close()
			return address
		}
	}
}

// sameJSON compares two texts as values of JSON; tokens differ each time, and stand as … in the README.
func sameJSON(t *testing.T, got, want string) bool {
	t.Helper()
	token := regexp.MustCompile(`("(?:access|refresh)Token":\s*)"[^"]+"`)
	decode := func(text string) (values []any) {
		for decoder := json.NewDecoder(strings.NewReader(token.ReplaceAllString(text, `$1"…"`))); decoder.More(); {
			var value any
			if err := decoder.Decode(&value); err != nil {
				t.Errorf("%v in %s", err, text)
				return nil
			}
			values = append(values, value)
		}
		return values
	}
	return reflect.DeepEqual(decode(got), decode(want))
}
