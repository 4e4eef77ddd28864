package config_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"postern/internal/config"
	"postern/internal/limit"
)

// standard is what is set when nobody sets anything.
func standard() config.Config {
	return config.Config{
		Addr: "127.0.0.1:8080", ShutdownTimeout: 10 * time.Second, DataDir: "./data", Migrate: true,
		JWTAudience: "postern", JWTClientID: "postern", Signup: true, SignupRole: "AUTHOR", PasswordMinLength: 15, LogFormat: "auto",
		Limits: config.Limits(limit.Default()), LimitPageSize: 100, LimitBody: 1 << 20,
		LimitVariableDepth: 8, LimitVariableItems: 250,
		LimitSubscriptions: 20, LimitConnectionsOfAccount: 10, LimitConnectionsOfAddress: 10,
		LimitFailuresOfAccount: 5, LimitFailuresOfAddress: 30, LimitSignupsOfAddress: 5, LimitPostsOfAccount: 60,
	}
}

// check checks the standard settings with a change.
func check(change func(*config.Config)) error {
	c := standard()
	change(&c)
	return c.Check()
}

func TestCheckLetsPass(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*config.Config){
		"the standard":        func(*config.Config) {},
		"any port":            func(c *config.Config) { c.Addr = "127.0.0.1:0" },
		"the last port":       func(c *config.Config) { c.Addr = "127.0.0.1:65535" },
		"another loopback":    func(c *config.Config) { c.Addr = "127.1.2.3:80" },
		"localhost":           func(c *config.Config) { c.Addr = "localhost:80" },
		"IPv6":                func(c *config.Config) { c.Addr = "[::1]:80" },
		"mapped IPv4":         func(c *config.Config) { c.Addr = "[::ffff:127.0.0.1]:80" },
		"production at large": func(c *config.Config) { c.Production, c.Addr = true, "0.0.0.0:80" },
		"production anywhere": func(c *config.Config) { c.Production, c.Addr = true, ":80" },
		"https":               func(c *config.Config) { c.PublicURL = "https://blog.example.org" },
		"http and a path":     func(c *config.Config) { c.PublicURL = "http://localhost:8080/blog" },
		"no patience":         func(c *config.Config) { c.ShutdownTimeout = 0 },
		"PostgreSQL": func(c *config.Config) {
			c.DatabaseURL = "postgres://jane:secret@db.example.org:5432/postern?sslmode=disable"
		},
		"postgresql":         func(c *config.Config) { c.DatabaseURL = "postgresql://db.example.org/postern" },
		"a socket":           func(c *config.Config) { c.DatabaseURL = "postgres:///postern?host=/run/postgresql" },
		"SQLite":             func(c *config.Config) { c.DatabaseURL = "sqlite:postern.db" },
		"SQLite by its path": func(c *config.Config) { c.DatabaseURL = "sqlite:/var/lib/postern/postern.db" },
		"a secret":           func(c *config.Config) { c.JWTSecret = config.Secret(strings.Repeat("s", 32)) },
		"a role in any case": func(c *config.Config) { c.SignupRole = "reader" },
		"JSON":               func(c *config.Config) { c.LogFormat = "json" },
		"short passwords":    func(c *config.Config) { c.PasswordMinLength = 8 },
		"long passwords":     func(c *config.Config) { c.PasswordMinLength = 128 },
	} {
		if err := check(change); err != nil {
			t.Errorf("Check(%s) = %v, want nil", name, err)
		}
	}
}

func TestCheckNamesTheSetting(t *testing.T) {
	t.Parallel()
	for setting, changes := range map[string][]func(*config.Config){
		`ADDR: "x" is not HOST:PORT, as 127.0.0.1:8080 is`: {
			func(c *config.Config) { c.Addr = "x" },
			func(c *config.Config) { c.Addr = "x"; c.Production = true },
		},
		"is not HOST:PORT": {
			func(c *config.Config) { c.Addr = "" },
			func(c *config.Config) { c.Addr = "127.0.0.1" },
			func(c *config.Config) { c.Addr = "127.0.0.1:" },
			func(c *config.Config) { c.Addr = "127.0.0.1:65536" },
			func(c *config.Config) { c.Addr = "127.0.0.1:-1" },
			func(c *config.Config) { c.Addr = "127.0.0.1:http" },
			func(c *config.Config) { c.Addr = "::1:80" },
			func(c *config.Config) { c.Addr = "http://127.0.0.1:80" },
		},
		"listens beyond this machine, which is for production: set PRODUCTION=true": {
			func(c *config.Config) { c.Addr = ":8080" },
			func(c *config.Config) { c.Addr = "0.0.0.0:8080" },
			func(c *config.Config) { c.Addr = "[::]:8080" },
			func(c *config.Config) { c.Addr = "192.168.0.1:8080" },
			func(c *config.Config) { c.Addr = "blog.example.org:8080" },
			func(c *config.Config) { c.Addr = "localhost.example.org:8080" },
		},
		"PUBLIC_URL: ": {
			func(c *config.Config) { c.PublicURL = "blog.example.org" },
			func(c *config.Config) { c.PublicURL = "//blog.example.org" },
			func(c *config.Config) { c.PublicURL = "ftp://blog.example.org" },
			func(c *config.Config) { c.PublicURL = "javascript:alert(1)" },
			func(c *config.Config) { c.PublicURL = "https://" },
			func(c *config.Config) { c.PublicURL = "https://jane:secret@blog.example.org" },
			func(c *config.Config) { c.PublicURL = "https://blog.example.org?x=1" },
			func(c *config.Config) { c.PublicURL = "https://blog.example.org#x" },
			func(c *config.Config) { c.PublicURL = "https://blog.example.org\n" },
		},
		"SHUTDOWN_TIMEOUT: it must not be negative": {func(c *config.Config) { c.ShutdownTimeout = -1 }},
		"SHUTDOWN_DELAY: it must not be negative":   {func(c *config.Config) { c.ShutdownDelay = -1 }},
		"DATA_DIR: it must not be empty":            {func(c *config.Config) { c.DataDir = "" }},
		"DATABASE_URL: it is neither postgres://USER:PASSWORD@HOST:PORT/DATABASE nor sqlite:PATH": {
			func(c *config.Config) { c.DatabaseURL = "mysql://jane:hunter2@db.example.org/postern" },
			func(c *config.Config) { c.DatabaseURL = "postern.db" },
			func(c *config.Config) { c.DatabaseURL = "sqlite:" },
			func(c *config.Config) { c.DatabaseURL = "sqlite://postern.db" },
			func(c *config.Config) { c.DatabaseURL = "postgres://" },
			func(c *config.Config) { c.DatabaseURL = "postgres:///postern" },
			func(c *config.Config) { c.DatabaseURL = "postgres://jane:hunter2@db.example.org:port/postern" },
			func(c *config.Config) { c.DatabaseURL = "host=db.example.org password=hunter2" },
			func(c *config.Config) { c.DatabaseURL = ":memory:" },
			func(c *config.Config) { c.DatabaseURL = "sqlite::memory:" },
		},
		"DATABASE_MAX_CONNECTIONS: it must not be negative": {func(c *config.Config) { c.DatabaseMaxConnections = -1 }},
		"JWT_SECRET: it has 31 bytes, and needs 32 at least: openssl rand -base64 48": {
			func(c *config.Config) { c.JWTSecret = config.Secret(strings.Repeat("s", 31)) },
		},
		"PASSWORD_MIN_LENGTH: it must be 8 to 128": {
			func(c *config.Config) { c.PasswordMinLength = 7 },
			func(c *config.Config) { c.PasswordMinLength = 0 },
			func(c *config.Config) { c.PasswordMinLength = -15 },
			func(c *config.Config) { c.PasswordMinLength = 129 },
		},
		"LOG_FORMAT: ": {
			func(c *config.Config) { c.LogFormat = "" },
			func(c *config.Config) { c.LogFormat = "JSON" }, // which the log would not know
		},
		"JWT_SECRET_PREVIOUS: it has 31 bytes, and needs 32 at least: openssl rand -base64 48": {
			func(c *config.Config) { c.JWTSecretPrevious = config.Secret(strings.Repeat("s", 31)) },
		},
		"JWT_AUDIENCE: it must not be empty": {func(c *config.Config) { c.JWTAudience = "" }},
		"JWT_CLIENT_ID: it must not be empty": {
			func(c *config.Config) { c.JWTClientID = "" },
		},
		"is neither READER nor AUTHOR nor EDITOR": {
			func(c *config.Config) { c.SignupRole = "ADMIN" },
			func(c *config.Config) { c.SignupRole = "" },
			func(c *config.Config) { c.SignupRole = "AUTHOR,EDITOR" },
		},
		`LOG_FORMAT: "xml" is neither auto nor text nor json`: {func(c *config.Config) { c.LogFormat = "xml" }},
	} {
		for i, change := range changes {
			err := check(change)
			broken, ok := errors.AsType[*config.Error](err)
			if !ok || !strings.Contains(err.Error(), setting) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Check() of change %d = %v, want a *config.Error of one line with %q", i, err, setting)
				continue
			}
			if !strings.HasPrefix(err.Error(), broken.Setting+": ") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("Check() of change %d = %v, want it to begin with the setting, and to quote no secret", i, err)
			}
		}
	}
}

func TestOriginsAreSpeltAsBrowsersDo(t *testing.T) {
	t.Parallel()
	const unlike = "each is like https://blog.example.org, without a path; with commas in between; * is all"
	for origin, want := range map[string]string{ // the right spelling; "" for none
		"*":                              "*",
		"https://blog.example.org":       "https://blog.example.org",
		"https://xn--bcher-kva.example":  "https://xn--bcher-kva.example",
		"http://localhost:3000":          "http://localhost:3000",
		"https://blog.example.org:80":    "https://blog.example.org:80",
		"http://127.0.0.1:443":           "http://127.0.0.1:443",
		"http://[::1]:3000":              "http://[::1]:3000",
		"https://Blog.Example.org":       "https://blog.example.org",
		"HTTPS://blog.example.org":       "https://blog.example.org",
		"https://blog.example.org:443":   "https://blog.example.org",
		"http://Blog.example.org:80":     "http://blog.example.org",
		"http://localhost:03000":         "http://localhost:3000",
		"http://localhost:":              "http://localhost",
		"https://blog.example.org/":      "https://blog.example.org",
		"http://[0:0::1]:80":             "http://[::1]",
		"https://blog.example.org/path":  "",
		"https://blog.example.org:65536": "",
		"https://bücher.example":         "",
		"https://*.example.org":          "",
		"https://jane@blog.example.org":  "",
		"https://":                       "",
		"ftp://blog.example.org":         "",
		"blog.example.org":               "",
		"null":                           "",
		"":                               "",
	} {
		err := check(func(c *config.Config) { c.CORSOrigins = []string{"http://localhost:3000", origin} })
		problem := "CORS_ORIGINS: " + unlike
		if want != "" {
			problem = fmt.Sprintf("CORS_ORIGINS: %q must be spelt as browsers do: %s", origin, want)
		}
		if want == origin && want != "" {
			if err != nil {
				t.Errorf("Check(CORS_ORIGINS=%s) = %v, want nil", origin, err)
			}
		} else if err == nil || err.Error() != problem {
			t.Errorf("Check(CORS_ORIGINS=%s) = %v, want %s", origin, err, problem)
		}
	}
}

func TestCheckServerWantsASecretInProduction(t *testing.T) {
	t.Parallel()
	secret := config.Secret(strings.Repeat("s", 32))
	for _, test := range []struct {
		production bool
		secret     config.Secret
		good       bool
	}{{false, "", true}, {false, secret, true}, {true, secret, true}, {true, "", false}} {
		c := standard()
		c.Production, c.JWTSecret = test.production, test.secret
		err := c.CheckServer()
		if (err == nil) != test.good || err != nil && !strings.HasPrefix(err.Error(), "JWT_SECRET: ") {
			t.Errorf("CheckServer(production: %v, secret: %v) = %v, want it good: %v", test.production, test.secret, err, test.good)
		}
		if err := c.Check(); err != nil { // other commands need no secret
			t.Errorf("Check(production: %v, secret: %v) = %v, want nil", test.production, test.secret, err)
		}
	}
}

func TestWhatDependsOnOtherSettings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		production     bool
		page, schema   *bool
		wantP, wantS   bool
		dir, url       string
		wantURL        string
		public, issuer string
	}{
		{false, nil, nil, true, true, "./data", "", "sqlite:data/postern.db", "", "postern"},
		{true, nil, nil, false, false, "/var/lib/postern", "", "sqlite:/var/lib/postern/postern.db", "https://a.example", "https://a.example"},
		{true, new(true), new(true), true, true, "d", "sqlite:x.db", "sqlite:x.db", "", "postern"},
		{false, new(false), new(false), false, false, "d", "postgres://h/d", "postgres://h/d", "", "postern"},
	} {
		c := config.Config{
			Production: test.production, GraphiQL: test.page, Introspection: test.schema, DataDir: test.dir,
			DatabaseURL: config.URL(test.url), PublicURL: test.public,
		}
		if c.Page() != test.wantP || c.Introspect() != test.wantS || c.Database() != test.wantURL || c.Issuer() != test.issuer {
			t.Errorf("%+v means page %v, introspection %v, %s, %s, want %+v", c, c.Page(), c.Introspect(), c.Database(), c.Issuer(), test)
		}
	}
}
