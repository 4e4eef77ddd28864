package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"postern/internal/cli"
)

// TestUserIsExported prints a document of JSON and nothing else.
func TestUserIsExported(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.stdin = password
	s.does(t, "user", "create", "jane@example.org", "--name=Jane Doe")
	got := s.does(t, "user", "export", "JANE@example.org")
	var exported struct {
		Profile struct {
			ID, Email, Name string
			DisabledAt      any
		}
		Posts, Sessions []any
		Events          []struct{ Kind string }
	}
	if err := json.Unmarshal([]byte(got), &exported); err != nil || !strings.HasSuffix(got, "\n}\n") {
		t.Fatalf("postern user export = %s, %v, want JSON that ends with its line", got, err)
	}
	if p := exported.Profile; p.Email != "jane@example.org" || p.Name != "Jane Doe" || !strings.HasPrefix(p.ID, "user_") {
		t.Errorf("the profile is %+v, want Jane's", p)
	}
	if e := exported.Events; len(e) != 2 || e[0].Kind != "SIGNED_UP" || e[1].Kind != "ACCOUNT_EXPORTED" {
		t.Errorf("the events are %+v, want the sign-up and the export", e)
	}
	if strings.Contains(got, "argon2") {
		t.Errorf("postern user export = %s, which has the password's hash", got)
	}
}

// TestUserIsDeleted confirms it in each way.
func TestUserIsDeleted(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, test := range []struct {
		stdin string
		args  []string
	}{
		{"jane@example.org", nil},
		{"jane@example.org\n", nil},
		{"jane@example.org\r\nand more\n", nil},
		{"", []string{"--yes"}},
	} {
		s.stdin = password
		s.does(t, "user", "create", "jane@example.org", "--name=Jane")
		s.stdin = test.stdin
		args := append([]string{"user", "delete", "jane@example.org"}, test.args...)
		if got, want := s.does(t, args...), "jane@example.org is deleted, with all that was its own.\n"; got != want {
			t.Errorf("postern %s = %q, want %q", strings.Join(args, " "), got, want)
		}
		if list := s.does(t, "user", "list"); strings.Contains(list, "jane") {
			t.Errorf("postern user list = %q, want nobody", list)
		}
	}
}

// TestDeletionIsNotConfirmed reads what cannot be read, and waits for nobody who has gone.
func TestDeletionIsNotConfirmed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	broken := errors.New("the pipe broke")
	s := newShell(t)
	s.stdin = password
	s.does(t, "user", "create", "jane@example.org", "--name=Jane")
	for name, test := range map[string]struct {
		stdin io.Reader
		want  error
	}{
		"interrupted": {silent{cancel}, context.Canceled},
		"broken":      {iotest.ErrReader(broken), broken},
	} {
		err := cli.Run(map[string]context.Context{"interrupted": ctx, "broken": t.Context()}[name],
			s.world(test.stdin, io.Discard, io.Discard, "user", "delete", "jane@example.org"))
		if !errors.Is(err, test.want) {
			t.Errorf("postern user delete, %s = %v, want %v", name, err, test.want)
		}
	}
	if list := s.does(t, "user", "list"); !strings.Contains(list, "jane") {
		t.Errorf("postern user list = %q, want Jane", list)
	}
}

// TestExportToAFullDisk fails rather than end as if it were whole.
func TestExportToAFullDisk(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.stdin = password
	s.does(t, "user", "create", "jane@example.org", "--name=Jane")
	closed, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	err = cli.Run(t.Context(), s.world(strings.NewReader(""), closed, io.Discard, "user", "export", "jane@example.org"))
	if !errors.Is(err, os.ErrClosed) {
		t.Errorf("postern user export to a closed file = %v, want %v", err, os.ErrClosed)
	}
}
