package width_test

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"postern/internal/width"
)

func nothing(string) string { return "" }

// TestWiden: there is room for one more while anybody needs it, however many do, and a while longer; then it is as before.
func TestWiden(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	synctest.Test(t, func(t *testing.T) {
		w, other := width.New(nothing), width.New(nothing)
		expect := func(more int, when string) {
			t.Helper()
			synctest.Wait()
			if got := runtime.GOMAXPROCS(0); got != before+more {
				t.Errorf("%s %d goroutines may run, want %d", when, got, before+more)
			}
			if got := w.Usual(); got != before {
				t.Errorf("%s %d is usual, want %d", when, got, before)
			}
		}
		expect(0, "at first")
		for round := range 2 {
			first, second := w.Widen(), other.Widen()
			expect(1, "while two need it")
			first()
			<-time.After(2 * time.Second)
			expect(1, "while one needs it")
			second()
			<-time.After(time.Second / 2)
			expect(1, "a little after that")
			if round == 0 {
				w.Widen()()
				<-time.After(3 * time.Second / 4)
				expect(1, "a little after another one")
			}
			<-time.After(time.Second)
			expect(0, "later")
		}
	})
}

// TestWidenAtOnce has many come and go at the same time.
func TestWidenAtOnce(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	synctest.Test(t, func(t *testing.T) {
		w := width.New(nothing)
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				for range 1000 {
					w.Widen()()
				}
			})
		}
		all.Wait()
		synctest.Wait()
		if got := runtime.GOMAXPROCS(0); got != before+1 {
			t.Errorf("%d goroutines may run, want %d", got, before+1)
		}
		<-time.After(time.Minute)
		synctest.Wait()
		if got := runtime.GOMAXPROCS(0); got != before {
			t.Errorf("in the end %d goroutines may run, want %d", got, before)
		}
	})
}

// TestWidthOfTheEnvironment stays as it is.
func TestWidthOfTheEnvironment(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	w := width.New(func(name string) string { return map[string]string{"GOMAXPROCS": "3"}[name] })
	done := w.Widen()
	if got := runtime.GOMAXPROCS(0); got != before || w.Usual() != before {
		t.Errorf("%d goroutines may run, and %d is usual, want %d", got, w.Usual(), before)
	}
	done()
}
