package auth

import (
	"context"
	"errors"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"postern/internal/argon2id"
	"postern/internal/fault"
	"postern/internal/width"
)

func TestDefaultPool(t *testing.T) {
	t.Parallel()
	n := runtime.GOMAXPROCS(0)
	for w, hashers := range map[*width.Width]int{nil: max(n-1, 1), width.New(func(string) string { return "" }): n} {
		want := Pool{Hashers: hashers, Queue: 8 * hashers, Patience: 2 * time.Second, Pause: time.Second, Width: w}
		if got := DefaultPool(w); !reflect.DeepEqual(got, want) {
			t.Errorf("DefaultPool(%v) = %+v, want %+v", w, got, want)
		}
	}
}

// workshop is a pool whose every piece of work lasts until it is let go, in the order in which work began.
type workshop struct {
	hashers
	goOn chan struct{}

	mu    sync.Mutex
	began []int
	left  map[int]error // what each was answered
}

// occupied returns a workshop of two hashers and three waiting places where so many came, one after the other.
func occupied(t *testing.T, guests int) *workshop {
	t.Helper()
	w := &workshop{
		hashers: newHashers(Pool{Hashers: 2, Queue: 3, Patience: 2 * time.Second, Pause: time.Second}),
		goOn:    make(chan struct{}), left: map[int]error{},
	}
	for guest := range guests {
		w.visit(t.Context(), guest)
	}
	return w
}

// visit has somebody come, and returns once they wait or work or have left.
func (w *workshop) visit(ctx context.Context, guest int) {
	go func() {
		err := w.do(ctx, func(*argon2id.Memory) {
			w.mu.Lock()
			w.began = append(w.began, guest)
			w.mu.Unlock()
			<-w.goOn
		})
		w.mu.Lock()
		defer w.mu.Unlock()
		w.left[guest] = err
	}()
	synctest.Wait()
}

// finish lets so much work end, one after the other.
func (w *workshop) finish(works int) {
	for range works {
		w.goOn <- struct{}{}
		synctest.Wait()
	}
}

// worked checks in which order work began.
func (w *workshop) worked(t *testing.T, want ...int) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.began, want) {
		t.Errorf("work began in the order %v, want %v", w.began, want)
	}
}

// answered checks who has left so far, and with what; nil is for those whose work was done.
func (w *workshop) answered(t *testing.T, when string, want map[int]error) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for guest, err := range w.left {
		if wanted, due := want[guest]; !due || !errors.Is(err, wanted) && fault.CodeOf(err) != fault.CodeOf(wanted) {
			t.Errorf("%s, guest %d was answered %v, want %v (due: %v)", when, guest, err, wanted, due)
		}
	}
	if len(w.left) != len(want) {
		t.Errorf("%s, %d were answered, want %d", when, len(w.left), len(want))
	}
}

func TestPoolServesInTheOrderOfComing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := occupied(t, 5)
		w.worked(t, 0, 1)
		w.finish(1)
		w.visit(t.Context(), 5) // who comes now is behind those who wait
		w.finish(5)
		w.worked(t, 0, 1, 2, 3, 4, 5)
		w.answered(t, "in the end", map[int]error{0: nil, 1: nil, 2: nil, 3: nil, 4: nil, 5: nil})
	})
}

// TestPoolThatIsFullRefuses has so many come that about half of them, whom there is no room for, are told so in half a second.
func TestPoolThatIsFullRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const many = 200
		w := occupied(t, 5+many)
		w.answered(t, "at once", nil)
		<-time.After(time.Second / 2)
		synctest.Wait()
		w.mu.Lock()
		half := len(w.left)
		w.mu.Unlock()
		if half < many/4 || half > 3*many/4 {
			t.Errorf("after half a second %d of %d were refused, want about half", half, many)
		}
		<-time.After(time.Second / 2)
		synctest.Wait()
		refused := make(map[int]error)
		for guest := range many {
			refused[5+guest] = overloaded()
		}
		w.answered(t, "after a second", refused)
		w.finish(1)
		w.visit(t.Context(), 5+many)
		w.finish(5)
		w.worked(t, 0, 1, 2, 3, 4, 5+many)
	})
}

func TestPoolIsWaitedForTwoSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := occupied(t, 4)
		<-time.After(time.Second)
		w.visit(t.Context(), 4)
		<-time.After(time.Second - time.Nanosecond)
		synctest.Wait()
		w.answered(t, "just before two seconds", nil)
		<-time.After(time.Nanosecond)
		synctest.Wait()
		w.answered(t, "after two seconds", map[int]error{2: overloaded(), 3: overloaded()})
		w.finish(1)
		w.worked(t, 0, 1, 4)
		<-time.After(time.Minute)
		w.finish(2)
		w.answered(t, "in the end", map[int]error{0: nil, 1: nil, 2: overloaded(), 3: overloaded(), 4: nil})
	})
}

func TestPoolIsLeftByWhoseContextEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := occupied(t, 3)
		ctx, cancel := context.WithCancel(t.Context())
		w.visit(ctx, 3)
		w.visit(t.Context(), 4)
		w.visit(ctx, 5) // there is no room
		cancel()
		synctest.Wait()
		w.answered(t, "once their client is gone", map[int]error{3: context.Canceled, 5: context.Canceled})
		w.visit(t.Context(), 6) // the place is free again
		w.finish(5)
		w.worked(t, 0, 1, 2, 4, 6)
		w.visit(ctx, 7) // there is room, but nobody who waits for it
		w.worked(t, 0, 1, 2, 4, 6)
	})
}

// TestPoolAfterAPanic has work end by a panic, as that of whoever is recovered further up.
func TestPoolAfterAPanic(t *testing.T) {
	t.Parallel()
	h := newHashers(Pool{Hashers: 1, Patience: time.Minute})
	func() {
		defer func() { _ = recover() }()
		_ = h.do(t.Context(), func(*argon2id.Memory) { panic("work") })
	}()
	if err := h.do(t.Context(), func(*argon2id.Memory) {}); err != nil {
		t.Errorf("do() after a panic = %v, want nil", err)
	}
}

// TestPoolKeepsItsMemoryThroughARush: one hashes in the memory that the one before did, however many could, and what nobody hashes in is
// garbage.
//
//nolint:paralleltest // it has the garbage collected when it says so
func TestPoolKeepsItsMemoryThroughARush(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	h := newHashers(Pool{Hashers: 4, Patience: time.Minute})
	hash := func() uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := h.do(t.Context(), func(m *argon2id.Memory) { m.Key(nil, nil, 1, current.memory, 1, keyLength) }); err != nil {
			t.Error(err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	const all = 19 << 20
	if first, second := hash(), hash(); first < all || second > all/10 {
		t.Errorf("the first one allocated %d bytes, the next one %d", first, second)
	}
	runtime.GC()
	if third := hash(); third < all {
		t.Errorf("after the garbage was collected, the third one allocated %d bytes", third)
	}
}
