package auth

import "context"

// Verify enters to verify alone.
func (p *Passwords) Verify(ctx context.Context, password, hash string) (bool, error) {
	place, err := p.Enter()
	if err != nil {
		return false, err
	}
	defer place.Leave()
	return place.Verify(ctx, password, hash)
}
