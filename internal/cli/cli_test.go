package cli_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/cli"
	"postern/internal/config"
	"postern/internal/mail"
	"postern/internal/store"
)

// shell is a world to run commands in.
type shell struct {
	env   map[string]string
	stdin string
	// now is the clock.
	now func() time.Time
	// roots are whose certificates a server for mails may have.
	roots *x509.CertPool
	// served is what the server was started with.
	served *config.Config
}

// newShell returns a shell whose data directory is not there yet.
func newShell(t *testing.T) *shell {
	t.Helper()
	return &shell{env: map[string]string{"DATA_DIR": filepath.Join(t.TempDir(), "data")}, now: time.Now}
}

// world is a shell's to a command.
func (s *shell) world(stdin io.Reader, stdout, stderr io.Writer, args ...string) cli.Env {
	return cli.Env{
		Args:   args,
		Getenv: func(name string) string { return s.env[name] },
		Stdin:  stdin, Stdout: stdout, Stderr: stderr, Now: s.now,
		Open: func(ctx context.Context, c config.Config, log *slog.Logger) (*store.Store, error) {
			return store.Open(ctx, store.Options{URL: c.Database(), Log: log})
		},
		Mail: func(c config.Config, log *slog.Logger) (mail.Sender, error) {
			server, err := c.SMTP()
			if err != nil {
				return nil, err
			}
			return mail.New(mail.Options{
				Server: mail.Server{
					Host: server.Host, Port: server.Port, Security: mail.Security(server.Security),
					User: server.User, Password: server.Password.Reveal(),
				},
				Outbox: c.Outbox(), From: c.MailSender(), Hello: c.MailHello(), Roots: s.roots, Now: s.now, Log: log,
			})
		},
		Accounts: func(c config.Config, db *store.Store) *account.Service {
			return account.NewService(account.Options{
				Store: db, Passwords: auth.NewPasswords(auth.DefaultPool(nil)), Now: time.Now, MinPassword: c.PasswordMinLength,
			})
		},
		Serve: func(_ context.Context, c config.Config) error {
			s.served = &c
			return nil
		},
	}
}

// run runs a command, as main does.
func (s *shell) run(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	err := cli.Run(t.Context(), s.world(strings.NewReader(s.stdin), &out, &errs, args...))
	status = cli.Status(err, &errs)
	return out.String(), errs.String(), status
}

// does runs a command that must work, and returns what it prints.
func (s *shell) does(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, status := s.run(t, args...)
	if status != 0 || stderr != "" {
		t.Errorf("postern %s = %d, %q, want it to work", strings.Join(args, " "), status, stderr)
	}
	return stdout
}

// fails runs a command that must fail, and checks that it says why, in one line.
func (s *shell) fails(t *testing.T, want int, reason string, args ...string) {
	t.Helper()
	stdout, stderr, status := s.run(t, args...)
	one := strings.HasPrefix(stderr, "postern: ") && strings.Count(stderr, "\n") == 1 && strings.HasSuffix(stderr, "\n")
	if status != want || !one || !strings.Contains(stderr, reason) || stdout != "" {
		t.Errorf("postern %s = %d, %q, %q, want %d and one line with %q", strings.Join(args, " "), status, stdout, stderr, want, reason)
	}
}

// TestNonsenseTouchesNothing runs command lines and settings that make no sense.
func TestNonsenseTouchesNothing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args, setting, reason string
	}{
		{"nonsense", "", "unexpected argument nonsense"},
		{"--nonsense", "", "unknown flag --nonsense"},
		{"--jwt-secrte=hunter2", "", `unknown flag --jwt-secrte, did you mean "--jwt-secret"?`},
		{"user", "", "create"},
		{"user nonsense", "", "unexpected argument nonsense"},
		{"migrate", "", "up"},
		{"user create", "", "--name"},
		{"user create --name=Jane", "", "<email>"},
		{"user create jane@example.org", "", "--name"},
		{"user create jane@example.org --name=Jane --role=KING", "", "READER, AUTHOR, EDITOR and ADMIN"},
		{"user role jane@example.org KING", "", "READER, AUTHOR, EDITOR and ADMIN"},
		{"user role jane@example.org", "", "<role>"},
		{"user list jane@example.org", "", "unexpected argument"},
		{"user export", "", "<email>"},
		{"user delete --yes", "", "<email>"},
		{"completion", "", "<shell>"},
		{"completion tcsh", "", "zsh"},
		{"migrate up --addr", "", "--addr: it needs a value"},
		{"migrate up --log-level=loud", "", `--log-level: "loud"`},
		{"migrate up --migrate=maybe", "", `--migrate: "maybe"`},
		{"migrate up", "ADDR=nonsense", "ADDR: "},
		{"migrate up", "ADDR=0.0.0.0:80", "ADDR: "},
		{"migrate up", "PUBLIC_URL=nonsense", "PUBLIC_URL: "},
		{"migrate up", "PRODUCTION=perhaps", `PRODUCTION: "perhaps" is neither true nor false (from environment)`},
		{"migrate up", "GRAPHIQL=perhaps", `GRAPHIQL: "perhaps"`},
		{"migrate up", "INTROSPECTION=perhaps", `INTROSPECTION: "perhaps"`},
		{"migrate up", "SHUTDOWN_TIMEOUT=abc", `SHUTDOWN_TIMEOUT: "abc"`},
		{"migrate up", "SHUTDOWN_TIMEOUT=-1s", "SHUTDOWN_TIMEOUT: "},
		{"migrate up", "DATABASE_URL=mysql://jane:hunter2@db/postern", "DATABASE_URL: "},
		{"migrate up", "DATABASE_MAX_CONNECTIONS=many", `DATABASE_MAX_CONNECTIONS: "many"`},
		{"migrate up", "DATABASE_MAX_CONNECTIONS=-1", "DATABASE_MAX_CONNECTIONS: "},
		{"migrate up", "MIGRATE=maybe", `MIGRATE: "maybe"`},
		{"migrate up", "AUDIT_RETENTION=90d", `AUDIT_RETENTION: "90d"`},
		{"migrate up", "AUDIT_RETENTION=-1s", "AUDIT_RETENTION: "},
		{"migrate up", "JWT_SECRET=hunter2", "JWT_SECRET: it has 7 bytes"},
		{"migrate up", "JWT_SECRET_PREVIOUS=hunter2", "JWT_SECRET_PREVIOUS: it has 7 bytes"},
		{"audit --since=90d", "", `--since: "90d" is neither so long ago, as 24h, nor a time`},
		{"audit --since=-1h", "", `--since: "-1h" is neither`},
		{"audit --since=2026-01-31", "", `--since: "2026-01-31" is neither`},
		{"audit --event=LOGGED", "", `--event: no event is called "LOGGED"; there are SIGNED_UP, LOGGED_IN, `},
		{"audit --limit=-1", "", "--limit: it must not be negative"},
		{"audit --limit=many", "", `--limit: "many"`},
		{"audit jane", "", "unexpected argument jane"},
		{"keys", "", "create"},
		{"keys list", "", "JWT_KEYS: "},
		{"keys create --algorithm=HS256", "", `one of "EdDSA","ES256","RS256"`},
		{"keys rotate --lead=soon", "", `--lead: "soon" is no duration`},
		{"keys rotate --lead=-1s", "", "--lead: it must not be negative"},
		{"keys retire", "", "<kid>"},
		{"migrate up", "SIGNUP=perhaps", `SIGNUP: "perhaps"`},
		{"migrate up", "SIGNUP_ROLE=ADMIN", "SIGNUP_ROLE: "},
		{"migrate up", "PASSWORD_MIN_LENGTH=7", "PASSWORD_MIN_LENGTH: it must be 8 to 128"},
		{"migrate up", "SMTP_URL=imap://jane:hunter2@mail.example.org", "SMTP_URL: it is neither smtps://"},
		{"migrate up", "SMTP_URL=smtps://jane:hunter2@mail.example.org", "MAIL_FROM: SMTP_URL needs it"},
		{"migrate up", "MAIL_FROM=Postern", "MAIL_FROM: it is not like"},
		{"mail", "", "test"},
		{"mail test", "", "<address>"},
		{"mail test jane@example.org", "MAIL_FROM=bücher@example.org", "MAIL_FROM: "},
		{"mail test jane@example.org --production", "", "SMTP_URL: production sends no mail without it"},
		{"migrate up", "LOG_LEVEL=loud", `LOG_LEVEL: "loud" is neither debug nor info nor warn nor error (from environment)`},
		{"migrate up", "LOG_FORMAT=xml", "LOG_FORMAT: "},
		{"", "PRODUCTION=true", "JWT_SECRET: production needs one"},
		{"serve", "PRODUCTION=true", "JWT_SECRET: production needs one"},
		{"serve", "ADDR=:8080", "ADDR: "},
	} {
		s := newShell(t)
		s.stdin = "umbrella gravel sixteen\n"
		name, value, _ := strings.Cut(test.setting, "=")
		s.env[name] = value
		s.fails(t, 2, test.reason, strings.Fields(test.args)...)
		if _, err := os.Stat(s.env["DATA_DIR"]); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("postern %s with %s made the data directory: %v", test.args, test.setting, err)
		}
		if _, stderr, _ := s.run(t, strings.Fields(test.args)...); strings.Contains(stderr, "hunter2") || s.served != nil {
			t.Errorf("postern %s with %s = %q, and served %v, want no secret told and nothing served", test.args, test.setting, stderr, s.served)
		}
	}
}

func TestDotEnv(t *testing.T) { //nolint:paralleltest // it changes the folder
	t.Chdir(t.TempDir())
	s := &shell{}
	for _, test := range []struct {
		content string
		status  int
		want    string
	}{
		{"ADDR=127.0.0.1:81\n", 0, "127.0.0.1:81"},
		{"ADDR=nonsense\n", 2, "ADDR: "},
		{"LOG_LEVEL=loud\n", 2, "(from .env)"},
		{"hunter2 is no setting\n", 2, ".env: it cannot be read: each line must be NAME=value"},
	} {
		if err := os.WriteFile(".env", []byte(test.content), 0o600); err != nil {
			t.Fatal(err)
		}
		stdout, stderr, status := s.run(t, "config")
		if status != test.status || !strings.Contains(stdout+stderr, test.want) || strings.Contains(stderr, "hunter2") {
			t.Errorf("postern config with %q in .env = %d %q %q, want %d and %q", test.content, status, stdout, stderr, test.status, test.want)
		}
		s.served = nil
		if s.run(t); test.status == 0 && s.served == nil || test.status != 0 && s.served != nil {
			t.Errorf("postern with %q in .env served %v", test.content, s.served)
		}
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v, want .env alone", entries, err)
	}
}

func TestServeIsWhatPosternDoesByItself(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"serve"}, {"--addr=127.0.0.1:81"}, {"serve", "--addr", "127.0.0.1:81"}} {
		s := newShell(t)
		s.env["ADDR"] = "127.0.0.1:80"
		s.does(t, args...)
		want := "127.0.0.1:80"
		if strings.Contains(strings.Join(args, " "), ":81") {
			want = "127.0.0.1:81"
		}
		if s.served == nil || s.served.Addr != want || s.served.DataDir != s.env["DATA_DIR"] {
			t.Errorf("postern %v served %+v, want it at %s", args, s.served, want)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, test := range []struct {
		args string
		want []string
	}{
		{"--help", []string{"Usage: postern <command>", "user create", "--addr=HOST:PORT", "127.0.0.1:8080.", "--[no-]signup", "SOME_FLAG"}},
		{"-h", []string{"Usage: postern <command>"}},
		{"user --help", []string{"user create", "user password", "user export", "user delete"}},
		{"user create --help", []string{"<email>", "--name=NAME", "READER, AUTHOR, EDITOR or ADMIN. By default AUTHOR."}},
		{"migrate up -h", []string{"Usage: postern migrate up"}},
		{"completion --help", []string{"source <(postern completion bash)"}},
	} {
		help := s.does(t, strings.Fields(test.args)...)
		for _, want := range test.want {
			if !strings.Contains(help, want) {
				t.Errorf("postern %s = %s, want it to have %q", test.args, help, want)
			}
		}
	}
	if s.served != nil {
		t.Error("postern --help served")
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	if got := newShell(t).does(t, "version"); !strings.HasPrefix(got, "postern "+cli.Version()+" (go1.") || strings.Count(got, "\n") != 1 {
		t.Errorf("postern version = %q, want one line with the version and Go's", got)
	}
	if cli.Version() == "" {
		t.Error("Version() is empty")
	}
	s := newShell(t)
	s.env["ADDR"] = "nonsense"
	s.does(t, "version")
	s.does(t, "completion", "bash")
	s.fails(t, 2, "ADDR: ", "config")
}

func TestConfigHidesSecrets(t *testing.T) {
	t.Parallel()
	const hunter2 = "hunter2-hunter2-hunter2-hunter2-hunter2"
	s := newShell(t)
	s.env["JWT_SECRET"], s.env["JWT_SECRET_PREVIOUS"] = hunter2, hunter2
	s.env["DATABASE_URL"] = "postgres://jane:" + hunter2 + "@db.example.org/postern"
	s.env["SMTP_URL"], s.env["MAIL_FROM"] = "smtps://jane:"+hunter2+"@mail.example.org", "blog@example.org"
	s.env["SIGNUP"] = "no"
	table := s.does(t, "config", "--production", "--addr=0.0.0.0:80")
	if strings.Contains(table, "hunter2") {
		t.Errorf("postern config = %s, which tells a secret", table)
	}
	rows := make(map[string]string)
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		rows[fields[0]] = strings.Join(fields[1:], " ")
	}
	for name, want := range map[string]string{
		"SETTING": "VALUE FROM", "ADDR": "0.0.0.0:80 flag", "PRODUCTION": "true flag", "SIGNUP": "false environment",
		"JWT_SECRET": "*** environment", "DATABASE_URL": "postgres://jane:xxxxx@db.example.org/postern environment",
		"GRAPHIQL": "false default", "INTROSPECTION": "false default", "LOG_LEVEL": "INFO default", "SHUTDOWN_TIMEOUT": "10s default",
		"PUBLIC_URL": "default", "TRUSTED_PROXIES": "default", "MIGRATE": "true default", "DATABASE_MAX_CONNECTIONS": "0 default",
		"JWT_SECRET_PREVIOUS": "*** environment", "JWT_AUDIENCE": "postern default",
		"SMTP_URL": "smtps://jane:xxxxx@mail.example.org environment", "MAIL_FROM": "blog@example.org environment",
	} {
		if rows[name] != want {
			t.Errorf("postern config: %s is %q, want %q", name, rows[name], want)
		}
	}
	if rows["HELP"] != "" || len(rows) != 59 {
		t.Errorf("postern config has %d rows, want the head and 58 settings:\n%s", len(rows), table)
	}
	if _, err := os.Stat(s.env["DATA_DIR"]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("postern config made the data directory: %v", err)
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	const migration = "00001_accounts_and_posts.sql"
	if got := s.does(t, "migrate", "status"); !strings.Contains(got, "pending  "+migration) {
		t.Errorf("postern migrate status = %q, want it pending", got)
	}
	s.env["MIGRATE"] = "false"
	s.fails(t, 1, "run postern migrate up", "user", "list")
	if got := s.does(t, "migrate", "up"); !strings.Contains(got, "applied "+migration) {
		t.Errorf("postern migrate up = %q, want it to name what it applied", got)
	}
	if got := s.does(t, "migrate", "up"); got != "SQLite is up to date.\n" {
		t.Errorf("postern migrate up, again = %q, want that there is nothing to do", got)
	}
	if got := s.does(t, "migrate", "status"); !strings.Contains(got, "applied  "+migration) || strings.Contains(got, "pending") {
		t.Errorf("postern migrate status = %q, want it applied", got)
	}
	s.does(t, "user", "list")
}

func TestDatabaseThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	noDatabase := filepath.Join(folder, "text.db")
	if err := os.WriteFile(noDatabase, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{
		"sqlite:" + filepath.Join(noDatabase, "postern.db"),
		"sqlite:" + noDatabase,
		"sqlite:" + folder,
		"postgres://jane:hunter2@127.0.0.1:1/postern",
		"postgres://jane:hunter2@127.0.0.1:1/postern?sslmode=nonsense",
	} {
		s := newShell(t)
		s.env["DATABASE_URL"] = url
		s.fails(t, 1, "", "user", "list")
		if _, stderr, _ := s.run(t, "migrate", "up"); strings.Contains(stderr, "hunter2") {
			t.Errorf("postern migrate up with %s = %q, which tells the password", url, stderr)
		}
	}
}

func TestHealthcheck(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/readyz" {
			t.Errorf("the health check asked for %s %s, want GET /readyz", r.Method, r.URL.Path)
		}
		w.WriteHeader(status)
	}))
	defer server.Close()
	address := server.Listener.Addr().String()
	_, port, _ := net.SplitHostPort(address)

	s := newShell(t)
	s.env["ADDR"] = address
	if got := s.does(t, "healthcheck"); got != "ready\n" {
		t.Errorf("postern healthcheck = %q, want ready", got)
	}
	for _, everywhere := range []string{":", "0.0.0.0:", "[::]:"} {
		s.does(t, "healthcheck", "--production", "--addr="+everywhere+port)
	}
	status = http.StatusServiceUnavailable
	s.fails(t, 1, "not ready: 503", "healthcheck")
	s.fails(t, 1, "refused", "healthcheck", "--addr=127.0.0.1:1") // a port that nobody is given by chance
	if _, err := os.Stat(s.env["DATA_DIR"]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("postern healthcheck made the data directory: %v", err)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want int
		text string
	}{
		{nil, 0, ""},
		{errors.New("no"), 1, "postern: no\n"},
		{errors.New("two\n\tlines"), 1, "postern: two lines\n"},
		{&config.Error{Setting: "ADDR", Problem: "no"}, 2, "postern: ADDR: no\n"},
		{fmt.Errorf("start: %w", &config.Error{Setting: "ADDR", Problem: "no"}), 2, "postern: start: ADDR: no\n"},
		{context.Canceled, 1, "postern: context canceled\n"},
	} {
		var stderr bytes.Buffer
		if got := cli.Status(test.err, &stderr); got != test.want || stderr.String() != test.text {
			t.Errorf("Status(%v) = %d, %q, want %d, %q", test.err, got, stderr.String(), test.want, test.text)
		}
	}
}
