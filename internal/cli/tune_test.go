package cli_test

import (
	"runtime"
	"testing"

	"postern/internal/cli"
)

// TestTune: what the environment says stays as it is.
func TestTune(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	for _, test := range []struct {
		name, value string
		more        int
		kept        bool
	}{
		{"GOMAXPROCS", "3", 0, true}, {"GOGC", "50", 1, false}, {"GOMEMLIMIT", "64MiB", 1, false}, {"", "", 1, true},
	} {
		runtime.GOMAXPROCS(before)
		kept := cli.Tune(func(name string) string { return map[string]string{test.name: test.value}[name] })
		if more := runtime.GOMAXPROCS(0) - before; more != test.more || (len(kept) > 0) != test.kept {
			t.Errorf("with %s=%s: %d goroutines more may run, and %d bytes are kept, want %d, and some: %t",
				test.name, test.value, more, len(kept), test.more, test.kept)
		}
	}
}
