package main

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"postern/internal/store/storetest"
)

// becomes asks until the answer has what is due, and until then nothing else than the first answer: what another process changes
// takes effect within two seconds.
func (p *process) becomes(t *testing.T, token, query, want string) {
	t.Helper()
	first := p.post(t, token, query)
	for got := first; !strings.Contains(got, want); got = p.post(t, token, query) {
		if got != first {
			t.Fatalf("%s became %s, want %s", first, got, want)
		}
	}
}

// command runs postern in a process of its own.
func (e environment) command(t *testing.T, stdin string, args ...string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), self, args...)
	command.Stdin, command.Env = strings.NewReader(stdin), []string{asProgram + "=yes"}
	for name, value := range e {
		command.Env = append(command.Env, name+"="+value)
	}
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("postern %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// elsewhere is what ends sessions, or changes a role, and takes effect on a server that did not do it.
type elsewhere struct {
	t      *testing.T
	env    environment
	server *process // another than the one where it takes effect
	email  string
	other  string // the access token of another session of the account
}

// ask has the other server do something.
func (e *elsewhere) ask(token, mutation string) {
	e.t.Helper()
	if answer := e.server.post(e.t, token, "mutation { "+mutation+" { __typename } }"); strings.Contains(answer, `"errors"`) {
		e.t.Fatalf("%s = %s", mutation, answer)
	}
}

// changes are all of them, each made of the session of an access token.
func changes() map[string]func(e *elsewhere, token string) {
	return map[string]func(e *elsewhere, token string){
		"logout":              func(e *elsewhere, token string) { e.ask(token, `logout`) },
		"revokeOtherSessions": func(e *elsewhere, _ string) { e.ask(e.other, `revokeOtherSessions`) },
		"revokeSession": func(e *elsewhere, token string) {
			answer := e.server.post(e.t, token, `{ viewer { sessions(first: 10) { nodes { id isCurrent } } } }`)
			before, _, _ := strings.Cut(answer, `","isCurrent":true`)
			e.ask(e.other, `revokeSession(input: {sessionId: "`+before[strings.LastIndex(before, `"`)+1:]+`"})`)
		},
		"changePassword": func(e *elsewhere, _ string) {
			e.ask(e.other, `changePassword(input: {currentPassword: "`+password+`", newPassword: "a heron reads the weather"})`)
		},
		"deleteAccount": func(e *elsewhere, _ string) { e.ask(e.other, `deleteAccount(input: {password: "`+password+`"})`) },
		"user delete":   func(e *elsewhere, _ string) { e.env.command(e.t, "", "user", "delete", "--yes", e.email) },
		"user disable":  func(e *elsewhere, _ string) { e.env.command(e.t, "", "user", "disable", e.email) },
		"user password": func(e *elsewhere, _ string) {
			e.env.command(e.t, "a heron reads the weather\n", "user", "password", e.email)
		},
		"user role": func(e *elsewhere, _ string) { e.env.command(e.t, "", "user", "role", e.email, "READER") },
	}
}

// TestWhatEndsElsewhere has two servers on one database, each in a process of its own, and the command in others. What one of
// them does ends what is open on the other, and what that remembers: requests with the token, WebSockets and event streams. How
// long that took is printed; internal/account shows that it is two seconds at most.
func TestWhatEndsElsewhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		env := environment{"DATABASE_URL": url, "DATA_DIR": t.TempDir()}
		here, there := startApart(t, env), startApart(t, maps.Clone(env))
		for name, change := range changes() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				e := &elsewhere{t: t, env: env, server: there, email: strings.ReplaceAll(name, " ", "-") + "@example.org"}
				token := accessToken(t, here.post(t, "", strings.Replace(signup, "ada@example.org", e.email, 1)))
				e.other = accessToken(t, here.post(t, "", strings.Replace(login, "ada@example.org", e.email, 1)))
				const write = `mutation { createPost(input: {title: "T", content: "x"}) { post { title } } }`
				here.becomes(t, token, write, `"T"`) // which it remembers
				open := []ending{listenUntil(here.overWebSocket(t.Context(), t, token)), listenUntil(here.overEvents(t.Context(), t, token))}

				start := time.Now()
				change(e, token)
				if name == "user role" {
					here.becomes(t, token, write, "FORBIDDEN")
				} else {
					for _, end := range open {
						end.expect(t)
					}
					here.becomes(t, token, write, "SESSION_ENDED")
				}
				t.Logf("it took effect after %s", time.Since(start).Round(time.Millisecond))
			})
		}
	})
}

// ending is how what somebody listens to ends.
type ending chan struct {
	last []byte
	err  error
}

// listenUntil listens to the end.
func listenUntil(next func() ([]byte, error)) ending {
	e := make(ending, 1)
	go func() {
		var last []byte
		for {
			event, err := next()
			if err != nil {
				e <- struct {
					last []byte
					err  error
				}{last, err}
				return
			}
			last = bytes.Clone(event)
		}
	}()
	return e
}

// expect waits for the end, which must be that the session has ended: a WebSocket says so by its code and reason, an event stream
// by its last event.
func (e ending) expect(t *testing.T) {
	t.Helper()
	got := <-e
	told := websocket.CloseStatus(got.err) == 4403 && strings.Contains(got.err.Error(), "SESSION_ENDED") ||
		bytes.Contains(got.last, []byte(`"reason":"SESSION_ENDED"`))
	if !told {
		t.Errorf("the last event was %s, and then %v, want SESSION_ENDED", got.last, got.err)
	}
}
