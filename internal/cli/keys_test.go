package cli_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// newKeyShell returns a shell with a file for keys that is not there yet, and a clock that stands still until it is set.
func newKeyShell(t *testing.T) (s *shell, file string, setClock func(time.Duration)) {
	t.Helper()
	s = newShell(t)
	file = filepath.Join(s.env["DATA_DIR"], "keys.json")
	s.env["JWT_KEYS"] = file
	start := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
	now := start
	s.now = func() time.Time { return now }
	return s, file, func(after time.Duration) { now = start.Add(after) }
}

// kid takes a key's name out of what a command printed.
func kid(t *testing.T, printed string) string {
	t.Helper()
	name := regexp.MustCompile(`[\w-]{43}`).FindString(printed)
	if name == "" {
		t.Fatalf("%q names no key", printed)
	}
	return name
}

func TestKeyCommands(t *testing.T) {
	t.Parallel()
	s, file, setClock := newKeyShell(t)
	list := func(want ...string) {
		t.Helper()
		got := strings.Split(strings.TrimSuffix(s.does(t, "keys", "list"), "\n"), "\n")
		if len(got) != len(want)+1 || !regexp.MustCompile(`^KID +ALGORITHM  STATE +MADE +SIGNS FROM +VERIFIES UNTIL$`).MatchString(got[0]) {
			t.Fatalf("postern keys list =\n%s\nwant the head and %d keys", strings.Join(got, "\n"), len(want))
		}
		for i, line := range want {
			if got := strings.Join(strings.Fields(got[i+1]), " "); got != line {
				t.Errorf("postern keys list: line %d is %q, want %q", i+1, got, line)
			}
		}
	}
	printed := s.does(t, "keys", "create")
	first := kid(t, printed)
	if want := "Made " + first + ", EdDSA: it signs from 2026-01-31T08:00:00Z on.\n"; printed != want {
		t.Errorf("postern keys create = %q, want %q", printed, want)
	}
	list(first + " EdDSA signs 2026-01-31T08:00:00Z 2026-01-31T08:00:00Z -")
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the mode of the keys = %v, %v, want 600", info.Mode(), err)
	}

	setClock(time.Hour)
	printed = s.does(t, "keys", "create", "--algorithm=ES256")
	second := kid(t, printed)
	if want := "Made " + second + ", ES256: it is published; postern keys rotate has it sign.\n"; printed != want {
		t.Errorf("postern keys create = %q, want %q", printed, want)
	}
	list(first+" EdDSA signs 2026-01-31T08:00:00Z 2026-01-31T08:00:00Z -", second+" ES256 published 2026-01-31T09:00:00Z - -")

	if got, want := s.does(t, "keys", "rotate"), second+", ES256: it signs from 2026-01-31T09:05:00Z on.\n"; got != want {
		t.Errorf("postern keys rotate = %q, want %q", got, want)
	}
	s.fails(t, 1, second+" signs from 2026-01-31T09:05:00Z on already", "keys", "rotate")
	s.fails(t, 1, first+" signs, or is about to", "keys", "retire", "--now", first)
	s.fails(t, 1, second+" signs, or is about to", "keys", "retire", "--now", second)
	s.fails(t, 1, "there is no key nobody", "keys", "retire", "nobody")

	setClock(time.Hour + 5*time.Minute)
	list(first+" EdDSA verifies 2026-01-31T08:00:00Z 2026-01-31T08:00:00Z 2026-01-31T09:20:10Z",
		second+" ES256 signs 2026-01-31T09:00:00Z 2026-01-31T09:05:00Z -")
	s.fails(t, 1, "are good until 2026-01-31T09:20:10Z", "keys", "retire", first)
	third := kid(t, s.does(t, "keys", "rotate", "--lead=0s"))
	if got, want := s.does(t, "keys", "retire", first, "--now"), first+" is gone.\n"; got != want {
		t.Errorf("postern keys retire = %q, want %q", got, want)
	}
	setClock(2 * time.Hour)
	list(second+" ES256 expired 2026-01-31T09:00:00Z 2026-01-31T09:05:00Z 2026-01-31T09:20:10Z",
		third+" ES256 signs 2026-01-31T09:05:00Z 2026-01-31T09:05:00Z -")
	s.does(t, "keys", "retire", second)
	list(third + " ES256 signs 2026-01-31T09:05:00Z 2026-01-31T09:05:00Z -")
	if entries, err := os.ReadDir(filepath.Dir(file)); err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v, want the keys alone", entries, err)
	}
}

// TestFirstKeyBesideASecret makes a key where a secret signs: it waits, as all servers must know it first.
func TestFirstKeyBesideASecret(t *testing.T) {
	t.Parallel()
	s, _, setClock := newKeyShell(t)
	s.env["JWT_SECRET"] = strings.Repeat("s", 32)
	first := kid(t, s.does(t, "keys", "create"))
	setClock(time.Minute)
	if got := s.does(t, "keys", "list"); !strings.Contains(got, "published  2026-01-31T08:00:00Z  -") {
		t.Errorf("postern keys list =\n%s, want the key not to sign", got)
	}
	if got, want := s.does(t, "keys", "rotate"), first+", EdDSA: it signs from 2026-01-31T08:05:00Z on.\n"; got != want {
		t.Errorf("postern keys rotate = %q, want %q", got, want)
	}
}

// TestKeysWithoutTheirSecret makes two keys beside a secret that is then taken away, although no key was told to sign.
func TestKeysWithoutTheirSecret(t *testing.T) {
	t.Parallel()
	s, _, setClock := newKeyShell(t)
	s.env["JWT_SECRET"] = strings.Repeat("s", 32)
	first, second := kid(t, s.does(t, "keys", "create")), kid(t, s.does(t, "keys", "create"))
	setClock(time.Hour)
	list := func(states ...string) {
		t.Helper()
		got := regexp.MustCompile(`published|signs|verifies`).FindAllString(s.does(t, "keys", "list"), -1)
		if !slices.Equal(got, states) {
			t.Errorf("postern keys list has the states %q, want %q", got, states)
		}
	}
	list("published", "published")
	s.env["JWT_SECRET"] = ""
	list("signs", "published")
	s.fails(t, 1, first+" signs, or is about to", "keys", "retire", first)
	s.fails(t, 1, first+" signs, or is about to", "keys", "retire", first, "--now")
	if got, want := s.does(t, "keys", "rotate"), second+", EdDSA: it signs from 2026-01-31T09:00:00Z on.\n"; got != want {
		t.Errorf("postern keys rotate = %q, want %q", got, want)
	}
	list("verifies", "signs")
	s.fails(t, 1, "are good until", "keys", "retire", first)
	s.does(t, "keys", "retire", first, "--now")
	list("signs")
}

func TestKeyCommandsFail(t *testing.T) {
	t.Parallel()
	s, file, _ := newKeyShell(t)
	s.fails(t, 1, "no such file", "keys", "list")
	s.fails(t, 1, "postern keys create", "keys", "rotate")
	s.fails(t, 1, "there is no key", "keys", "retire", "nobody")
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("commands that failed made the file: %v", err)
	}
	s.does(t, "keys", "create", "--algorithm=RS256")
	if err := os.WriteFile(file+".lock", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.fails(t, 1, ".lock is there", "keys", "create")
	if err := os.Remove(file + ".lock"); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"create", "list", "rotate", "retire nobody"} {
		s.fails(t, 1, "chmod 600", strings.Fields("keys "+command)...)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(`{"keys":[{"kty":"hunter2"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"create", "list", "rotate", "retire nobody"} {
		s.fails(t, 1, "key 1 cannot be used", strings.Fields("keys "+command)...)
	}
}
