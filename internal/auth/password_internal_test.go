package auth

import (
	"testing"

	"postern/internal/fault"
)

// TestPasswordsAreAllHashedInThePool asks a pool without room for whatever hashes: that of no account, too.
func TestPasswordsAreAllHashedInThePool(t *testing.T) {
	t.Parallel()
	p := NewPasswords(Pool{})
	hash := current.format(make([]byte, saltLength), make([]byte, keyLength))
	for name, work := range map[string]func() error{
		"Hash": func() error {
			_, err := p.Hash(t.Context(), "password")
			return err
		},
		"Verify a hash": func() error {
			_, err := p.Verify(t.Context(), "password", hash)
			return err
		},
		"Verify no hash": func() error {
			_, err := p.Verify(t.Context(), "password", "")
			return err
		},
	} {
		if err := work(); fault.CodeOf(err) != fault.Overloaded {
			t.Errorf("%s = %v, want OVERLOADED", name, err)
		}
	}
}

func TestNoHashCostsAsMuchAsAny(t *testing.T) {
	t.Parallel()
	costs, salt, key, err := parse(NewPasswords(DefaultPool(nil)).dummy)
	if costs != current || len(salt) != saltLength || len(key) != keyLength || err != nil {
		t.Errorf("parse(dummy) = %v, %d, %d, %v, want %v, %d, %d", costs, len(salt), len(key), err, current, saltLength, keyLength)
	}
}
