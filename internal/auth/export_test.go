package auth

import "context"

// Verify waits for its turn to verify alone.
func (p *Passwords) Verify(ctx context.Context, password, hash string) (ok bool, err error) {
	err = p.Do(ctx, func(h Hasher) error {
		ok, err = h.Verify(password, hash)
		return err
	})
	return ok, err
}
