package auth

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestPasswordsHashAsManyAtOnceAsThereAreProcessors(t *testing.T) {
	t.Parallel()
	if got, want := cap(NewPasswords().slots), runtime.GOMAXPROCS(0); got != want {
		t.Errorf("slots = %d, want GOMAXPROCS, %d", got, want)
	}
}

// TestPasswordsWaitForTheirTurn takes all slots, so that whatever hashes has to wait: that of no account, too.
func TestPasswordsWaitForTheirTurn(t *testing.T) {
	t.Parallel()
	hash := current.format(make([]byte, saltLength), make([]byte, keyLength))
	for name, work := range map[string]func(context.Context, *Passwords) error{
		"Hash": func(ctx context.Context, p *Passwords) error {
			_, err := p.Hash(ctx, "password")
			return err
		},
		"Verify a hash": func(ctx context.Context, p *Passwords) error {
			_, err := p.Verify(ctx, "password", hash)
			return err
		},
		"Verify no hash": func(ctx context.Context, p *Passwords) error {
			_, err := p.Verify(ctx, "password", "")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := NewPasswords()
				for range cap(p.slots) {
					p.slots <- struct{}{}
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := work(ctx, p); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("without a slot = %v, want %v", err, context.DeadlineExceeded)
				}

				done := make(chan error, 1)
				go func() { done <- work(t.Context(), p) }()
				synctest.Wait()
				select {
				case err := <-done:
					t.Fatalf("without a slot = %v, want it to wait", err)
				default:
				}
				<-p.slots
				if err := <-done; err != nil {
					t.Errorf("with a slot = %v, want nil", err)
				}
				if got, want := len(p.slots), cap(p.slots)-1; got != want {
					t.Errorf("slots taken afterwards = %d, want %d", got, want)
				}
			})
		})
	}
}

func TestNoHashCostsAsMuchAsAny(t *testing.T) {
	t.Parallel()
	costs, salt, key, err := parse(NewPasswords().dummy)
	if costs != current || len(salt) != saltLength || len(key) != keyLength || err != nil {
		t.Errorf("parse(dummy) = %v, %d, %d, %v, want %v, %d, %d", costs, len(salt), len(key), err, current, saltLength, keyLength)
	}
}
