package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"postern/internal/store/storetest"
)

// TestReadme runs the README's session word for word, but for the server's address, on both databases.
func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, session, _ := strings.Cut(string(text), "<!-- session -->")
	session, _, found := strings.Cut(session, "<!-- /session -->")
	if !found {
		t.Fatal("README.md has no session")
	}
	blocks := regexp.MustCompile("(?ms)^```(sh|json)\n(.*?)^```").FindAllStringSubmatch(session, -1)
	storetest.Each(t, func(t *testing.T, url string) {
		p := start(t, environment{"DATABASE_URL": url, "DATA_DIR": t.TempDir()})
		const separator = "\n=====\n"
		var script strings.Builder
		var want []string
		for _, block := range blocks {
			switch kind, content := block[1], block[2]; kind {
			case "sh":
				fmt.Fprintf(&script, "%s\nprintf '%%s' '%s'\n", strings.ReplaceAll(content, "http://127.0.0.1:8080", p.url), separator)
				want = append(want, "")
			case "json":
				want[len(want)-1] = content
			}
		}
		if len(want) < 5 {
			t.Fatalf("the session has only %d steps", len(want))
		}
		output, err := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", script.String()).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		got := strings.Split(string(output), separator)
		for i, w := range want {
			if !sameJSON(t, got[i], w) {
				t.Errorf("step %d answered\n%s\nand the README says\n%s", i+1, got[i], w)
			}
		}
	})
}

// sameJSON compares two texts as JSON; tokens differ each time, and stand as … in the README.
func sameJSON(t *testing.T, got, want string) bool {
	t.Helper()
	token := regexp.MustCompile(`("(?:access|refresh)Token":\s*)"[^"]+"`)
	decode := func(text string) (value any) {
		if strings.TrimSpace(text) == "" {
			return nil
		}
		if err := json.Unmarshal([]byte(token.ReplaceAllString(text, `$1"…"`)), &value); err != nil {
			t.Errorf("%v in %s", err, text)
		}
		return value
	}
	return reflect.DeepEqual(decode(got), decode(want))
}
