package account_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/page"
)

// visit is Jane with two sessions.
type visit struct {
	*house
	first, second   account.Login
	viewer, another auth.Viewer // of the first, and of the second
}

// ending is a way in which Jane's first session ends, and whether her second one lives on.
type ending struct {
	end         func(ctx context.Context, v visit) error
	secondLives bool
}

func endings() map[string]ending {
	const next = "another one entirely"
	return map[string]ending{
		"Logout": {func(ctx context.Context, v visit) error { return second(v.Logout(ctx, v.viewer)) }, true},
		"RevokeSession": {func(ctx context.Context, v visit) error {
			return second(v.RevokeSession(ctx, v.another, account.RevokeSessionInput{SessionID: v.viewer.SessionID}))
		}, true},
		"RevokeOtherSessions": {func(ctx context.Context, v visit) error { return second(v.RevokeOtherSessions(ctx, v.another)) }, true},
		"ChangePassword": {func(ctx context.Context, v visit) error {
			return second(v.ChangePassword(ctx, v.another, account.ChangePasswordInput{CurrentPassword: password, NewPassword: next}))
		}, true},
		"SetPassword": {func(ctx context.Context, v visit) error { return v.SetPassword(ctx, "jane@example.org", next) }, false},
		"Disable":     {func(ctx context.Context, v visit) error { return v.Disable(ctx, "jane@example.org") }, false},
		"Disable and Enable": {func(ctx context.Context, v visit) error {
			return errors.Join(v.Disable(ctx, "jane@example.org"), v.Enable(ctx, "jane@example.org"))
		}, false},
		"DeleteAccount": {func(ctx context.Context, v visit) error {
			return second(v.DeleteAccount(ctx, v.another, account.DeleteAccountInput{Password: password}))
		}, false},
		"RefreshToken of an older generation": {reuse, true},
	}
}

// reuse uses the first session's refresh token, the one that follows, and the first once more.
func reuse(ctx context.Context, v visit) error {
	first := account.RefreshTokenInput{RefreshToken: v.first.Tokens.RefreshToken}
	login, err := v.RefreshToken(ctx, first)
	if err != nil {
		return err
	}
	if _, err := v.RefreshToken(ctx, account.RefreshTokenInput{RefreshToken: login.Tokens.RefreshToken}); err != nil {
		return err
	}
	if _, err := v.RefreshToken(ctx, first); fault.CodeOf(err) != fault.InvalidToken {
		return fmt.Errorf("the first token answers %w", err)
	}
	return nil
}

func TestAuthorizeOnceASessionHasEnded(t *testing.T) {
	t.Parallel()
	for name, test := range endings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVisit(t, open(t))
			bystander := v.visitor(t, "John")
			if err := test.end(t.Context(), v); err != nil {
				t.Fatalf("%s = %v, want nil", name, err)
			}
			v.lives(t, "the session", v.viewer, false)
			v.lives(t, "the other session", v.another, test.secondLives)
			v.lives(t, "somebody else's session", bystander, true)
			v.refusedTo(t, "of the session", v.first.Tokens.RefreshToken)
			if test.secondLives {
				v.refresh(t, v.second.Tokens.RefreshToken)
			}
			fails(t, "Logout()", second(v.Logout(t.Context(), v.viewer)), "SESSION_ENDED")
		})
	}
}

func TestAuthorizeTellsTheRoleThatIs(t *testing.T) {
	t.Parallel()
	h := open(t)
	viewer := h.visitor(t, "Jane")
	for _, role := range auth.Roles() {
		if err := h.SetRole(t.Context(), "jane@example.org", role); err != nil {
			t.Fatal(err)
		}
		if got, err := h.Authorize(t.Context(), viewer.Claims); got != role || err != nil {
			t.Errorf("Authorize() after SetRole(%v) = %v, %v", role, got, err)
		}
	}
	h.clock.advance(14*24*time.Hour - time.Microsecond)
	h.lives(t, "the last moment of the session", viewer, true)
	h.clock.advance(2 * time.Second) // so long it is remembered that it lived
	h.lives(t, "the session that has expired", viewer, false)
}

// visitor is the viewer of somebody who has just signed up.
func (h *house) visitor(t *testing.T, name string) auth.Viewer {
	t.Helper()
	return h.viewer(t, h.signup(t, name))
}

func TestAuthorizeNamesAccountAndSession(t *testing.T) {
	t.Parallel()
	h := open(t)
	jane, john := h.visitor(t, "Jane"), h.visitor(t, "John")
	for name, claims := range map[string]auth.Claims{
		"another's session": {UserID: jane.UserID, SessionID: john.SessionID},
		"another account":   {UserID: john.UserID, SessionID: jane.SessionID},
		"no session":        {UserID: jane.UserID},
		"no account":        {SessionID: jane.SessionID},
		"nothing":           {},
	} {
		h.lives(t, name, auth.Viewer{Claims: claims}, false)
	}
	h.clock.advance(2 * time.Second) // it is not remembered any more
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Authorize(gone, jane.Claims); err == nil || err == auth.SessionEnded { //nolint:errorlint // the very reason
		t.Errorf("Authorize(cancelled) = %v, want the store's failure, which ends no session", err)
	}
}

func TestSessionsAreTheViewersAlone(t *testing.T) {
	t.Parallel()
	h := open(t)
	expired := h.viewer(t, h.signup(t, "Jane"))
	h.clock.advance(13 * 24 * time.Hour)
	var viewers []auth.Viewer
	for range 3 {
		h.clock.advance(8 * time.Hour)
		viewers = append(viewers, h.viewer(t, h.login(t, "Jane")))
	}
	john := h.visitor(t, "John")
	h.clock.advance(time.Minute)

	found, err := h.Sessions(t.Context(), viewers[1], page.Args{})
	if err != nil || len(found.Items) != 3 {
		t.Fatalf("Sessions() = %+v, %v, want 3", found.Items, err)
	}
	for i, session := range found.Items {
		want := viewers[len(viewers)-1-i].SessionID
		if session.ID != want || session.IsCurrent != (want == viewers[1].SessionID) {
			t.Errorf("Sessions()[%d] = %+v, want %v, newest first and the middle one current", i, session, want)
		}
		if *session.IPAddress != "203.0.113.9" || *session.UserAgent != "Firefox" {
			t.Errorf("Sessions()[%d] is at %s with %s, want where it was opened", i, *session.IPAddress, *session.UserAgent)
		}
	}
	if count, err := h.CountSessions(t.Context(), viewers[1]); count != 3 || err != nil {
		t.Errorf("CountSessions() = %d, %v, want 3", count, err)
	}
	byID, err := h.SessionsByID(t.Context(), viewers[1], []id.Session{john.SessionID, expired.SessionID, {}, viewers[1].SessionID})
	if err != nil || len(byID) != 1 || byID[0].ID != viewers[1].SessionID || !byID[0].IsCurrent {
		t.Errorf("SessionsByID(another's, expired, none, current) = %+v, %v, want the current one", byID, err)
	}
	_, err = h.Sessions(t.Context(), viewers[1], page.Args{First: new(page.Max + 1)})
	fails(t, "Sessions(first: 101)", err, "INVALID first")
}

func TestRevokeSessionIsForOnesOwn(t *testing.T) {
	t.Parallel()
	h := open(t)
	jane, john := h.visitor(t, "Jane"), h.visitor(t, "John")
	other := h.viewer(t, h.login(t, "Jane"))
	revoke := func(session id.Session) error {
		return second(h.RevokeSession(t.Context(), jane, account.RevokeSessionInput{SessionID: session}))
	}
	foreign, missing := revoke(john.SessionID), revoke(id.NewSession(h.clock.read()))
	fails(t, "RevokeSession(another's)", foreign, "NOT_FOUND input.sessionId")
	if fault.All(foreign)[0].Message != fault.All(missing)[0].Message {
		t.Errorf("RevokeSession(another's) = %v, RevokeSession(of nobody) = %v, want the same", foreign, missing)
	}
	h.lives(t, "another's session", john, true)
	fails(t, "RevokeSession(none)", revoke(id.Session{}), "NOT_FOUND input.sessionId")

	ended, err := h.RevokeSession(t.Context(), jane, account.RevokeSessionInput{SessionID: other.SessionID})
	if ended != other.SessionID || err != nil {
		t.Errorf("RevokeSession(own) = %v, %v, want %v", ended, err, other.SessionID)
	}
	fails(t, "RevokeSession(own, again)", revoke(other.SessionID), "NOT_FOUND input.sessionId")
	h.lives(t, "the session that asks", jane, true)
	fails(t, "RevokeSession(the one that asks)", revoke(jane.SessionID))
	h.lives(t, "the session that asks", jane, false)
}

func TestRevokeOtherSessions(t *testing.T) {
	t.Parallel()
	h := open(t)
	first, john := h.visitor(t, "Jane"), h.visitor(t, "John")
	h.clock.advance(time.Second)
	current := h.viewer(t, h.login(t, "Jane"))
	h.clock.advance(time.Second)
	last := h.viewer(t, h.login(t, "Jane"))
	ended, err := h.RevokeOtherSessions(t.Context(), current)
	if want := []id.Session{last.SessionID, first.SessionID}; !slices.Equal(ended, want) || err != nil {
		t.Errorf("RevokeOtherSessions() = %v, %v, want %v", ended, err, want)
	}
	h.lives(t, "the session that asks", current, true)
	h.lives(t, "another's session", john, true)
	if ended, err := h.RevokeOtherSessions(t.Context(), current); len(ended) != 0 || err != nil {
		t.Errorf("RevokeOtherSessions(again) = %v, %v, want none", ended, err)
	}
}

func TestLogoutEndsTheSessionThatAsks(t *testing.T) {
	t.Parallel()
	h := open(t)
	viewer := h.visitor(t, "Jane")
	if ended, err := h.Logout(t.Context(), viewer); ended != viewer.SessionID || err != nil {
		t.Errorf("Logout() = %v, %v, want %v", ended, err, viewer.SessionID)
	}
	fails(t, "Logout(again)", second(h.Logout(t.Context(), viewer)), "SESSION_ENDED")
}
