package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestExample runs the program against the real binary: POSTERN is its path.
func TestExample(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), []string{start(t) + "/graphql"}, &out); err != nil {
		t.Fatal(err)
	}
	want := strings.TrimLeft(`
signed up as grace
published /one
published /two
First is saved: version 2
Second is not saved: version 2 is First
Two, by Grace
First, by Grace
`, "\n")
	if out.String() != want {
		t.Errorf("it printed\n%swant\n%s", &out, want)
	}
}

// start runs an empty blog until the test ends, and returns where it is.
func start(t *testing.T) string {
	t.Helper()
	binary, found := os.LookupEnv("POSTERN")
	if !found {
		t.Fatal("POSTERN must be the path of the built binary")
	}
	server := exec.CommandContext(t.Context(), binary, "serve", "--addr", "127.0.0.1:0", "--log-format", "json")
	server.Dir = t.TempDir()
	server.Env = []string{"DATA_DIR=" + server.Dir, "LIMIT_SIGNUPS_OF_ADDRESS=0"}
	log, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Wait() }) // the test's context has ended it

	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var line struct{ Msg, Addr string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.Msg == "listening" {
			return "http://" + line.Addr
		}
	}
	t.Fatal("the server ended before it listened")
	return ""
}
