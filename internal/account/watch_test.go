package account_test

import (
	"context"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/id"
	"postern/internal/store/storetest"
)

// watch watches what a viewer has open, until the end of the test.
func (h *house) watch(t *testing.T, viewer auth.Viewer) context.Context {
	t.Helper()
	ctx, release := h.Watch(t.Context(), auth.Caller{Viewer: &viewer, Client: browser})
	t.Cleanup(release)
	return ctx
}

// isOpen checks whether what is watched is open, or has ended with its session.
func isOpen(t *testing.T, what string, ctx context.Context, want bool) { //nolint:revive // what is checked comes second
	t.Helper()
	cause := context.Cause(ctx)
	if want && cause != nil || !want && cause != auth.SessionEnded { //nolint:errorlint // the very reason
		t.Errorf("%s has ended by %v, want it open: %v", what, cause, want)
	}
}

// newVisit opens Jane's two sessions.
func newVisit(t *testing.T, h *house) visit {
	t.Helper()
	v := visit{house: h}
	v.first, v.second = v.signup(t, "Jane"), v.login(t, "Jane")
	v.viewer, v.another = v.house.viewer(t, v.first), v.house.viewer(t, v.second)
	return v
}

// TestWatchEndsAtOnce has no Run: what the service itself does has taken effect when it returns.
func TestWatchEndsAtOnce(t *testing.T) {
	t.Parallel()
	for name, test := range endings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVisit(t, open(t))
			one, two, another := v.watch(t, v.viewer), v.watch(t, v.viewer), v.watch(t, v.another)
			bystander := v.watch(t, v.visitor(t, "John"))
			if err := test.end(t.Context(), v); err != nil {
				t.Fatalf("%s = %v, want nil", name, err)
			}
			isOpen(t, "what the session has open", one, false)
			isOpen(t, "what else it has open", two, false)
			isOpen(t, "what the other session has open", another, test.secondLives)
			isOpen(t, "what somebody else has open", bystander, true)
		})
	}
}

// TestWatchEndsWhenAnotherProcessEndsTheSession has a second service on the same database: a replica, or the command. In what
// way a session ended, a round cannot tell; so some will do.
func TestWatchEndsWhenAnotherProcessEndsTheSession(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Logout", "SetPassword", "DeleteAccount"} {
		test := endings()[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, url string) {
				v := newVisit(t, openOn(t, url))
				first, another := v.watch(t, v.viewer), v.watch(t, v.another)
				v.run(t)
				elsewhere := v
				elsewhere.house = openOn(t, url)
				if err := test.end(t.Context(), elsewhere); err != nil {
					t.Fatalf("%s = %v, want nil", name, err)
				}
				ends(t, first)
				isOpen(t, "what the session has open", first, false)
				if !test.secondLives {
					ends(t, another)
				}
				isOpen(t, "what the other session has open", another, test.secondLives)
			})
		})
	}
}

// run has the service run until the end of the test.
func (h *house) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}

// ends waits until a context has ended: far longer than it may take, for a busy machine.
func ends(t *testing.T, ctx context.Context) { //nolint:revive // a test's own t comes first
	t.Helper()
	select {
	case <-ctx.Done():
	case <-time.After(time.Minute):
		t.Fatal("it did not end within a minute")
	}
}

// hangup is a store whose client hangs up as soon as a session is ended.
type hangup struct {
	account.Store
	hangUp func()
}

func (h *hangup) EndSession(ctx context.Context, user id.User, session id.Session, events ...account.Event) error {
	defer h.hangUp()
	return h.Store.EndSession(ctx, user, session, events...)
}

func TestWatchEndsEvenIfTheClientHangsUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	h := open(t, func(o *account.Options) { o.Store = &hangup{o.Store, cancel} })
	viewer := h.visitor(t, "Jane")
	socket := h.watch(t, viewer)
	if _, err := h.Logout(ctx, viewer); err != nil {
		t.Fatalf("Logout() = %v, want nil", err)
	}
	isOpen(t, "what is open", socket, false)
}

func TestWatchTellsTheRoleThatIs(t *testing.T) {
	t.Parallel()
	h := open(t)
	viewer := h.visitor(t, "Jane")
	ctx := h.watch(t, viewer)
	for _, role := range auth.Roles() {
		if err := h.SetRole(t.Context(), "jane@example.org", role); err != nil {
			t.Fatal(err)
		}
		caller := auth.FromContext(ctx)
		if caller.Viewer == nil || caller.Viewer.Role != role || caller.Viewer.Claims != viewer.Claims || caller.Client != browser {
			t.Errorf("FromContext() after SetRole(%v) = %+v of %+v, want Jane in that role", role, caller.Viewer, caller.Client)
		}
	}
	isOpen(t, "what is open", ctx, true)
}

// announcing is a store that tells of each time that it is about to be asked which sessions live.
type announcing struct {
	account.Store
	asked chan<- struct{}
}

func (a *announcing) LivingSessions(ctx context.Context, ids []id.Session, now time.Time) (map[id.Session]auth.Role, error) {
	select {
	case a.asked <- struct{}{}:
		return a.Store.LivingSessions(ctx, ids, now)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestWatchTellsTheRoleThatAnotherProcessSet(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		rounds := make(chan struct{})
		h := openOn(t, url, func(o *account.Options) { o.Store = &announcing{o.Store, rounds} })
		elsewhere := openOn(t, url)
		ctx := h.watch(t, h.visitor(t, "Jane"))
		h.run(t)
		if err := elsewhere.SetRole(t.Context(), "jane@example.org", auth.Reader); err != nil {
			t.Fatal(err)
		}
		<-rounds
		<-rounds // when the next begins, the one that asked after SetRole has taken effect
		if got := auth.FromContext(ctx).Viewer.Role; got != auth.Reader {
			t.Errorf("the role is %v, want %v", got, auth.Reader)
		}
		isOpen(t, "what is open", ctx, true)
	})
}

// TestWatchOfASessionThatHasEnded is what a log-out between the look-up of the session and Watch leaves.
func TestWatchOfASessionThatHasEnded(t *testing.T) {
	t.Parallel()
	h := open(t)
	viewer := h.visitor(t, "Jane")
	if _, err := h.Logout(t.Context(), viewer); err != nil {
		t.Fatal(err)
	}
	ctx := h.watch(t, viewer)
	h.run(t)
	ends(t, ctx)
	isOpen(t, "what is open", ctx, false)
}

func TestWatchAnonymous(t *testing.T) {
	t.Parallel()
	h := open(t)
	caller := auth.Caller{Refusal: auth.TokenExpired, Client: browser}
	ctx, release := h.Watch(t.Context(), caller)
	if got := auth.FromContext(ctx); got != caller {
		t.Errorf("FromContext() = %+v, want %+v", got, caller)
	}
	release()
	if cause := context.Cause(ctx); cause != context.Canceled { //nolint:errorlint // the very cause
		t.Errorf("what was let go of has ended by %v, want %v", cause, context.Canceled)
	}
}
