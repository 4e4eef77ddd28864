package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxSeen is how many tokens each half of a seen remembers: some three megabytes in all.
const maxSeen = 1 << 13

// seen remembers tokens that have been verified, by their hashes: only good ones, so that nobody can fill it who has none. It
// forgets all those that have not been asked for while it was half filled. It is safe for concurrent use.
type seen struct {
	mu         sync.Mutex
	young, old map[[sha256.Size]byte]verified
}

// verified is what a token says, and from when until when that is so.
type verified struct {
	Claims
	from, until time.Time
}

func newSeen() *seen {
	return &seen{young: make(map[[sha256.Size]byte]verified)}
}

// get answers for a token that is good now.
func (s *seen) get(token [sha256.Size]byte, now time.Time) (Claims, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, known := s.young[token]
	if !known {
		if v, known = s.old[token]; known {
			s.keep(token, v)
		}
	}
	return v.Claims, known && !now.Before(v.from) && now.Before(v.until)
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
