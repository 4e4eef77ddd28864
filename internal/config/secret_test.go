package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"postern/internal/config"
)

const hunter2 = "hunter2-hunter2-hunter2-hunter2-hunter2"

// printed is a value in every way that values are printed by mistake.
func printed(t *testing.T, value any) map[string]string {
	t.Helper()
	ways := make(map[string]string)
	for verb := range strings.FieldsSeq("%v %+v %#v %s %q %x %X %d %t %T %c %U %e %08.3f %-40s %b %o") {
		ways[verb] = fmt.Sprintf(verb, value)
	}
	for _, verb := range []string{"%v", "%+v", "%#v"} {
		ways[verb+" in a list"] = fmt.Sprintf(verb, []any{value})
	}
	ways["Sprint"], ways["Sprintln"] = fmt.Sprint(value), fmt.Sprintln(value)
	ways["an error"] = fmt.Errorf("open %v: %w", value, errors.New("no")).Error()
	encoded, err := json.Marshal(map[string]any{"value": value})
	if err != nil {
		t.Fatal(err)
	}
	ways["JSON"] = string(encoded)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "value", value, slog.Group("g", "value", value))
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "value", value, slog.Group("g", "value", value))
	ways["slog"] = log.String()
	return ways
}

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	secret := config.Secret(hunter2)
	c := standard()
	c.JWTSecret = secret
	for _, value := range []any{
		secret, &secret, c, &c,
		[]config.Secret{secret},
		map[string]config.Secret{"secret": secret},
		struct{ S config.Secret }{secret},
	} {
		for way, text := range printed(t, value) {
			if leaks(text, hunter2) {
				t.Errorf("%T printed by %s is %s, which tells the secret", value, way, text)
			}
		}
	}
	if got := secret.Reveal(); got != hunter2 {
		t.Errorf("Reveal() = %q, want %q", got, hunter2)
	}
	if got := fmt.Sprintf("%v, %s, %q", secret, secret, config.Secret("")); got != "***, ***, " {
		t.Errorf("a secret, the same and none are printed as %s, want ***, *** and nothing", got)
	}
}

func TestPasswordOfURLIsNeverPrinted(t *testing.T) {
	t.Parallel()
	for _, url := range []config.URL{
		"postgres://jane:" + hunter2 + "@db.example.org/postern",
		"postgres://jane@db.example.org/postern?password=" + hunter2,
		"postgres://jane@db.example.org/postern?PASSWORD=" + hunter2,
		"postgres://jane@db.example.org/postern?p%61ssword=" + hunter2,
		"postgres://jane@db.example.org/postern?sslmode=require&sslpassword=" + hunter2,
		"postgres://jane@db.example.org/postern?a=b;password=" + hunter2,
		"postgres://jane@db.example.org/postern?a=%zz&password=" + hunter2,
		"postgres://jane:" + hunter2 + "%zz@db.example.org/postern",
		"postgres://jane:1/" + hunter2 + "@db.example.org/postern",
		"postgres://jane:1?" + hunter2 + "@db.example.org/postern",
		"postgres://jane:1#" + hunter2 + "@db.example.org/postern",
		"postgres://jane: " + hunter2 + "@db.example.org/postern",
		"mysql://jane:" + hunter2 + "@db.example.org/postern",
		"host=db.example.org user=jane password=" + hunter2,
	} {
		c := standard()
		c.DatabaseURL = url
		for _, value := range []any{url, &url, c, &c, []config.URL{url}} {
			for way, text := range printed(t, value) {
				if leaks(text, hunter2) {
					t.Errorf("%T printed by %s is %s, which tells the password", value, way, text)
				}
			}
		}
	}
}

func TestURLTellsTheRest(t *testing.T) {
	t.Parallel()
	for url, want := range map[config.URL]string{
		"": "",
		"postgres://jane:secret@db.example.org:5432/postern?sslmode=require": "postgres://jane:xxxxx@db.example.org:5432/postern?sslmode=require",
		"postgres:///postern?host=/run/postgresql":                           "postgres:///postern?host=/run/postgresql",
		"sqlite:./data/postern.db":                                           "sqlite:./data/postern.db",
		"sqlite:/var/lib/me@home/postern.db":                                 "sqlite:/var/lib/me@home/postern.db",
	} {
		if got := url.String(); got != want {
			t.Errorf("URL(%s).String() = %s, want %s", string(url), got, want)
		}
	}
}

// leaks tells whether a text has a secret in it, as it is or in hexadecimal digits.
func leaks(text, secret string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret))
}
