package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"postern/internal/cli"
)

const login = `mutation { login(input: {email: "ada@example.org", password: "violet tractor under the moss"}) {
	tokens { accessToken } errors { message } } }`

// keys runs `postern keys` and returns the names of keys that it prints.
func (e environment) keys(t *testing.T, args ...string) []string {
	t.Helper()
	var out bytes.Buffer
	if err := run(t.Context(), append([]string{"keys"}, args...), e.getenv, strings.NewReader(""), &out, io.Discard); err != nil {
		t.Fatalf("keys %v: %v", args, err)
	}
	return regexp.MustCompile(`[\w-]{43}`).FindAllString(out.String(), -1)
}

// keyNews are the lines of a server's log that say what became of a change of the keys, as they are written.
type keyNews chan string

// Write implements io.Writer.
func (n keyNews) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("took up the keys")) || bytes.Contains(line, []byte("the keys stay as they were")) {
		n <- string(line)
	}
	return len(line), nil
}

// startWithNews runs `postern serve` in this process, as start does.
func startWithNews(t *testing.T, env environment) (*process, keyNews) {
	t.Helper()
	news := make(keyNews, 100)
	return launch(t, env, func(ctx context.Context, stderr io.Writer) error {
		return run(ctx, nil, env.getenv, strings.NewReader(""), io.Discard, io.MultiWriter(stderr, news))
	}), news
}

// publishes tells whether a server has published a key.
func (p *process) publishes(t *testing.T, kid string) bool {
	t.Helper()
	status, body := p.get(t, "/.well-known/jwks.json")
	if status != http.StatusOK || strings.Contains(body, `"d"`) {
		t.Errorf("the public keys are answered %d %s", status, body)
	}
	return strings.Contains(body, `"kid": "`+kid+`"`)
}

// header is what an access token says of itself.
func header(t *testing.T, token string) (h struct{ Alg, Kid string }) {
	t.Helper()
	part, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err == nil {
		err = json.Unmarshal(text, &h)
	}
	if err != nil {
		t.Fatalf("%q: %v", token, err)
	}
	return h
}

// load asks servers, as long as it goes on, with tokens of keys that are good: each must let them in.
type load struct {
	servers []*process
	token   atomic.Pointer[string]
	asked   atomic.Int64
	stopped chan struct{}
	running sync.WaitGroup
}

func newLoad(t *testing.T, token string, servers ...*process) *load {
	t.Helper()
	l := &load{servers: servers, stopped: make(chan struct{})}
	l.token.Store(&token)
	for range 2 {
		l.running.Go(func() {
			for {
				select {
				case <-l.stopped:
					return
				default:
					l.ask(t)
				}
			}
		})
	}
	return l
}

func (l *load) ask(t *testing.T) {
	t.Helper()
	token := *l.token.Load()
	for i, p := range l.servers {
		if got := p.post(t, token, `{ viewer { email } }`); got != `{"data":{"viewer":{"email":"ada@example.org"}}}` {
			t.Errorf("server %d answers %s to a good token by %+v", i, got, header(t, token))
		}
		l.asked.Add(1)
	}
}

// login logs in at a server, and hands the token to all that ask from now on.
func (l *load) login(t *testing.T, p *process) string {
	t.Helper()
	token := accessToken(t, p.post(t, "", login))
	l.token.Store(&token)
	l.ask(t)
	return header(t, token).Kid
}

// takesUp logs in at a server until it says that it has taken up the keys. Until then one of those that are named signs.
func (l *load) takesUp(t *testing.T, p *process, news keyNews, signers ...string) {
	t.Helper()
	const most = 500 // log-ins, each of which hashes a password, while the server looks each second
	for range most {
		select {
		case line := <-news:
			if !strings.Contains(line, "took up") {
				t.Fatal(line)
			}
			return
		default:
		}
		if got := l.login(t, p); !slices.Contains(signers, got) {
			t.Fatalf("before the server has taken up the keys, %s signs, want one of %q", got, signers)
		}
	}
	t.Fatalf("after %d log-ins the server has not taken up the keys", most)
}

func (l *load) stop() {
	close(l.stopped)
	l.running.Wait()
}

// TestKeysBesideServers makes, rotates and retires keys by the command while two servers on one file are asked and logged in
// at all the time. Each step waits until both have said that they took up the one before.
func TestKeysBesideServers(t *testing.T) {
	dir := t.TempDir()
	env := environment{"DATA_DIR": dir, "JWT_KEYS": filepath.Join(dir, "keys.json")}
	old := env.keys(t, "create")[0]
	var servers [2]*process
	var news [2]keyNews
	for i := range servers {
		servers[i], news[i] = startWithNews(t, env)
	}
	first := accessToken(t, servers[0].post(t, "", signup))
	if got := header(t, first); got.Alg != "EdDSA" || got.Kid != old {
		t.Fatalf("the token is by %+v, want EdDSA by %s", got, old)
	}
	l := newLoad(t, first, servers[:]...)
	defer func() { l.stop(); t.Logf("%d times asked", l.asked.Load()) }()

	next := env.keys(t, "create", "--algorithm=ES256")[0]
	for i, p := range servers {
		l.takesUp(t, p, news[i], old)
		if got := l.login(t, p); got != old || !p.publishes(t, next) {
			t.Fatalf("before it rotates, %s signs at server %d, want %s, and %s to be published", got, i, old, next)
		}
	}
	if got := env.keys(t, "rotate", "--lead=0s")[0]; got != next {
		t.Fatalf("rotate has %s sign, want %s", got, next)
	}
	for i, p := range servers {
		l.takesUp(t, p, news[i], old, next)
		if got := l.login(t, p); got != next {
			t.Fatalf("after it was rotated, %s signs at server %d, want %s", got, i, next)
		}
	}
	for i, p := range servers {
		if got := p.post(t, first, `{ viewer { email } }`); !strings.Contains(got, "ada@example.org") {
			t.Errorf("after it was rotated, server %d answers %s to a token by the key before", i, got)
		}
		if !p.publishes(t, old) || !p.publishes(t, next) {
			t.Errorf("after it was rotated, server %d does not publish both keys", i)
		}
	}

	env.keys(t, "retire", "--now", old)
	for i, p := range servers {
		l.takesUp(t, p, news[i], next)
		if p.publishes(t, old) {
			t.Errorf("server %d publishes a key that is retired", i)
		}
		if got := p.post(t, first, `{ viewer { email } }`); !strings.Contains(got, `"reason":"TOKEN_INVALID"`) {
			t.Errorf("server %d answers %s to a token by a key that is retired", i, got)
		}
	}
}

// TestSettingsOfTokens restarts a server with other secrets and names, and asks with the token of the first.
func TestSettingsOfTokens(t *testing.T) {
	dir := t.TempDir()
	keys := filepath.Join(dir, "keys.json")
	environment{"JWT_KEYS": keys}.keys(t, "create")
	one, other := strings.Repeat("1", 32), strings.Repeat("2", 32)
	p := start(t, environment{"DATA_DIR": dir, "JWT_SECRET": one})
	token := accessToken(t, p.post(t, "", signup))
	p.end(t)
	for name, test := range map[string]struct {
		env  environment
		good bool
	}{
		"the same secret":                {environment{"JWT_SECRET": one}, true},
		"another secret":                 {environment{"JWT_SECRET": other}, false},
		"it as the previous one":         {environment{"JWT_SECRET": other, "JWT_SECRET_PREVIOUS": one}, true},
		"keys, too":                      {environment{"JWT_SECRET": one, "JWT_KEYS": keys}, true},
		"keys, and the previous one":     {environment{"JWT_SECRET_PREVIOUS": one, "JWT_KEYS": keys}, true},
		"keys alone":                     {environment{"JWT_KEYS": keys}, false},
		"keys alone, in production":      {environment{"JWT_KEYS": keys, "PRODUCTION": "true"}, false},
		"another issuer":                 {environment{"JWT_SECRET": one, "PUBLIC_URL": "https://blog.example.org"}, false},
		"another audience":               {environment{"JWT_SECRET": one, "JWT_AUDIENCE": "another"}, false},
		"another client to be issued to": {environment{"JWT_SECRET": one, "JWT_CLIENT_ID": "another"}, true},
	} {
		test.env["DATA_DIR"] = dir
		p := start(t, test.env)
		want := `"reason":"TOKEN_INVALID"`
		if test.good {
			want = `{"data":{"viewer":{"email":"ada@example.org"}}}`
		}
		if got := p.post(t, token, `{ viewer { email } }`); !strings.Contains(got, want) {
			t.Errorf("with %s: %s, want %s", name, got, want)
		}
		p.end(t)
	}
	if _, err := os.Stat(filepath.Join(dir, "jwt_secret")); !os.IsNotExist(err) {
		t.Errorf("a secret was made where there were keys: %v", err)
	}
}

// TestKeysThatAreNoKeys starts servers with files that none should start with: one line says why.
func TestKeysThatAreNoKeys(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keys.json")
	for text, test := range map[string]struct {
		mode os.FileMode
		want string
	}{
		`{"keys":[`:   {0o600, "no JWK Set"},
		`{"keys":[]}`: {0o600, "no key that signs"},
		``:            {0o644, "chmod 600"},
		`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`: {0o600, "it has no d"},
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, test.mode); err != nil {
			t.Fatal(err)
		}
		env := environment{"ADDR": "127.0.0.1:0", "DATA_DIR": dir, "JWT_KEYS": path}
		var stderr bytes.Buffer
		status := cli.Status(run(t.Context(), nil, env.getenv, strings.NewReader(""), io.Discard, io.Discard), &stderr)
		if got := stderr.String(); status != 2 || !strings.HasPrefix(got, "postern: JWT_KEYS: ") || !strings.Contains(got, test.want) || strings.Count(got, "\n") != 1 {
			t.Errorf("a server with %q ends with %d, %q, want one line with %q", text, status, got, test.want)
		}
	}
}
