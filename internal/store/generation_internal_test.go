package store

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestGenerationWhileCommitting has commits that others can already read, and that are not yet counted.
func TestGenerationWhileCommitting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c changes
		c.up(false)
		before, known := c.generation()
		if !known {
			t.Fatal("generation() of a line that is up is not known")
		}
		unknown := func() error {
			if _, known := c.generation(); known {
				t.Error("generation() while a commit is on its way is known")
			}
			return nil
		}
		if err := c.commit(func() error { return errors.Join(unknown(), c.commit(unknown), unknown()) }); err != nil {
			t.Fatal(err)
		}
		if after, known := c.generation(); after != before+2 || !known {
			t.Errorf("generation() after two commits = %d, %t, want %d", after, known, before+2)
		}
		lost := errors.New("connection lost")
		if err := c.commit(func() error { return lost }); !errors.Is(err, lost) {
			t.Errorf("commit() = %v, want %v", err, lost)
		}
		<-time.After(doubt - time.Nanosecond)
		_ = unknown() // the server may yet do it
		<-time.After(time.Nanosecond)
		synctest.Wait()
		if after, known := c.generation(); after != before+3 || !known {
			t.Errorf("generation() after a commit that failed = %d, %t, want %d", after, known, before+3)
		}
	})
}
