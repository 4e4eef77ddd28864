package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxSeen is how many tokens each half of a seen remembers: some five megabytes in all.
const maxSeen = 1 << 13

// seen remembers tokens that have been verified, by their hashes: only good ones, so that nobody can fill it who has none. It
// forgets all those that have not been asked for while it was half filled. It is safe for concurrent use.
type seen struct {
	mu         sync.Mutex
	young, old map[[sha256.Size]byte]verified
}

// verified is what a token says, from when until when that is so, and until when its key says so: without end if zero.
type verified struct {
	Claims
	from, until, keyUntil time.Time
}

// at tells what is wrong with it at a time.
func (v verified) at(now time.Time) error {
	switch {
	case now.Before(v.from), past(v.keyUntil, now):
		return TokenInvalid
	case !now.Before(v.until):
		return TokenExpired
	}
	return nil
}

func newSeen() *seen {
	return &seen{young: make(map[[sha256.Size]byte]verified)}
}

// get tells what was verified of a token, which may have expired since.
func (s *seen) get(token [sha256.Size]byte) (v verified, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v, known = s.young[token]; known {
		return v, true
	}
	if v, known = s.old[token]; known {
		s.keep(token, v)
	}
	return v, known
}

func (s *seen) put(token [sha256.Size]byte, v verified) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(token, v)
}

func (s *seen) keep(token [sha256.Size]byte, v verified) {
	if len(s.young) >= maxSeen {
		s.old, s.young = s.young, make(map[[sha256.Size]byte]verified)
	}
	s.young[token] = v
}
