package config

import (
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
)

// URL is the URL of a database or of a server for mails, whose password is never printed.
type URL string

// String hides the password, and all of the URL where a password may be that cannot be told apart.
func (u URL) String() string {
	if u == "" {
		return ""
	}
	parsed, err := url.Parse(string(u))
	if err != nil || parsed.Scheme == "" || parsed.Opaque != "" && parsed.Scheme != "sqlite" {
		return hidden
	}
	query, err := url.ParseQuery(parsed.RawQuery)
	if err != nil {
		return hidden
	}
	for name := range query {
		if strings.Contains(strings.ToLower(name), "password") {
			return hidden
		}
	}
	// A password with a slash, a question mark or a hash in clear ends up behind the host, its @ with it.
	if parsed.Host != "" && strings.Contains(parsed.Path+parsed.RawQuery+parsed.Fragment, "@") {
		return hidden
	}
	return parsed.Redacted()
}

// LogValue hides the password from logs.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// Format hides the password from every verb of fmt, also from those that do not ask String.
func (u URL) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, u.String()) }

// MarshalText hides the password from encoders.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

func (u URL) valid() bool {
	s := string(u)
	if strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://") {
		parsed, err := url.Parse(s)
		return err == nil && (parsed.Host != "" || parsed.Query().Has("host"))
	}
	return s == "" || strings.HasPrefix(s, "sqlite:") && len(s) > len("sqlite:") && !strings.Contains(s, "://") &&
		!strings.Contains(s, ":memory:")
}
