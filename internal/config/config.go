// Package config is what can be set: one struct for flags, environment and .env, and the check that it makes sense.
//
// It imports nothing of ours.
package config

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Config is every setting. A flag --some-thing is SOME_THING in the environment and in .env; the flag wins over the
// environment, that over .env, and that over the default.
type Config struct {
	Addr       string `group:"Server" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen. Only production may listen beyond this machine."`
	PublicURL  string `group:"Server" placeholder:"URL" help:"How the world reaches the server: the issuer of access tokens, and the address to show."`
	Production bool   `group:"Server" help:"Safe for the world: no page and no introspection unless asked for, and no generated secret."`
	GraphiQL   *bool  `group:"Server" name:"graphiql" negatable:"" help:"Serve the page at /. By default in development only."`

	Introspection *bool    `group:"Server" negatable:"" help:"Tell the schema to whoever asks. By default in development only."`
	CORSOrigins   []string `group:"Server" name:"cors-origins" placeholder:"ORIGIN" help:"From which other origins front ends may ask, as http://localhost:3000; * is all."`

	TrustedProxies []string `group:"Server" placeholder:"ADDRESS" help:"Whose X-Forwarded-For tells the client's address: addresses, as 10.0.0.7, and networks, as 10.0.0.0/8."`

	PersistedDocuments string `group:"Server" placeholder:"FILE" help:"Documents that clients may name by their hash: a JSON object from hash to document."`
	OnlyPersisted      bool   `group:"Server" help:"Execute no documents but those of the file."`

	CacheBytes int `group:"Server" default:"4194304" placeholder:"BYTES" help:"How much memory to keep answers in that are the same for everybody, until any post or profile changes; 0 keeps none."`

	ShutdownTimeout time.Duration `group:"Server" default:"10s" help:"How long running requests may take to finish once the server is told to stop."`

	ShutdownDelay time.Duration `group:"Server" default:"0s" help:"How long to go on answering before that, not ready, until load balancers have noticed."`

	DataDir                string `group:"Data" default:"./data" placeholder:"DIR" help:"Where SQLite's file and development's secret are kept."`
	DatabaseURL            URL    `group:"Data" placeholder:"URL" help:"postgres://… or sqlite:PATH. By default postern.db in the data directory."`
	DatabaseMaxConnections int    `group:"Data" default:"0" placeholder:"N" help:"How many connections to the database to keep at most, on SQLite for reading; 0 suits the machine."`
	Migrate                bool   `group:"Data" default:"true" negatable:"" help:"Bring the database's schema up to date at the start."`

	AuditRetention time.Duration `group:"Data" default:"2160h" placeholder:"DURATION" help:"How long the audit log keeps what happened: 90 days. 0 is for ever."`

	JWTSecret         Secret `group:"Accounts" name:"jwt-secret" placeholder:"SECRET" help:"What access tokens are signed with by HS256, 32 bytes at least. Development makes one and keeps it in the data directory."`
	JWTSecretPrevious Secret `group:"Accounts" name:"jwt-secret-previous" placeholder:"SECRET" help:"Another secret whose access tokens are good, too: the one before, or the next."`
	JWTKeys           string `group:"Accounts" name:"jwt-keys" placeholder:"FILE" help:"Keys to sign access tokens with instead, by EdDSA, ES256 or RS256: a private JWK Set, which postern keys makes."`
	JWTAudience       string `group:"Accounts" name:"jwt-audience" default:"postern" placeholder:"NAME" help:"Whom access tokens are for."`
	JWTClientID       string `group:"Accounts" name:"jwt-client-id" default:"postern" placeholder:"NAME" help:"Whom access tokens are given to."`
	Signup            bool   `group:"Accounts" default:"true" negatable:"" help:"Let anybody open an account."`
	SignupRole        string `group:"Accounts" default:"AUTHOR" placeholder:"ROLE" help:"What new accounts may do: READER, AUTHOR or EDITOR."`
	PasswordMinLength int    `group:"Accounts" default:"15" placeholder:"N" help:"How many characters a new password has at least: 8 to 128, which is the most. 15 is what NIST asks for where nothing but a password is asked for."`

	SMTPURL  URL    `group:"Mail" name:"smtp-url" placeholder:"URL" help:"The server that mails are handed to: smtps://USER:PASSWORD@HOST:465, or smtp://USER:PASSWORD@HOST:587, which must offer STARTTLS. Without it development writes mails to outbox in the data directory, and production sends none."`
	MailFrom string `group:"Mail" placeholder:"ADDRESS" help:"Who writes mails: an address, or a name and an address in angle brackets. SMTP_URL needs it."`

	FrontEndURL     string `group:"Mail" name:"frontend-url" placeholder:"URL" help:"Where links in mails lead to: below it are reset-password, verify-email and undo-email-change, with the token in the fragment, and forgot-password. Without it mails show the token."`
	RequireVerified bool   `group:"Mail" name:"require-verified-email" help:"Let accounts do no more than read until their email is verified."`

	MailNotices []string `group:"Mail" default:"login,password,email,reuse" placeholder:"NOTICE" help:"Of what accounts are told by mail: a login from a network that was not seen before, another password, another email (which nobody can undo without), and the reuse of a refresh token; or none."`

	Limits                    Limits `embed:"" prefix:"limit-" group:"Limits"`
	LimitPageSize             int    `group:"Limits" default:"100" placeholder:"N" help:"How many items a page may have, and how many ids can be asked for at once."`
	LimitSubscriptions        int    `group:"Limits" default:"20" placeholder:"N" help:"How many subscriptions a WebSocket may have open."`
	LimitConnectionsOfAccount int    `group:"Limits" default:"10" placeholder:"N" help:"How many WebSockets and event streams an account may have open."`
	LimitConnectionsOfAddress int    `group:"Limits" default:"10" placeholder:"N" help:"How many WebSockets and event streams an address may have open anonymously."`

	LimitFailuresOfAccount int `group:"Limits" default:"5" placeholder:"N" help:"How often a password of an account may be wrong before the next attempt has to wait: 1s, and twice as long each time, up to 15m. 0 is no limit, here and below."`
	LimitFailuresOfAddress int `group:"Limits" default:"30" placeholder:"N" help:"How many log-ins from an address may fail in 10 minutes."`
	LimitSignupsOfAddress  int `group:"Limits" default:"5" placeholder:"N" help:"How many sign-ups may be tried from an address in an hour."`
	LimitMailsOfAccount    int `group:"Limits" default:"5" placeholder:"N" help:"How many mails of a kind somebody may have sent to one email in an hour."`
	LimitMailsOfAddress    int `group:"Limits" default:"20" placeholder:"N" help:"How many mails may be asked for from an address in an hour."`
	LimitExportsOfAccount  int `group:"Limits" default:"5" placeholder:"N" help:"How many exports of itself an account may ask for in an hour."`
	LimitPostsOfAccount    int `group:"Limits" default:"60" placeholder:"N" help:"How many posts an account may create in an hour."`

	LimitBody int64 `group:"Limits" default:"1048576" placeholder:"BYTES" help:"How long a request's body may be."`

	LimitVariableDepth int `group:"Limits" default:"8" placeholder:"N" help:"How deep variables may be."`
	LimitVariableItems int `group:"Limits" default:"250" placeholder:"N" help:"How many items a list or an object in the variables may have; in all 20 times as many."`

	LogLevel  slog.Level `group:"Log" default:"info" placeholder:"LEVEL" help:"The least that is logged: debug, info, warn or error."`
	LogFormat string     `group:"Log" default:"auto" placeholder:"FORMAT" help:"text, json, or auto: text on a terminal, JSON elsewhere."`
}

// Limits are how much an operation may have at most. They are those of package limit, under the same names.
type Limits struct {
	DocumentLength     int           `default:"16384" placeholder:"BYTES" help:"How long a document may be."`
	Tokens             int           `default:"2000" placeholder:"N" help:"How many tokens it may have."`
	Depth              int           `default:"10" placeholder:"N" help:"How deep its fields may lie within one another."`
	IntrospectionDepth int           `default:"20" placeholder:"N" help:"The same, of introspection."`
	Aliases            int           `default:"15" placeholder:"N" help:"How many aliases an operation may have."`
	RootFields         int           `default:"20" placeholder:"N" help:"How many fields a query may have at its root."`
	MutationRootFields int           `default:"5" placeholder:"N" help:"How many fields a mutation may have at its root."`
	Directives         int           `default:"20" placeholder:"N" help:"How many directives a document may have."`
	DirectivesAtOnce   int           `default:"3" placeholder:"N" help:"How many of them may be at one place."`
	RepeatedFields     int           `default:"20" placeholder:"N" help:"How often a field may be selected at one place."`
	Cost               int           `default:"2000" placeholder:"N" help:"What an operation may cost: a statement of SQL is 25."`
	Time               time.Duration `default:"10s" placeholder:"DURATION" help:"How long an operation may take."`
	Exclusive          []string      `kong:"-"`
}

// minSecret is how long a secret for HS256 must be, in bytes (RFC 7518, section 3.2).
const minSecret = 32

// Error is a setting that makes no sense.
type Error struct {
	Setting string // as in the environment
	Problem string
}

// Error names the setting, in one line.
func (e *Error) Error() string { return e.Setting + ": " + e.Problem }

// Check finds the first setting that makes no sense; the error is an *Error. It touches nothing.
func (c *Config) Check() error {
	for _, rule := range []struct {
		broken           bool
		setting, problem string
	}{
		{!validAddr(c.Addr), "ADDR", fmt.Sprintf("%q is not HOST:PORT, as 127.0.0.1:8080 is", c.Addr)},
		{
			!c.Production && !loopback(c.Addr), "ADDR",
			fmt.Sprintf("%q listens beyond this machine, which is for production: set PRODUCTION=true", c.Addr),
		},
		{c.PublicURL != "" && !validPublicURL(c.PublicURL), "PUBLIC_URL", fmt.Sprintf("%q is not like https://blog.example.org", c.PublicURL)},
		{c.CacheBytes < 0, "CACHE_BYTES", "it must not be negative; 0 keeps no answers"},
		{c.ShutdownTimeout < 0, "SHUTDOWN_TIMEOUT", "it must not be negative"},
		{c.ShutdownDelay < 0, "SHUTDOWN_DELAY", "it must not be negative"},
		{c.OnlyPersisted && c.PersistedDocuments == "", "ONLY_PERSISTED", "it needs PERSISTED_DOCUMENTS to name the file"},
		{originProblem(c.CORSOrigins) != "", "CORS_ORIGINS", originProblem(c.CORSOrigins)},
		{c.DataDir == "", "DATA_DIR", "it must not be empty"},
		{!c.DatabaseURL.valid(), "DATABASE_URL", "it is neither postgres://USER:PASSWORD@HOST:PORT/DATABASE nor sqlite:PATH"},
		{c.DatabaseMaxConnections < 0, "DATABASE_MAX_CONNECTIONS", "it must not be negative"},
		{c.AuditRetention < 0, "AUDIT_RETENTION", "it must not be negative; 0 keeps what happened for ever"},
		{c.JWTSecret.short(), "JWT_SECRET", c.JWTSecret.problem()},
		{c.JWTSecretPrevious.short(), "JWT_SECRET_PREVIOUS", c.JWTSecretPrevious.problem()},
		{c.JWTAudience == "", "JWT_AUDIENCE", "it must not be empty"},
		{c.JWTClientID == "", "JWT_CLIENT_ID", "it must not be empty"},
		{!slices.Contains([]string{"READER", "AUTHOR", "EDITOR"}, strings.ToUpper(c.SignupRole)), "SIGNUP_ROLE", fmt.Sprintf("%q is neither READER nor AUTHOR nor EDITOR", c.SignupRole)},
		{c.PasswordMinLength < 8 || c.PasswordMinLength > 128, "PASSWORD_MIN_LENGTH", "it must be 8 to 128"},
		{!slices.Contains([]string{"auto", "text", "json"}, c.LogFormat), "LOG_FORMAT", fmt.Sprintf("%q is neither auto nor text nor json", c.LogFormat)},
	} {
		if rule.broken {
			return &Error{Setting: rule.setting, Problem: rule.problem}
		}
	}
	if _, err := c.Proxies(); err != nil {
		return err
	}
	if err := c.checkMail(); err != nil {
		return err
	}
	return c.checkLimits()
}

// longestTime is how long an operation may take at most: the server gives a request 60 seconds, the writing of the answer
// included.
const longestTime = 50 * time.Second

// checkLimits finds the first limit that nothing could keep to, or that is none.
func (c *Config) checkLimits() error {
	l := c.Limits
	for _, limit := range []struct {
		setting      string
		value, least int64
	}{
		{"LIMIT_DOCUMENT_LENGTH", int64(l.DocumentLength), 1},
		{"LIMIT_TOKENS", int64(l.Tokens), 1},
		{"LIMIT_DEPTH", int64(l.Depth), 1},
		{"LIMIT_INTROSPECTION_DEPTH", int64(l.IntrospectionDepth), 1},
		{"LIMIT_ALIASES", int64(l.Aliases), 0},
		{"LIMIT_ROOT_FIELDS", int64(l.RootFields), 1},
		{"LIMIT_MUTATION_ROOT_FIELDS", int64(l.MutationRootFields), 1},
		{"LIMIT_DIRECTIVES", int64(l.Directives), 0},
		{"LIMIT_DIRECTIVES_AT_ONCE", int64(l.DirectivesAtOnce), 0},
		{"LIMIT_REPEATED_FIELDS", int64(l.RepeatedFields), 1},
		{"LIMIT_VARIABLE_DEPTH", int64(c.LimitVariableDepth), 1},
		{"LIMIT_VARIABLE_ITEMS", int64(c.LimitVariableItems), 1},
		{"LIMIT_COST", int64(l.Cost), 1},
		{"LIMIT_PAGE_SIZE", int64(c.LimitPageSize), 1},
		{"LIMIT_BODY", c.LimitBody, 1},
		{"LIMIT_SUBSCRIPTIONS", int64(c.LimitSubscriptions), 1},
		{"LIMIT_CONNECTIONS_OF_ACCOUNT", int64(c.LimitConnectionsOfAccount), 1},
		{"LIMIT_CONNECTIONS_OF_ADDRESS", int64(c.LimitConnectionsOfAddress), 1},
		{"LIMIT_FAILURES_OF_ACCOUNT", int64(c.LimitFailuresOfAccount), 0},
		{"LIMIT_FAILURES_OF_ADDRESS", int64(c.LimitFailuresOfAddress), 0},
		{"LIMIT_SIGNUPS_OF_ADDRESS", int64(c.LimitSignupsOfAddress), 0},
		{"LIMIT_MAILS_OF_ACCOUNT", int64(c.LimitMailsOfAccount), 0},
		{"LIMIT_MAILS_OF_ADDRESS", int64(c.LimitMailsOfAddress), 0},
		{"LIMIT_EXPORTS_OF_ACCOUNT", int64(c.LimitExportsOfAccount), 0},
		{"LIMIT_POSTS_OF_ACCOUNT", int64(c.LimitPostsOfAccount), 0},
	} {
		switch {
		case limit.value < limit.least && limit.least == 0:
			return &Error{Setting: limit.setting, Problem: "it must not be negative"}
		case limit.value < limit.least:
			return &Error{Setting: limit.setting, Problem: "it must be more than nothing"}
		case limit.value > math.MaxInt32:
			return &Error{Setting: limit.setting, Problem: fmt.Sprintf("it must be %d at most: Query.limits shows it as an Int", math.MaxInt32)}
		}
	}
	switch {
	case l.Time <= 0:
		return &Error{Setting: "LIMIT_TIME", Problem: "it must be more than nothing"}
	case l.Time > longestTime:
		return &Error{Setting: "LIMIT_TIME", Problem: "it must be 50s at most: the answer, too, must be written within the server's 60s"}
	}
	return nil
}

// CheckServer finds what only matters to a server, as Check does.
func (c *Config) CheckServer() error {
	if c.Production && c.JWTSecret == "" && c.JWTKeys == "" {
		return &Error{Setting: "JWT_SECRET", Problem: "production needs one, of 32 bytes at least: openssl rand -base64 48; or JWT_KEYS"}
	}
	return nil
}

// Database is the database's URL, by default that of a file in the data directory.
func (c *Config) Database() string {
	if c.DatabaseURL != "" {
		return string(c.DatabaseURL)
	}
	return "sqlite:" + filepath.Join(c.DataDir, "postern.db")
}

// Page tells whether to serve GraphiQL.
func (c *Config) Page() bool { return orElse(c.GraphiQL, !c.Production) }

// Introspect tells whether to tell the schema.
func (c *Config) Introspect() bool { return orElse(c.Introspection, !c.Production) }

// Issuer is what access tokens name as theirs.
func (c *Config) Issuer() string {
	if c.PublicURL != "" {
		return c.PublicURL
	}
	return "postern"
}

func orElse(value *bool, otherwise bool) bool {
	if value == nil {
		return otherwise
	}
	return *value
}

func validAddr(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func loopback(addr string) bool {
	host, _, _ := net.SplitHostPort(addr)
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// originProblem says what is wrong with the first origin that is not written as browsers write theirs; "" if none is. They are
// compared letter by letter.
func originProblem(origins []string) string {
	for _, origin := range origins {
		if origin == "*" {
			continue
		}
		switch spelling := serialisedOrigin(origin); spelling {
		case "":
			return "each is like https://blog.example.org, without a path; with commas in between; * is all"
		case origin:
		default:
			return fmt.Sprintf("%q must be spelt as browsers do: %s", origin, spelling)
		}
	}
	return ""
}

// hostName is a host as it stands in an origin: beyond ASCII, as Punycode.
var hostName = regexp.MustCompile(`^[a-z0-9._-]+$`)

// serialisedOrigin is an origin as browsers write it: in lower case, and without the scheme's own port
// (https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin); "" of what is none.
func serialisedOrigin(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || !validPublicURL(origin) || u.Path != "" && u.Path != "/" {
		return ""
	}
	host := strings.ToLower(u.Hostname())
	if ip, err := netip.ParseAddr(host); err == nil && ip.Is6() && ip.Zone() == "" {
		host = "[" + ip.String() + "]"
	} else if !hostName.MatchString(host) {
		return ""
	}
	if u.Port() == "" {
		return u.Scheme + "://" + host
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		return ""
	}
	if own := map[string]uint64{"http": 80, "https": 443}; port == own[u.Scheme] {
		return u.Scheme + "://" + host
	}
	return fmt.Sprintf("%s://%s:%d", u.Scheme, host, port)
}

func validPublicURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

// Secret is a setting that is never printed.
type Secret string

// hidden is what is printed instead.
const hidden = "***"

// String hides the secret; Reveal does not.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// Reveal is the secret.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) short() bool { return s != "" && len(s) < minSecret }

// problem says of a secret that it is too short.
func (s Secret) problem() string {
	return fmt.Sprintf("it has %d bytes, and needs %d at least: openssl rand -base64 48", len(s), minSecret)
}

// Format hides the secret from every verb of fmt, also from those that do not ask String.
func (s Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, s.String()) }

// LogValue hides the secret from logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the secret.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = Secret(text)
	return nil
}
