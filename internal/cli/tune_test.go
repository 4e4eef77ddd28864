package cli_test

import (
	"testing"

	"postern/internal/cli"
)

// TestTune: what the environment says stays as it is.
func TestTune(t *testing.T) {
	for name, kept := range map[string]bool{"GOGC": false, "GOMEMLIMIT": false, "GOMAXPROCS": true} {
		got := cli.Tune(func(asked string) string { return map[string]string{name: "50"}[asked] })
		if len(got) > 0 != kept {
			t.Errorf("with %s set, %d bytes are kept, want some: %t", name, len(got), kept)
		}
	}
}
