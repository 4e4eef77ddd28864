package account

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// chronicle is a store of an audit log alone, without which time cannot be a test's own.
type chronicle struct {
	Store
	mu      sync.Mutex
	entries []LogEntry
	broken  error
	asked   int         // how often it was asked whether there is more
	read    int         // how often it was read
	forgets []time.Time // before when, as it was told
	batches []bool      // what the calls for that are answered
}

func (c *chronicle) ForgetAttempts(context.Context, time.Time) error { return nil }

func (c *chronicle) ForgetEmails(context.Context, time.Time) error { return nil }

func (c *chronicle) ForgetEvents(_ context.Context, before time.Time) (more bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgets = append(c.forgets, before)
	if len(c.batches) > 0 {
		more, c.batches = c.batches[0], c.batches[1:]
	}
	return more, c.broken
}

func (c *chronicle) Log(_ context.Context, f EventFilter, after int64, limit int) (found []LogEntry, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read++
	for _, e := range c.entries {
		if e.Position > after && len(found) < limit && (len(f.Kinds) == 0 || slices.Contains(f.Kinds, e.Kind)) {
			found = append(found, e)
		}
	}
	if c.broken != nil {
		found = nil
	}
	return found, c.broken
}

func (c *chronicle) LogBefore(context.Context, EventFilter, int) (last int64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if len(c.entries) > 0 {
		last = c.entries[len(c.entries)-1].Position
	}
	return last, c.broken
}

// set makes the log another one, which answers an error or none.
func (c *chronicle) set(broken error, positions ...int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broken, c.entries = broken, nil
	for _, position := range positions {
		c.entries = append(c.entries, LogEntry{Position: position})
	}
}

// TestRunForgetsEvents forgets each minute what is too old, in batches of a second each, and nothing where all is kept.
func TestRunForgetsEvents(t *testing.T) {
	for name, test := range map[string]struct {
		keep    time.Duration
		batches []bool
		want    []int // how many batches, each minute
	}{
		"for ever":   {0, nil, nil},
		"little":     {time.Hour, nil, []int{1, 1}},
		"much":       {time.Hour, []bool{true, true, false}, []int{3, 1}},
		"ever more":  {time.Hour, slices.Repeat([]bool{true}, 3), []int{4, 1}},
		"a long one": {90 * 24 * time.Hour, nil, []int{1, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &chronicle{batches: test.batches}
				ctx, cancel := context.WithTimeout(t.Context(), 125500*time.Millisecond)
				defer cancel()
				start := time.Now()
				NewService(Options{Store: c, Now: time.Now, KeepEvents: test.keep, Log: slog.New(slog.DiscardHandler)}).Run(ctx)
				var got []int
				for i, before := range c.forgets {
					switch at := before.Add(test.keep).Sub(start).Truncate(time.Second); {
					case i > 0 && before.Sub(c.forgets[i-1]) == round:
						got[len(got)-1]++
					case at%time.Minute > round: // in the round of the minute, or the next
						t.Errorf("events were forgotten after %s", at)
					default:
						got = append(got, 1)
					}
				}
				if !slices.Equal(got, test.want) {
					t.Errorf("events were forgotten in %v batches, want %v", got, test.want)
				}
			})
		})
	}
}

// TestRunForgetsEventsAfterItFailed says so, and tries again a minute later.
func TestRunForgetsEventsAfterItFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, log := &chronicle{broken: errors.New("the disk is full")}, new(bytes.Buffer)
		ctx, cancel := context.WithTimeout(t.Context(), 125500*time.Millisecond)
		defer cancel()
		NewService(Options{Store: c, Now: time.Now, KeepEvents: time.Hour, Log: slog.New(slog.NewTextHandler(log, nil))}).Run(ctx)
		if len(c.forgets) != 2 || strings.Count(log.String(), "the disk is full") != 2 {
			t.Errorf("events were tried to be forgotten %d times in two minutes, want 2, and each logged: %s", len(c.forgets), log)
		}
	})
}

// following is what somebody who follows a log is shown, and told.
type following struct {
	positions []int64
	notes     []string
}

func (f *following) show(entries []LogEntry) error {
	for _, e := range entries {
		f.positions = append(f.positions, e.Position)
	}
	return nil
}

func (f *following) note(err error) { f.notes = append(f.notes, err.Error()) }

// TestFollow follows a log through an outage, after which it lacks what was committed last: what comes in its place is shown, and
// nothing twice.
func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := &chronicle{}, &following{}
		service := NewService(Options{Store: c, Now: time.Now})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- service.Follow(ctx, EventFilter{}, 3, f.show, f.note) }()
		down := errors.New("it is down")
		for _, step := range []struct {
			broken    error
			positions []int64
			want      []int64
		}{
			{nil, []int64{3, 4, 6}, []int64{4, 6}},
			{nil, []int64{3, 4, 6}, []int64{4, 6}},
			{down, nil, []int64{4, 6}},
			{down, nil, []int64{4, 6}},
			{nil, []int64{3, 4}, []int64{4, 6}},
			{nil, []int64{3, 4, 5, 6}, []int64{4, 6, 5, 6}},
			{down, nil, []int64{4, 6, 5, 6}},
			{nil, []int64{3, 4, 5, 6, 7}, []int64{4, 6, 5, 6, 7}},
		} {
			c.set(step.broken, step.positions...)
			<-time.After(logRound)
			synctest.Wait()
			if !slices.Equal(f.positions, step.want) {
				t.Errorf("with %v of the log, %v were shown, want %v", step.positions, f.positions, step.want)
			}
		}
		cancel()
		if err := <-ended; err != nil || !slices.Equal(f.notes, []string{"it is down", "it is down"}) {
			t.Errorf("Follow() = %v with the notes %q, want nil and one for each outage", err, f.notes)
		}
	})
}

// TestFollowOfMuch reads on at once while there is more, and looks for more each round.
func TestFollowOfMuch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const entries = 3*logBatch + 1
		c, f := &chronicle{}, &following{}
		positions := make([]int64, entries)
		for i := range positions {
			positions[i] = int64(i + 1)
		}
		c.set(nil, positions...)
		ctx, cancel := context.WithTimeout(t.Context(), logRound/2)
		defer cancel()
		if err := NewService(Options{Store: c, Now: time.Now}).Follow(ctx, EventFilter{}, 0, f.show, f.note); err != nil || c.asked != 4 {
			t.Errorf("Follow() = %v after %d reads, want nil after 4", err, c.asked)
		}
		if !slices.Equal(f.positions, positions) {
			t.Errorf("%d were shown, want all %d, in order", len(f.positions), entries)
		}
	})
}

// TestFollowOfLittle: what its filter did not let through is not read again, however long nothing else comes.
func TestFollowOfLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, f := &chronicle{}, &following{}
		c.set(nil, 1, 2, 3)
		service := NewService(Options{Store: c, Now: time.Now})
		filter := EventFilter{Kinds: []EventKind{RoleChanged}}
		after, err := service.Log(t.Context(), filter, 0, f.show)
		if err != nil || after != 3 {
			t.Fatalf("Log() = %d, %v, want 3: all was looked at", after, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- service.Follow(ctx, filter, after, f.show, f.note) }()
		c.set(nil, 1, 2, 3, 4)
		<-time.After(10 * logRound)
		synctest.Wait()
		if c.read != 2 || len(f.positions) > 0 {
			t.Errorf("after ten rounds the log was read %d times and %v shown, want it read twice, and none", c.read, f.positions)
		}
		c.mu.Lock()
		c.entries = append(c.entries, LogEntry{Position: 5, Event: Event{Kind: RoleChanged}})
		c.mu.Unlock()
		<-time.After(logRound)
		synctest.Wait()
		if cancel(); !slices.Equal(f.positions, []int64{5}) || <-ended != nil {
			t.Errorf("%v were shown, want what came", f.positions)
		}
	})
}
