package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCompletionInBash asks bash itself what it would offer.
func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	script := newShell(t).does(t, "completion", "bash")
	for _, test := range []struct{ typed, want string }{
		{"postern us", "user"},
		{"postern ", "serve migrate user audit keys mail config version healthcheck completion"},
		{"postern user ", "create list role disable enable password export delete"},
		{"postern user cr", "create"},
		{"postern migrate ", "up status"},
		{"postern completion ", "bash zsh fish"},
		{"postern --no-", "--no-graphiql --no-introspection --no-migrate --no-signup"},
		{"postern user create --na", "--name"},
		{"postern user --na", ""},
		{"postern version --log-", "--log-level --log-format"},
		{"postern nonsense us", "user"},
		{"postern --production user ", "create list role disable enable password export delete"},
		{"postern --addr 127.0.0.1:80 us", "user"},
		{"postern user role jane@example.org --he", "--help"},
		{"./bin/postern user d", "disable delete"},
		{"postern user $(exit) d", "disable delete"},
	} {
		words := strings.Split(test.typed, " ")
		// The words are bash's arguments; the function answers in COMPREPLY.
		command := exec.CommandContext(t.Context(), "bash", append([]string{
			"--noprofile", "--norc", "-c", script + `COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _postern; printf '%s\n' "${COMPREPLY[@]}"`, "bash",
		}, words...)...)
		output, err := command.CombinedOutput()
		if got := strings.Join(strings.Fields(string(output)), " "); got != test.want || err != nil {
			t.Errorf("bash completes %q with %q, %v, want %q", test.typed, got, err, test.want)
		}
	}
}

// TestCompletionIsWellFormed lets each shell that is there read its script, without running it.
func TestCompletionIsWellFormed(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script := s.does(t, "completion", shell)
		for _, word := range []string{`"postern user password"`, `"postern migrate up"`, "--shutdown-timeout", "--no-signup"} {
			if !strings.Contains(script, word) {
				t.Errorf("postern completion %s has no %s", shell, word)
			}
		}
		if strings.Contains(script, "%!") || strings.Contains(script, "hunter2") {
			t.Errorf("postern completion %s = %s", shell, script)
		}
		program, err := exec.LookPath(shell)
		if err != nil && shell != "bash" {
			continue
		}
		file := filepath.Join(t.TempDir(), "postern")
		if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		if output, err := exec.CommandContext(t.Context(), program, "-n", file).CombinedOutput(); err != nil {
			t.Errorf("%s does not read its script: %v, %s", shell, err, output)
		}
	}
}

// TestCompletionKnowsEveryCommand compares it with the help.
func TestCompletionKnowsEveryCommand(t *testing.T) {
	t.Parallel()
	s := newShell(t)
	script, help := s.does(t, "completion", "bash"), s.does(t, "--help")
	_, list, _ := strings.Cut(help, "Commands:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	var commands []string
	for line := range strings.Lines(list) {
		if name, _, found := strings.Cut(strings.TrimPrefix(line, "  "), "  "); found && name != "" {
			commands = append(commands, name)
		}
	}
	if !slices.Contains(commands, "user password") || !slices.Contains(commands, "serve") {
		t.Fatalf("postern --help lists %q, want every command", commands)
	}
	for _, name := range commands {
		if !strings.Contains(script, "    \"postern "+name+"\") choices=") {
			t.Errorf("postern completion bash has no %q", name)
		}
	}
}
