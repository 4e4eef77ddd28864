package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"postern/internal/store/storetest"
)

// TestRefreshAtOnce uses one refresh token many times at once.
func TestRefreshAtOnce(t *testing.T) { refreshAtOnce(t, 10, 30) }

// refreshAtOnce uses one refresh token so often at once, and that so many times over, on one process and on two: all are answered
// the same next token.
func refreshAtOnce(t *testing.T, rounds, requests int) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, url string) {
		env := environment{"DATABASE_URL": url, "DATA_DIR": t.TempDir()}
		servers := []*process{startApart(t, env), startApart(t, env)}
		accessToken(t, servers[0].post(t, "", signup))
		for processes := 1; processes <= len(servers); processes++ {
			start, token := time.Now(), servers[0].refreshToken(t)
			for round := range rounds {
				next := raceToRefresh(t, servers[:processes], token, requests)
				if len(next) != 1 {
					t.Fatalf("round %d on %d processes: %d requests were answered %d tokens, want 1: %v", round, processes, requests, len(next), next)
				}
				token = next[0]
			}
			t.Logf("on %d of 2 processes: %d rounds of %d requests, one generation each, in %s",
				processes, rounds, requests, time.Since(start).Round(time.Second))
		}
	})
}

// raceToRefresh uses a token as often as asked, all at once, and returns the different answers.
func raceToRefresh(t *testing.T, servers []*process, token string, requests int) []string {
	t.Helper()
	answers := make([]string, requests)
	var all sync.WaitGroup
	for i := range requests {
		all.Go(func() {
			next, err := servers[i%len(servers)].refresh(t.Context(), token)
			answers[i] = next
			if err != nil {
				answers[i] = err.Error()
			}
		})
	}
	all.Wait()
	slices.Sort(answers)
	return slices.Compact(answers)
}

// TestKilled kills a server a few times while devices refresh their tokens.
func TestKilled(t *testing.T) { killOften(t, 3) }

// killOften kills a server by SIGKILL once it has written so many lines of its log, which at debug level has each statement
// before it is run: so some are killed right before a transaction is committed, some right after, and some while the answer is on
// its way. Then it is started again, and of the tokens that a device can have, one generation is good.
func killOften(t *testing.T, times int) {
	t.Helper()
	const devices = 3
	storetest.Each(t, func(t *testing.T, url string) {
		env := environment{"DATABASE_URL": url, "DATA_DIR": t.TempDir(), "LOG_LEVEL": "debug"}
		server, fuse := startFused(t, env)
		db := storetest.Connect(t, url)
		accessToken(t, server.post(t, "", signup))
		committed, checked := 0, 0
		for range times {
			held := make([]*device, devices)
			for i := range held {
				held[i] = &device{token: server.refreshToken(t)}
			}
			const lines = 100
			fuse.light(1 + rand.IntN(lines)) // any moment will do
			var all sync.WaitGroup
			for _, d := range held {
				all.Go(func() { d.refreshUntilItFails(t, server) })
			}
			all.Wait()
			server.end(t)
			server, fuse = startFused(t, env)
			for _, d := range held {
				if d.used(t, db) {
					committed++
				}
				if d.check(t, server) {
					checked++
				}
			}
		}
		t.Logf("killed %d times: of %d refreshes without an answer, %d had been committed; %d were checked in time",
			times, times*devices, committed, checked)
		if checked < times {
			t.Errorf("of %d devices %d were checked, want most: the server takes too long to start", times*devices, checked)
		}
	})
}

// fuse has a server killed once it has written so many lines of its log.
type fuse struct {
	left atomic.Int64
	burn func()
}

// startFused starts a server with a fuse that is not lit.
func startFused(t *testing.T, env environment) (*process, *fuse) {
	t.Helper()
	f := &fuse{burn: func() {}}
	p := startUntil(t, env, syscall.SIGKILL, f)
	f.burn = p.stop
	return p, f
}

func (f *fuse) light(lines int) { f.left.Store(int64(lines)) }

// Write implements io.Writer.
func (f *fuse) Write(log []byte) (int, error) {
	lines := int64(bytes.Count(log, []byte("\n")))
	if left := f.left.Add(-lines); left <= 0 && left+lines > 0 {
		f.burn()
	}
	return len(log), nil
}

// device is a client that refreshes its token over and over again.
type device struct {
	token string // the last that it was answered
	asked time.Time
}

// refreshUntilItFails goes on until there is no answer, which must not be that a token is of no use.
func (d *device) refreshUntilItFails(t *testing.T, server *process) {
	t.Helper()
	for {
		d.asked = time.Now()
		next, err := server.refresh(t.Context(), d.token)
		switch {
		case errors.Is(err, errStrange), err == nil && next == "":
			t.Errorf("the last token that was answered is of no use: %v", err)
			return
		case err != nil:
			return
		}
		d.token = next
	}
}

// used tells whether the server that was killed has stored that the device's token was used. One that it neither has stored as
// current nor as just used is lost.
func (d *device) used(t *testing.T, db *sql.DB) bool {
	t.Helper()
	both, err := base64.RawURLEncoding.DecodeString(d.token)
	if err != nil {
		t.Fatal(err)
	}
	family, secret := sha256.Sum256(both[:len(both)/2]), sha256.Sum256(both[len(both)/2:])
	var current, previous []byte
	if err := db.QueryRowContext(t.Context(), `SELECT refresh_hash, previous_hash FROM sessions WHERE family_hash = $1`, family[:]).
		Scan(&current, &previous); err != nil {
		t.Fatalf("the session of a device: %v", err)
	}
	isCurrent, wasUsed := bytes.Equal(current, secret[:]), bytes.Equal(previous, secret[:])
	if isCurrent == wasUsed {
		t.Errorf("the last token that was answered is current: %v, used: %v, want one of both", isCurrent, wasUsed)
	}
	return wasUsed
}

// check uses the device's token again, as a client does that got no answer: it works, whether it had been used or not, and leads
// to one next token, as often as it is used. Once that was used in turn, the device's token ends the session. It tells nothing if
// the device comes too late.
func (d *device) check(t *testing.T, server *process) (inTime bool) {
	t.Helper()
	refresh := func(token string) string {
		next, err := server.refresh(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	const grace = 10 * time.Second
	next, again := refresh(d.token), refresh(d.token)
	if time.Since(d.asked) > grace {
		return false
	}
	if next == "" || again != next {
		t.Errorf("the last token that was answered leads to %q and %q, want one and the same", next, again)
	}
	afterNext := refresh(next)
	if afterNext == "" {
		t.Error("the next token is of no use")
	}
	for _, old := range []string{d.token, next, afterNext} {
		if got := refresh(old); got != "" {
			t.Errorf("with a session that was ended by a token of its past, another was answered %q", got)
		}
	}
	return true
}

// refreshToken logs in anew, and returns the refresh token.
func (p *process) refreshToken(t *testing.T) string {
	t.Helper()
	return refreshToken(t, p.post(t, "", `mutation { login(input: {email: "ada@example.org", password: "`+password+`"}) {
		tokens { refreshToken } } }`))
}

// errStrange says that the answer to a refresh is neither a token nor that there is none.
var errStrange = errors.New("a refresh was answered")

// refresh exchanges a refresh token; what is answered is empty if that is of no use. The error is that there was no answer, or a
// strange one.
func (p *process) refresh(ctx context.Context, token string) (next string, err error) {
	text, err := p.ask(ctx, "", fmt.Sprintf(`mutation { refreshToken(input: {refreshToken: %q}) {
		tokens { refreshToken } errors { __typename } } }`, token))
	if err != nil {
		return "", err
	}
	var answer struct {
		Data struct {
			RefreshToken struct {
				Tokens *struct{ RefreshToken string }
				Errors []struct {
					Type string `json:"__typename"`
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		return "", err
	}
	switch payload := answer.Data.RefreshToken; {
	case payload.Tokens != nil:
		return payload.Tokens.RefreshToken, nil
	case len(payload.Errors) == 1 && payload.Errors[0].Type == "InvalidTokenError":
		return "", nil
	}
	return "", fmt.Errorf("%w %s", errStrange, text)
}
