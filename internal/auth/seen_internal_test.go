package auth

import (
	"encoding/binary"
	"testing"
)

// TestSeenIsBounded shows it a hundred times what it may remember; what is asked for all the while stays.
func TestSeenIsBounded(t *testing.T) {
	t.Parallel()
	v := verified{Claims: Claims{TokenID: "1"}}
	s := newSeen()
	var token, favourite [32]byte
	favourite[31] = 1
	s.put(favourite, v)
	for i := range 100 * uint64(maxSeen) {
		binary.BigEndian.PutUint64(token[:], i)
		s.put(token, v)
		if i%(maxSeen/2) != 0 {
			continue
		}
		if most := len(s.young) + len(s.old); most > 2*maxSeen {
			t.Fatalf("it remembers %d tokens, want %d at most", most, 2*maxSeen)
		}
		if _, known := s.get(favourite); !known {
			t.Fatalf("after %d others it has forgotten what was asked for all the while", i)
		}
	}
	if got, known := s.get(token); !known || got.Claims != v.Claims {
		t.Errorf("get(the last) = %v, %v, want it", got, known)
	}
	if _, known := s.get([32]byte{}); known {
		t.Error("get(the first) is remembered")
	}
}
