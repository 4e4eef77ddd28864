// Package throttle says how often something may be tried, by an account or from an address. How often it was, the store
// remembers, for all replicas.
//
// It imports nothing of ours but fault.
package throttle

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"postern/internal/fault"
)

// Limit is how often something may be tried.
type Limit struct {
	// Most is how often it may be within Within, from the first time on. If Within is zero, who has tried so often waits Least
	// before the next time, and twice as long each time, up to Longest; who does not try for Forget begins anew. If Most is
	// zero, there is no limit.
	Most   int
	Within time.Duration
}

// How long to wait between attempts of which there were too many.
const (
	Least   = time.Second
	Longest = 15 * time.Minute
	Forget  = time.Hour
)

// Attempt is one at something for which there is a limit.
type Attempt struct {
	Limit

	// Key is what attempts are counted by. It is a hash, so that keys are short, and nobody reads emails or addresses who happens
	// to look at them. It hides them from nobody who wants to know: of IPv4 all addresses are hashed in minutes, and an email that
	// is guessed can be compared.
	Key string
}

// Of is an attempt at what has a name, by who is known by another.
func (l Limit) Of(what, who string) Attempt {
	sum := sha256.Sum256([]byte(who))
	return Attempt{Key: what + ":" + base64.RawURLEncoding.EncodeToString(sum[:]), Limit: l}
}

// Standing is how often something was tried.
type Standing struct {
	Count int
	// Until is when counting begins anew.
	Until time.Time
}

// TooOften is the RateLimited fault of an attempt that must not be made before a time.
func TooOften(until, now time.Time) error {
	return fault.New(fault.RateLimited, "This was tried too often. Try again later.").After(until.Sub(now))
}
