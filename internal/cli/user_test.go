package cli_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/crypto/bcrypt"

	"postern/internal/cli"
	"postern/internal/store/storetest"
)

const password = "umbrella gravel sixteen"

func TestUserCommands(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	if got := s.does(t, "user", "list"); strings.TrimSpace(got) != "EMAIL  HANDLE  NAME  ROLE  STATE  SINCE  ID" {
		t.Errorf("postern user list = %q, want the head alone", got)
	}
	s.stdin = password + "\n"
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"user", "create", "jane@example.org", "--name=Jane Doe"}, "Created jane@example.org: Jane Doe, jane-doe, AUTHOR."},
		{[]string{"user", "create", "ada@example.org", "--name", "Ada", "--role=admin", "--handle=lovelace"}, "Created ada@example.org: Ada, lovelace, ADMIN."},
		{[]string{"user", "role", "JANE@example.org", "editor"}, "JANE@example.org is EDITOR now."},
		{[]string{"user", "disable", "jane@example.org"}, "jane@example.org is disabled; all its sessions have ended."},
		{[]string{"user", "password", "ada@example.org"}, "ada@example.org has a new password; all its sessions have ended."},
	} {
		if got := s.does(t, test.args...); got != test.want+"\n" {
			t.Errorf("postern %s = %q, want %q", strings.Join(test.args, " "), got, test.want)
		}
	}
	list := s.does(t, "user", "list")
	for _, line := range []string{
		`(?m)^jane@example\.org  jane-doe  Jane Doe  EDITOR  disabled  \d{4}-\d\d-\d\d  user_[0-9a-z]{26}$`,
		`(?m)^ada@example\.org   lovelace  Ada       ADMIN   enabled   \d{4}-\d\d-\d\d  user_[0-9a-z]{26}$`,
	} {
		if !regexp.MustCompile(line).MatchString(list) {
			t.Errorf("postern user list =\n%s, want a line like %s", list, line)
		}
	}
	if got := s.does(t, "user", "enable", "jane@example.org"); got != "jane@example.org is enabled.\n" {
		t.Errorf("postern user enable = %q", got)
	}
	if list := s.does(t, "user", "list"); strings.Contains(list, "disabled") {
		t.Errorf("postern user list =\n%s, want nobody disabled", list)
	}
}

// TestUserIsImported hands in the hash of a password, by which its account can be logged in to.
func TestUserIsImported(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	create := []string{"user", "create", "jane@example.org", "--name=Jane", "--role=editor", "--hashed"}
	s.stdin = password + "\n"
	s.fails(t, 1, "That is neither an argon2id hash in PHC form nor a bcrypt hash", create...)
	s.stdin = string(hash) + "\n"
	if got, want := s.does(t, create...), "Created jane@example.org: Jane, jane, EDITOR.\n"; got != want {
		t.Errorf("postern %s = %q, want %q", strings.Join(create, " "), got, want)
	}

	db := storetest.Open(t, "sqlite:"+filepath.Join(s.env["DATA_DIR"], "postern.db"))
	found, err := db.CredentialsByEmail(t.Context(), "jane@example.org")
	if err != nil || found.PasswordHash != string(hash) {
		t.Errorf("the stored hash is %q, %v, want %q", found.PasswordHash, err, hash)
	}
}

func TestUserCommandsFail(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.stdin = password
	s.does(t, "user", "create", "jane@example.org", "--name=Jane")
	for _, test := range []struct{ args, stdin, reason string }{
		{"user create jane@example.org --name=Jane", password, "There is an account with this email already."},
		{"user create JANE@example.org --name=Other", password, "There is an account with this email already."},
		{"user create john@example.org --name=John --handle=jane", password, "Somebody has this handle already."},
		{"user create john --name=John", password, "That is no email address."},
		{"user create john@example.org --name=John", "short", "A password has 15 to 128 characters; this one has 5."},
		{"user create john --name= --handle=-", "short", "That is no email address. The name must not be blank. A handle has"},
		{"user create john@example.org --name=John", "", "no password was given"},
		{"user create john@example.org --name=John", "\n", "no password was given"},
		{"user create john@example.org --name=John", "\r\n" + password, "no password was given"},
		{"user role nobody@example.org ADMIN", "", "There is no account with the email nobody@example.org."},
		{"user disable nobody@example.org", "", "There is no account with the email nobody@example.org."},
		{"user enable nobody@example.org", "", "There is no account with the email nobody@example.org."},
		{"user password nobody@example.org", password, "There is no account with the email nobody@example.org."},
		{"user password jane@example.org", "", "no password was given"},
		{"user password jane@example.org", "short", "A password has 15 to 128 characters"},
		{"user password jane@example.org", "jane@example.org", "too easy to guess"},
		{"user role nobody ADMIN", "", "That is no email address."},
		{"user export nobody@example.org", "", "There is no account with the email nobody@example.org."},
		{"user export nobody", "", "That is no email address."},
		{"user delete nobody@example.org --yes", "", "There is no account with the email nobody@example.org."},
		{"user delete nobody@example.org", "nobody@example.org\n", "There is no account with the email nobody@example.org."},
		{"user delete jane@example.org", "", "it was not confirmed, and nothing was deleted"},
		{"user delete jane@example.org", "\njane@example.org\n", "it was not confirmed, and nothing was deleted"},
		{"user delete jane@example.org", "yes\n", "it was not confirmed, and nothing was deleted"},
		{"user delete jane@example.org", "john@example.org\n", "it was not confirmed, and nothing was deleted"},
	} {
		s.stdin = test.stdin
		s.fails(t, 1, test.reason, strings.Fields(test.args)...)
	}
	if list := s.does(t, "user", "list"); strings.Count(list, "\n") != 2 || !strings.Contains(list, "AUTHOR  enabled") {
		t.Errorf("postern user list =\n%s, want Jane alone, as she was", list)
	}
}

// TestUserWithAShortPassword lets passwords have eight characters.
func TestUserWithAShortPassword(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.env["PASSWORD_MIN_LENGTH"] = "8"
	for _, args := range [][]string{{"user", "create", "jane@example.org", "--name=Jane"}, {"user", "password", "jane@example.org"}} {
		s.stdin = "x7kq9zw"
		s.fails(t, 1, "A password has 8 to 128 characters; this one has 7.", args...)
		s.stdin = "x7kq9zwv"
		s.does(t, args...)
	}
}

// silent is a standard input where nobody types. What reads from it is told to give up.
type silent struct{ giveUp context.CancelFunc }

func (s silent) Read([]byte) (int, error) {
	s.giveUp()
	select {}
}

func TestPasswordIsNotWaitedForInVain(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := newShell(t)
	err := cli.Run(ctx, s.world(silent{cancel}, io.Discard, io.Discard, "user", "create", "jane@example.org", "--name=Jane"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("postern user create, interrupted = %v, want %v", err, context.Canceled)
	}
	if list := s.does(t, "user", "list"); strings.Contains(list, "jane") {
		t.Errorf("postern user list = %q, want nobody", list)
	}
}

func TestPasswordThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	err := cli.Run(t.Context(), s.world(iotest.ErrReader(errors.New("the pipe broke")), io.Discard, io.Discard,
		"user", "create", "jane@example.org", "--name=Jane"))
	if err == nil || !strings.Contains(err.Error(), "read the password: the pipe broke") {
		t.Errorf("postern user create of a broken pipe = %v, want that", err)
	}
}

// TestPasswordIsOneLine hands in lines that end differently. How long a password is, the refusal tells.
func TestPasswordIsOneLine(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	s.stdin = password
	s.does(t, "user", "create", "jane@example.org", "--name=Jane")
	for _, stdin := range []string{password, password + "\n", password + "\r\n", password + "\nsomething else\n", strings.Repeat("umbrella gravel ", 7) + "sixteen end\n"} {
		s.stdin = stdin
		s.does(t, "user", "password", "jane@example.org")
	}
	for stdin, length := range map[string]string{"fourteen chars\n": "14", "fourteen chars\r\n": "14", "fourteen chars\nmore\n": "14", " twelve chars \n": "14"} {
		s.stdin = stdin
		s.fails(t, 1, "this one has "+length, "user", "password", "jane@example.org")
	}
}
