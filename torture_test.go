//go:build torture

package main

import (
	"testing"
	"time"

	"postern/internal/store/storetest"
)

// What is here takes minutes, and is run by make torture. Each has a short form beside it, which go test runs.

// TestTortureConnections cuts ten thousand connections.
func TestTortureConnections(t *testing.T) {
	cutConnections(t, 10_000)
}

// TestTortureRefresh uses one refresh token a hundred times at once, a thousand times over.
func TestTortureRefresh(t *testing.T) { refreshAtOnce(t, 1000, 100) }

// TestTortureKilled kills a server two hundred times while devices refresh their tokens.
func TestTortureKilled(t *testing.T) {
	killOften(t, 200)
}

// TestTortureReplicas breaks the lines for five seconds, one after the other and then all at once, by resetting and by
// swallowing what they carry.
func TestTortureReplicas(t *testing.T) {
	const rounds, outage = 3, 5 * time.Second
	f := newFleet(t, 10, 30*time.Minute)
	all := f.replicas
	f.whileAllWrite(t, 4, func() {
		for range rounds {
			for how, breaks := range map[string]func(*storetest.Proxy){
				"reset": (*storetest.Proxy).Cut, "swallowed": (*storetest.Proxy).Swallow,
			} {
				for _, broken := range [][]*replica{all[:1], all[1:2], all[2:], all} {
					later := f.breakLines(t, breaks, outage, broken)
					t.Logf("%d of 3 lines %s for %s: all had caught up %s later", len(broken), how, outage, later)
				}
			}
		}
	})
	f.check(t)
}

// breakLines breaks lines for a while, and tells how much later all have heard of what was published at its end.
func (f *fleet) breakLines(
	t *testing.T, breaks func(*storetest.Proxy), while time.Duration, broken []*replica,
) (later time.Duration) {
	t.Helper()
	for _, r := range broken {
		breaks(r.line)
	}
	<-time.After(while)
	for _, r := range broken {
		r.line.Mend()
	}
	mended := time.Now()
	through := f.replicas[0]
	if through == broken[0] {
		through = f.replicas[2]
	}
	f.announce(t, through, f.replicas)
	return time.Since(mended).Round(time.Millisecond)
}

// TestTortureGuesses guesses ten thousand times.
func TestTortureGuesses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, url string) { guess(t, url, 10_000) })
}
