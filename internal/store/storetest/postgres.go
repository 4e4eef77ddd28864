package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// oldest is the oldest PostgreSQL that will do, as it numbers itself.
const oldest = 150_000

// server is a PostgreSQL server to make databases on.
type server struct {
	url   *url.URL
	admin *sql.DB
	stop  func() error
}

// shared is the one server of this process, started when a test first asks for it.
//
//nolint:gochecknoglobals // a server for each test would take seconds for each
var shared struct {
	once   sync.Once
	server *server
	err    error
}

// PostgresURL is the URL of a fresh, empty database of the test's own. It is on the server at TEST_POSTGRES_URL, whose user
// must be allowed to create databases, or else on one that is started from the machine's programs. Without either, the test
// fails.
func PostgresURL(t testing.TB) string {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = startServer() })
	if shared.err != nil {
		t.Fatalf("no PostgreSQL to test on: %s; install PostgreSQL 15 or newer (initdb and postgres), or set TEST_POSTGRES_URL",
			strings.Join(strings.Fields(shared.err.Error()), " "))
	}
	name := "postern_" + strings.ToLower(rand.Text())
	run := func(ctx context.Context, statement string) {
		if _, err := shared.server.admin.ExecContext(ctx, statement); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
	}
	run(t.Context(), `CREATE DATABASE `+name+` TEMPLATE template0 ENCODING 'UTF8'`)
	t.Cleanup(func() { run(context.WithoutCancel(t.Context()), `DROP DATABASE `+name+` WITH (FORCE)`) })
	return shared.server.database(name)
}

// Main runs the tests of a package, stops the server if there is one, checks what is to be checked then, and exits.
func Main(m *testing.M, checks ...func() error) {
	code := m.Run()
	shared.once.Do(func() {})
	if shared.server != nil {
		if err := shared.server.close(); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
			code = max(code, 1)
		}
	}
	for _, check := range checks {
		if err := check(); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

func startServer() (*server, error) {
	s := &server{stop: func() error { return nil }}
	var err error
	if given := os.Getenv("TEST_POSTGRES_URL"); given != "" { //nolint:forbidigo // a setting of the tests, not of the program
		s.url, err = url.Parse(given)
	} else {
		s.url, s.stop, err = startCluster()
	}
	if err != nil {
		return nil, err
	}
	if s.admin, err = sql.Open("pgx", s.url.String()); err != nil {
		return nil, err
	}
	var version int
	if err := s.admin.QueryRowContext(context.Background(), `SELECT current_setting('server_version_num')::int`).Scan(&version); err != nil {
		return nil, err
	}
	if version < oldest {
		return nil, fmt.Errorf("it is of version %d.%d", version/10_000, version%10_000)
	}
	return s, nil
}

func (s *server) database(name string) string {
	u := *s.url
	u.Path = "/" + name
	return u.String()
}

func (s *server) close() error {
	if err := s.admin.Close(); err != nil {
		return err
	}
	return s.stop()
}
