package limit

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// cancelled makes one as package context does.
func cancelled(parent context.Context, at time.Time, cause error) (context.Context, context.CancelFunc) {
	d := withDeadline(parent, at, cause)
	return d, d.end
}

// TestDeadline compares contexts with those of package context, through all that may happen to them, whether somebody waits or not.
func TestDeadline(t *testing.T) {
	t.Parallel()
	type key struct{}
	late := errors.New("too late")
	parentsCause := errors.New("its parent's")
	for name, happens := range map[string]func(end, endParent func()){
		"nothing":                func(_, _ func()) {},
		"time":                   func(_, _ func()) { <-time.After(2 * time.Second) },
		"its end":                func(end, _ func()) { end() },
		"its parent's end":       func(_, endParent func()) { endParent() },
		"its end, and time":      func(end, _ func()) { end(); <-time.After(2 * time.Second) },
		"time, and its end":      func(end, _ func()) { <-time.After(2 * time.Second); end() },
		"its parent's end, late": func(_, endParent func()) { <-time.After(2 * time.Second); endParent() },
		"its end, twice":         func(end, _ func()) { end(); end() },
	} {
		for _, waits := range []bool{false, true} {
			if name == "its parent's end, late" && !waits {
				continue // nobody has asked in time which was first
			}
			synctest.Test(t, func(t *testing.T) {
				see := func(from func(context.Context, time.Time, error) (context.Context, context.CancelFunc)) [6]any {
					parent, endParent := context.WithCancelCause(context.WithValue(t.Context(), key{}, "value"))
					ctx, end := from(parent, time.Now().Add(time.Second), late)
					defer end()
					child := context.WithValue(ctx, key{}, "child's")
					if waits {
						var endChild context.CancelFunc
						child, endChild = context.WithCancel(child)
						defer endChild()
					}
					happens(end, func() { endParent(parentsCause) })
					err, cause := ctx.Err(), context.Cause(ctx)
					done := false
					select {
					case <-ctx.Done():
						done = true
					default:
					}
					return [6]any{err, cause, done, ctx.Value(key{}), child.Value(key{}), errors.Is(child.Err(), err)}
				}
				if got, want := see(cancelled), see(context.WithDeadlineCause); got != want {
					t.Errorf("%s, waited for: %t: %v, want %v", name, waits, got, want)
				}
			})
		}
	}
}

// TestDeadlineOfTheParent: it is the earlier one.
func TestDeadlineOfTheParent(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, after := range []time.Duration{-time.Hour, time.Hour} {
		parent, end := context.WithDeadline(t.Context(), now.Add(24*time.Hour))
		ctx, endToo := cancelled(parent, now.Add(24*time.Hour+after), nil)
		want := now.Add(24*time.Hour + min(after, 0))
		if at, ok := ctx.Deadline(); !ok || !at.Equal(want) {
			t.Errorf("the deadline is %v, want %v", at, want)
		}
		endToo()
		end()
	}
}

// TestDeadlineAtOnce has many ask, wait and end it at the same time: who waits is told, and nothing hangs.
func TestDeadlineAtOnce(t *testing.T) {
	t.Parallel()
	for range 200 {
		ctx, end := cancelled(t.Context(), time.Now().Add(time.Hour), errors.New("late"))
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				for ctx.Err() == nil {
					_, _ = ctx.Value(t), context.Cause(ctx)
				}
			})
			all.Go(func() { <-ctx.Done() })
			all.Go(func() {
				child, endChild := context.WithCancel(ctx)
				defer endChild()
				<-child.Done()
			})
		}
		all.Go(end)
		all.Wait()
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Fatal(ctx.Err())
		}
	}
}

// TestDeadlineWithoutATimer: who merely asks leaves none.
func TestDeadlineWithoutATimer(t *testing.T) {
	t.Parallel()
	ctx, end := cancelled(t.Context(), time.Now().Add(time.Hour), nil)
	defer end()
	if ctx.Err() != nil || context.Cause(ctx) != nil || ctx.(*deadline).timed.Load() != nil { //nolint:forcetypeassert // it is one
		t.Error("there is a timer, or it has ended")
	}
}
