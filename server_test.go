package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"postern/internal/cli"
	"postern/internal/store"
	"postern/internal/store/storetest"
)

func TestEverythingIsThereAfterARestart(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		env := environment{"DATABASE_URL": url, "DATA_DIR": t.TempDir()}
		p := start(t, env)
		token := accessToken(t, p.post(t, "", signup))
		created := p.post(t, token, `mutation { createPost(input: {title: "Kept", content: "x"}) { post { title } } }`)
		if !strings.Contains(created, "Kept") {
			t.Fatal(created)
		}
		p.end(t)

		p = start(t, env)
		if got := p.post(t, token, `{ viewer { email } posts { nodes { title author { name } } } }`); got !=
			`{"data":{"viewer":{"email":"ada@example.org"},"posts":{"nodes":[{"title":"Kept","author":{"name":"Ada"}}]}}}` {
			t.Errorf("after the restart: %s", got)
		}
	})
}

func TestDevelopmentSecret(t *testing.T) {
	dir := t.TempDir()
	start(t, environment{"DATA_DIR": dir}).end(t)
	path := filepath.Join(dir, "jwt_secret")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("mode of the secret = %o, want 600", got)
	}
	first, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	start(t, environment{"DATA_DIR": dir}).end(t)
	second, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("the secret changed from %q to %q, %v", first, second, err)
	}
}

func TestProduction(t *testing.T) {
	dir := t.TempDir()
	p := start(t, environment{"DATA_DIR": dir, "PRODUCTION": "true", "JWT_SECRET": strings.Repeat("s", 32)})
	for path, want := range map[string]int{
		"/": http.StatusNotFound, "/schema.graphqls": http.StatusNotFound,
		"/livez": http.StatusOK, "/readyz": http.StatusOK,
	} {
		if got, _ := p.get(t, path); got != want {
			t.Errorf("GET %s = %d, want %d", path, got, want)
		}
	}
	if got := p.post(t, "", `{ __schema { types { name } } }`); !strings.Contains(got, "introspection is switched off") {
		t.Errorf("introspection = %s, want it to be off", got)
	}
	if _, err := os.Stat(filepath.Join(dir, "jwt_secret")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a secret was made in production: %v", err)
	}
}

func TestDevelopment(t *testing.T) {
	p := start(t, environment{"DATA_DIR": t.TempDir()})
	if _, got := p.get(t, "/schema.graphqls"); got != schema {
		t.Errorf("GET /schema.graphqls = %.80q…, want the schema", got)
	}
	if status, got := p.get(t, "/"); status != http.StatusOK || !strings.Contains(got, "<title>Postern</title>") {
		t.Errorf("GET / = %d %.80q…, want the page", status, got)
	}
}

// TestShutdownFinishesRequests stops a server while a request is on its way.
func TestShutdownFinishesRequests(t *testing.T) {
	p := start(t, environment{"DATA_DIR": t.TempDir()})
	dial := func() (net.Conn, error) {
		return (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.url, "http://"))
	}
	conn, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	const body = `{"query": "{ posts { totalCount } }"}`
	_, err = fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n", len(body))
	if err != nil {
		t.Fatal(err)
	}
	answer := bufio.NewReader(conn)
	if line, err := answer.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the server did not ask for the body: %q, %v", line, err)
	}

	p.stop()
	for { // until it takes no more requests
		other, err := dial()
		if err != nil {
			break
		}
		_ = other.Close()
	}
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	if _, err := answer.ReadString('\n'); err != nil { // the empty line after 100 Continue
		t.Fatal(err)
	}
	response, err := http.ReadResponse(answer, nil)
	if err != nil {
		t.Fatalf("the running request failed: %v", err)
	}
	defer func() { _ = response.Body.Close() }()
	got, err := io.ReadAll(response.Body)
	if err != nil || string(got) != `{"data":{"posts":{"totalCount":0}}}` {
		t.Errorf("the running request was answered %s, %v", got, err)
	}
	p.end(t)
}

// TestDraining stops a server that waits for whoever asks for its health.
func TestDraining(t *testing.T) {
	p := start(t, environment{"DATA_DIR": t.TempDir(), "SHUTDOWN_DELAY": "2s"})
	p.stop()
	for {
		status, body := p.get(t, "/readyz")
		if status == http.StatusServiceUnavailable && strings.Contains(body, `"draining":"yes"`) {
			return
		}
	}
}

// TestServersStartAtOnce starts several on one empty data directory: they agree on one secret, which is whole.
func TestServersStartAtOnce(t *testing.T) {
	dir := t.TempDir()
	processes := make([]*process, 4)
	var group sync.WaitGroup
	for i := range processes {
		group.Go(func() { processes[i] = start(t, environment{"DATA_DIR": dir}) })
	}
	group.Wait()
	token := accessToken(t, processes[0].post(t, "", signup))
	for _, p := range processes {
		if got := p.post(t, token, `{ viewer { email } }`); got != `{"data":{"viewer":{"email":"ada@example.org"}}}` {
			t.Errorf("another server answers %s", got)
		}
	}
}

// TestFilesArePrivate looks who may read what the server keeps.
func TestFilesArePrivate(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	p := start(t, environment{"DATA_DIR": dir})
	p.post(t, "", signup)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < 2 {
		t.Fatalf("files: %v, %v", files, err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("mode of %s = %o, want 600", file.Name(), mode)
		}
	}
}

// TestNewerSchema migrates the database under a running server, as a newer one does: it stays ready, but does not start again.
func TestNewerSchema(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		env := environment{"DATABASE_URL": url, "DATA_DIR": t.TempDir()}
		p := start(t, env)
		db := storetest.Connect(t, url)
		if _, err := db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, $1)`, true); err != nil {
			t.Fatal(err)
		}
		if status, body := p.get(t, "/readyz"); status != http.StatusOK {
			t.Errorf("readyz = %d %s, want it to stay ready", status, body)
		}
		p.end(t)
		err := run(t.Context(), nil, env.getenv, strings.NewReader(""), io.Discard, io.Discard)
		if !errors.Is(err, store.ErrAhead) {
			t.Errorf("the older program: %v, want %v", err, store.ErrAhead)
		}
	})
}

// TestMigrateLater starts a server that does not migrate: it is not ready until somebody else has.
func TestMigrateLater(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		env := environment{"DATABASE_URL": url, "DATA_DIR": t.TempDir(), "MIGRATE": "false"}
		p := start(t, env)
		if status, body := p.get(t, "/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, `"migrations":"failing"`) {
			t.Errorf("readyz = %d %s, want it not to be ready", status, body)
		}
		migrate := func(args ...string) string {
			var out bytes.Buffer
			if err := run(t.Context(), append([]string{"migrate"}, args...), env.getenv, strings.NewReader(""), &out, io.Discard); err != nil {
				t.Fatal(err)
			}
			return out.String()
		}
		if got := migrate("status"); !strings.Contains(got, "pending") {
			t.Errorf("status:\n%s\nwant it to be pending", got)
		}
		migrate("up")
		if got := migrate("status"); strings.Contains(got, "pending") {
			t.Errorf("status:\n%s\nwant nothing to be pending", got)
		}
		if status, body := p.get(t, "/readyz"); status != http.StatusOK {
			t.Errorf("readyz = %d %s, want it to be ready", status, body)
		}
		accessToken(t, p.post(t, "", signup))
	})
}

// TestUserCommandBesideServer changes accounts by the command while a server runs on the same database.
func TestUserCommandBesideServer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) {
		env := environment{"DATABASE_URL": url, "DATA_DIR": t.TempDir()}
		p := start(t, env)
		token := accessToken(t, p.post(t, "", signup))
		user := func(stdin string, args ...string) string {
			t.Helper()
			var out bytes.Buffer
			if err := run(t.Context(), append([]string{"user"}, args...), env.getenv, strings.NewReader(stdin), &out, io.Discard); err != nil {
				t.Fatalf("user %v: %v", args, err)
			}
			return out.String()
		}
		login := func(password string) string {
			return p.post(t, "", `mutation { login(input: {email: "ada@example.org", password: "`+password+`"}) {
				tokens { accessToken } errors { __typename } } }`)
		}

		user("", "role", "ada@example.org", "READER")
		p.becomes(t, token, `{ viewer { role } }`, `{"data":{"viewer":{"role":"READER"}}}`)
		user("", "disable", "ada@example.org")
		p.becomes(t, token, `{ viewer { role } }`, "SESSION_ENDED")
		if got := login("violet tractor under the moss"); !strings.Contains(got, "InvalidCredentialsError") {
			t.Errorf("log-in after disable: %s", got)
		}
		user("", "enable", "ada@example.org")
		token = accessToken(t, login("violet tractor under the moss"))
		user("a heron reads the weather\n", "password", "ada@example.org")
		p.becomes(t, token, `{ viewer { role } }`, "SESSION_ENDED")
		accessToken(t, login("a heron reads the weather"))
		user("seven silent garden gates\n", "create", "bob@example.org", "--name=Bob", "--role=ADMIN")
		if got := user("", "list"); !strings.Contains(got, "bob@example.org") || !strings.Contains(got, "ADMIN") {
			t.Errorf("list:\n%s", got)
		}
	})
}

// TestShortPasswords asks for passwords of eight characters, at the server and by the command.
func TestShortPasswords(t *testing.T) {
	env := environment{"DATA_DIR": t.TempDir(), "PASSWORD_MIN_LENGTH": "8"}
	p := start(t, env)
	for short, want := range map[string]string{"x7kq9zw": "8 to 128 characters; this one has 7.", "x7kq9zwv": `"errors":[]`} {
		got := p.post(t, "", strings.Replace(signup, password, short, 1))
		if !strings.Contains(got, want) {
			t.Errorf("sign-up with %q is answered %s, want %s", short, got, want)
		}
	}
	command := []string{"user", "password", "ada@example.org"}
	if err := run(t.Context(), command, env.getenv, strings.NewReader("v9wzx7kq"), io.Discard, io.Discard); err != nil {
		t.Errorf("postern %v = %v, want nil", command, err)
	}
}

func TestTrustedProxies(t *testing.T) {
	for setting, want := range map[string]string{"": "127.0.0.1", "10.0.0.0/8,127.0.0.1": "203.0.113.9"} {
		p := start(t, environment{"DATA_DIR": t.TempDir(), "TRUSTED_PROXIES": setting})
		token := accessToken(t, p.post(t, "", signup, "X-Forwarded-For: 203.0.113.9, 10.0.0.7"))
		got := p.post(t, token, `{ viewer { sessions(first: 1) { nodes { ipAddress } } } }`)
		if !strings.Contains(got, `"ipAddress":"`+want+`"`) {
			t.Errorf("with TRUSTED_PROXIES=%s: %s, want the address %s", setting, got, want)
		}
	}
}

// TestHealthcheck asks a server that runs, and one that does not.
func TestHealthcheck(t *testing.T) {
	p := start(t, environment{"DATA_DIR": t.TempDir()})
	env := environment{"ADDR": strings.TrimPrefix(p.url, "http://"), "DATA_DIR": t.TempDir()}
	check := func() error {
		return run(t.Context(), []string{"healthcheck"}, env.getenv, strings.NewReader(""), io.Discard, io.Discard)
	}
	if err := check(); err != nil {
		t.Errorf("healthcheck of a running server: %v", err)
	}
	p.end(t)
	if err := check(); err == nil {
		t.Error("healthcheck of no server succeeded")
	}
}

// TestBadSettingTouchesNothing starts servers that cannot be: one line that names the setting, status 2, and no file.
func TestBadSettingTouchesNothing(t *testing.T) {
	for setting, env := range map[string]environment{
		"JWT_SECRET":   {"PRODUCTION": "true"},
		"ADDR":         {"ADDR": "0.0.0.0:8080"},
		"DATABASE_URL": {"DATABASE_URL": "mysql://localhost/postern"},
		"SIGNUP_ROLE":  {"SIGNUP_ROLE": "ADMIN"},
		"JWT_KEYS":     {"JWT_KEYS": "no such file"},

		"PERSISTED_DOCUMENTS": {"PERSISTED_DOCUMENTS": "no such file"},
		"ONLY_PERSISTED":      {"ONLY_PERSISTED": "true"},
		"TRUSTED_PROXIES":     {"TRUSTED_PROXIES": "10.0.0.7,proxy"},
		"CORS_ORIGINS":        {"CORS_ORIGINS": "localhost:3000"},
		"LIMIT_DEPTH":         {"LIMIT_DEPTH": "0"},
		"PASSWORD_MIN_LENGTH": {"PASSWORD_MIN_LENGTH": "7"},
	} {
		t.Run(setting, func(t *testing.T) {
			env["DATA_DIR"] = filepath.Join(t.TempDir(), "data")
			err := run(t.Context(), nil, env.getenv, strings.NewReader(""), io.Discard, io.Discard)
			var stderr bytes.Buffer
			if status := cli.Status(err, &stderr); status != 2 {
				t.Errorf("status = %d, want 2", status)
			}
			if got := stderr.String(); !strings.HasPrefix(got, "postern: "+setting+": ") || strings.Count(got, "\n") != 1 {
				t.Errorf("stderr = %q, want one line that names %s", got, setting)
			}
			if _, err := os.Stat(env["DATA_DIR"]); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the data directory was made: %v", err)
			}
		})
	}
}

// TestBusyPort starts two servers at one address.
func TestBusyPort(t *testing.T) {
	p := start(t, environment{"DATA_DIR": t.TempDir()})
	env := environment{"ADDR": strings.TrimPrefix(p.url, "http://"), "DATA_DIR": t.TempDir()}
	err := run(t.Context(), nil, env.getenv, strings.NewReader(""), io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("the second server: %v, want that the address is in use", err)
	}
}
