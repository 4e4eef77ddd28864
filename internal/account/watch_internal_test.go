package account

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"postern/internal/auth"
	"postern/internal/id"
)

// sessions are a store of sessions alone, without which time cannot be a test's own.
type sessions struct {
	Store
	mu     sync.Mutex
	living map[id.Session]auth.Role
	broken error
	asked  []int  // for how many sessions at once
	forgot int    // attempts, how often
	full   error  // answered to that
	read   func() // called with what was found, before it is returned
}

func (s *sessions) LivingSessions(_ context.Context, ids []id.Session, _ time.Time) (map[id.Session]auth.Role, error) {
	s.mu.Lock()
	s.asked = append(s.asked, len(ids))
	living := maps.Clone(s.living)
	maps.DeleteFunc(living, func(session id.Session, _ auth.Role) bool { return !slices.Contains(ids, session) })
	broken := s.broken
	s.mu.Unlock()
	if s.read != nil {
		s.read()
	}
	return living, broken
}

// SessionRole answers nothing, as a database whose packets get lost.
func (s *sessions) SessionRole(ctx context.Context, _ id.User, _ id.Session, _ time.Time) (auth.Role, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func (s *sessions) ForgetAttempts(context.Context, time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgot++
	return s.full
}

func (s *sessions) ForgetEmails(context.Context, time.Time) error { return nil }

func (s *sessions) EndSession(_ context.Context, _ id.User, session id.Session, _ ...Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.living, session)
	return nil
}

// set changes the role of a session's account as another process does; none ends it.
func (s *sessions) set(session id.Session, role auth.Role) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.living[session] = role; role == 0 {
		delete(s.living, session)
	}
}

func (s *sessions) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
}

// statements are how many sessions each statement asked for since the last call.
func (s *sessions) statements() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.asked = nil }()
	return s.asked
}

// watchman is a service on such a store.
type watchman struct {
	*Service
	store *sessions
	log   *bytes.Buffer
}

// guard runs a test with a watchman, in a time of its own.
func guard(t *testing.T, test func(*testing.T, watchman)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := watchman{store: &sessions{living: make(map[id.Session]auth.Role)}, log: new(bytes.Buffer)}
		w.Service = NewService(Options{Store: w.store, Now: time.Now, Log: slog.New(slog.NewTextHandler(w.log, nil))})
		test(t, w)
	})
}

// run has Run run until the end of the test, from a moment between two rounds on.
func (w watchman) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go w.Run(ctx)
	<-time.After(round / 2)
}

// viewer is somebody with a new session, who has just got an access token.
func (w watchman) viewer() auth.Viewer {
	now := time.Now()
	v := auth.Viewer{
		Claims: auth.Claims{UserID: id.NewUser(now), SessionID: id.NewSession(now), ExpiresAt: now.Add(auth.AccessTokenLife)},
		Role:   auth.Author,
	}
	w.store.set(v.SessionID, v.Role)
	return v
}

func (w watchman) watch(t *testing.T, v auth.Viewer) (context.Context, context.CancelFunc) {
	t.Helper()
	ctx, release := w.Watch(t.Context(), auth.Caller{Viewer: &v})
	t.Cleanup(release)
	return ctx, release
}

// hasEnded checks by what a context has ended, once all is quiet; nil is by nothing.
func hasEnded(t *testing.T, ctx context.Context, want error) { //nolint:revive // a test's own t comes first
	t.Helper()
	synctest.Wait()
	if cause := context.Cause(ctx); cause != want { //nolint:errorlint // the very cause
		t.Errorf("at %v it has ended by %v, want %v", time.Now(), cause, want)
	}
}

// watched checks of how many accounts something is watched, once all is quiet.
func (w watchman) watched(t *testing.T, want int) {
	t.Helper()
	synctest.Wait()
	w.watches.mu.Lock()
	defer w.watches.mu.Unlock()
	if got := len(w.watches.byUser); got != want {
		t.Errorf("%d accounts are watched, want %d", got, want)
	}
}

func TestWatchEndsWithItsToken(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]error{"the session lives": nil, "the store does not answer": errors.New("no route")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			guard(t, func(t *testing.T, w watchman) {
				w.store.fail(broken)
				w.run(t)
				v := w.viewer()
				ctx, _ := w.watch(t, v)
				v.ExpiresAt = v.ExpiresAt.Add(time.Minute) // the session was refreshed, and another connection opened
				later, _ := w.watch(t, v)
				<-time.After(auth.AccessTokenLife - time.Nanosecond)
				hasEnded(t, ctx, nil)
				<-time.After(time.Nanosecond)
				hasEnded(t, ctx, auth.TokenExpired)
				hasEnded(t, later, nil)
				<-time.After(time.Minute)
				hasEnded(t, later, auth.TokenExpired)
				w.watched(t, 0)
			})
		})
	}
}

func TestWatchOfATokenThatHasExpired(t *testing.T) {
	t.Parallel()
	guard(t, func(t *testing.T, w watchman) {
		v := w.viewer()
		<-time.After(auth.AccessTokenLife + time.Second) // clocks may be that far apart
		ctx, _ := w.watch(t, v)
		hasEnded(t, ctx, auth.TokenExpired)
		w.watched(t, 0)
	})
}

func TestRunLooksOnceASecond(t *testing.T) {
	t.Parallel()
	guard(t, func(t *testing.T, w watchman) {
		w.run(t)
		<-time.After(time.Hour)
		if got := w.store.statements(); len(got) != 0 {
			t.Errorf("while nothing was watched, there were %d statements, want none", len(got))
		}
		v := w.viewer()
		var open []context.Context
		for range 100 {
			ctx, _ := w.watch(t, v)
			open = append(open, ctx)
		}
		other, _ := w.watch(t, w.viewer())
		<-time.After(3 * round)
		if got := w.store.statements(); !slices.Equal(got, []int{2, 2, 2}) {
			t.Errorf("the statements of 3 rounds ask for %v sessions, want 2 each", got)
		}

		w.store.set(v.SessionID, auth.Reader)
		<-time.After(round)
		for _, ctx := range open {
			if got := auth.FromContext(ctx).Viewer.Role; got != auth.Reader {
				t.Fatalf("FromContext() = %v a round after the role has changed, want %v", got, auth.Reader)
			}
		}
		w.store.set(v.SessionID, 0)
		<-time.After(round)
		for _, ctx := range open {
			hasEnded(t, ctx, auth.SessionEnded)
		}
		hasEnded(t, other, nil)
		w.watched(t, 1)
	})
}

func TestRunAsksForManySessionsAtOnce(t *testing.T) {
	t.Parallel()
	guard(t, func(t *testing.T, w watchman) {
		w.run(t)
		ctx, release := context.WithCancel(t.Context())
		var last context.Context
		var viewer auth.Viewer
		for range 10_000 {
			viewer = w.viewer()
			last, _ = w.Watch(ctx, auth.Caller{Viewer: &viewer}) //nolint:fatcontext // only the last is looked at
		}
		<-time.After(round)
		if got := w.store.statements(); len(got) != 20 || slices.Max(got) > 512 {
			t.Errorf("the statements of a round ask for %v sessions, want 20 for 10,000", got)
		}
		w.store.set(viewer.SessionID, 0)
		<-time.After(round)
		hasEnded(t, last, auth.SessionEnded)
		w.watched(t, 9999)
		release()
		w.watched(t, 0)
	})
}

func TestRunWhileTheStoreDoesNotAnswer(t *testing.T) {
	t.Parallel()
	guard(t, func(t *testing.T, w watchman) {
		w.run(t)
		v := w.viewer()
		ended, _ := w.watch(t, v)
		living, _ := w.watch(t, w.viewer())
		for outage := 1; outage <= 2; outage++ {
			w.store.fail(errors.New("no route to the database"))
			w.store.set(v.SessionID, 0)
			<-time.After(time.Minute)
			if outage == 1 {
				hasEnded(t, ended, nil)
			}
			if got := strings.Count(w.log.String(), "no route to the database"); got != outage {
				t.Errorf("after %d outages the log is %q, want one line for each", outage, w.log)
			}
			w.store.fail(nil)
			<-time.After(round)
			hasEnded(t, ended, auth.SessionEnded)
			hasEnded(t, living, nil)
		}
	})
}

func TestLogoutWhileTheStoreDoesNotAnswer(t *testing.T) {
	t.Parallel()
	guard(t, func(t *testing.T, w watchman) {
		w.run(t)
		v := w.viewer()
		ctx, _ := w.watch(t, v)
		w.store.fail(errors.New("no route to the database"))
		if _, err := w.Logout(t.Context(), v); err != nil {
			t.Errorf("Logout() = %v, want nil: the session has ended", err)
		}
		hasEnded(t, ctx, nil)
		w.store.fail(nil)
		<-time.After(round)
		hasEnded(t, ctx, auth.SessionEnded)
	})
}

func TestWatchLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	guard(t, func(t *testing.T, w watchman) {
		v := w.viewer()
		parent, cancel := context.WithCancelCause(t.Context())
		let, release := w.watch(t, v)
		child, _ := w.Watch(parent, auth.Caller{Viewer: &v})
		w.watched(t, 1)
		release()
		release()
		hasEnded(t, let, context.Canceled)
		w.watched(t, 1)
		reason := errors.New("the connection is closed")
		cancel(reason)
		hasEnded(t, child, reason)
		w.watched(t, 0)
		late, _ := w.Watch(parent, auth.Caller{Viewer: &v})
		hasEnded(t, late, reason)
		w.watched(t, 0)
		<-time.After(auth.AccessTokenLife)
		hasEnded(t, let, context.Canceled)
		hasEnded(t, child, reason)
	})
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	guard(t, func(t *testing.T, w watchman) {
		ctx, cancel := context.WithCancel(t.Context())
		open, _ := w.watch(t, w.viewer())
		w.store.read = cancel // in the middle of a round
		w.store.fail(context.Canceled)
		w.Run(ctx)
		hasEnded(t, open, nil)
		if w.log.Len() != 0 {
			t.Errorf("the log is %q, want nothing: it was told to end", w.log)
		}
	})
}

// waitFirst returns what waits when it is called for the first time.
func waitFirst(long time.Duration) func() {
	var called atomic.Bool
	return func() {
		if called.CompareAndSwap(false, true) {
			<-time.After(long)
		}
	}
}

// TestAnOlderAnswerComesFirst has a role change while a round waits for its answer, and what changed it look as well.
func TestAnOlderAnswerComesFirst(t *testing.T) {
	t.Parallel()
	guard(t, func(t *testing.T, w watchman) {
		v := w.viewer()
		ctx, _ := w.watch(t, v)
		w.store.read = waitFirst(round)
		var running sync.WaitGroup
		running.Go(func() { _ = w.look(t.Context(), w.watches.all()) }) // no other round will set it right
		synctest.Wait()
		w.store.set(v.SessionID, auth.Reader)
		_ = w.changed(t.Context(), v.UserID, nil)
		running.Wait()
		if got := auth.FromContext(ctx).Viewer.Role; got != auth.Reader {
			t.Errorf("the role is %v, want %v, which came last", got, auth.Reader)
		}
	})
}

// TestLogoutDoesNotWaitForARoundThatHangs has a store that answers a round after a minute.
func TestLogoutDoesNotWaitForARoundThatHangs(t *testing.T) {
	t.Parallel()
	guard(t, func(t *testing.T, w watchman) {
		v := w.viewer()
		ctx, _ := w.watch(t, v)
		w.store.read = waitFirst(time.Minute)
		w.run(t)
		<-time.After(round)
		start := time.Now()
		if _, err := w.Logout(t.Context(), v); err != nil {
			t.Errorf("Logout() = %v, want nil", err)
		}
		if took := time.Since(start); took != lookTime {
			t.Errorf("Logout() took %v of the test's own time, want %v", took, lookTime)
		}
		<-time.After(time.Minute + round)
		hasEnded(t, ctx, auth.SessionEnded)
	})
}

// TestWatchWhileSessionsEnd has many open, look, end and let go at once, for the race detector.
func TestWatchWhileSessionsEnd(t *testing.T) {
	t.Parallel()
	guard(t, func(t *testing.T, w watchman) {
		w.run(t)
		var running sync.WaitGroup
		for range 50 {
			v := w.viewer()
			for range 4 {
				running.Go(func() {
					ctx, release := w.Watch(t.Context(), auth.Caller{Viewer: &v})
					defer release()
					<-ctx.Done()
					_ = auth.FromContext(ctx).Viewer.Role
				})
				running.Go(func() {
					_, release := w.Watch(t.Context(), auth.Caller{Viewer: &v})
					release()
				})
			}
			running.Go(func() {
				for _, role := range auth.Roles() {
					w.store.set(v.SessionID, role)
					_ = w.changed(t.Context(), v.UserID, nil)
				}
				_, _ = w.Logout(t.Context(), v)
			})
		}
		start := time.Now()
		running.Wait()
		if took := time.Since(start); took > round {
			t.Errorf("all has ended after %v, want a round at most", took)
		}
		w.watched(t, 0)
	})
}

// TestAuthorizeGivesUp has a store that never answers, and a request that would wait.
func TestAuthorizeGivesUp(t *testing.T) {
	guard(t, func(t *testing.T, w watchman) {
		start := time.Now()
		if _, err := w.Authorize(t.Context(), auth.Claims{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Authorize() = %v, want %v", err, context.DeadlineExceeded)
		}
		if took := time.Since(start); took != lookTime {
			t.Errorf("Authorize() took %v of the test's own time, want %v", took, lookTime)
		}
	})
}

// TestRunForgetsAttempts does so each minute, also after it failed.
func TestRunForgetsAttempts(t *testing.T) {
	guard(t, func(t *testing.T, w watchman) {
		w.store.full = errors.New("the disk is full")
		w.run(t)
		<-time.After(3 * time.Minute)
		synctest.Wait()
		w.store.mu.Lock()
		defer w.store.mu.Unlock()
		if w.store.forgot != 3 {
			t.Errorf("within three minutes attempts were forgotten %d times, want 3", w.store.forgot)
		}
		if told := strings.Count(w.log.String(), "kept for another minute"); told != 3 {
			t.Errorf("the log has it %d times, want 3:\n%s", told, w.log)
		}
	})
}
