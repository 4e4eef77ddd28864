package account_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"reflect"
	"strings"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/store/storetest"
)

func TestRefreshTokenIsForOneUse(t *testing.T) {
	t.Parallel()
	h := open(t)
	first := h.signup(t, "Jane")
	h.clock.advance(time.Hour)
	next := h.refresh(t, first.Tokens.RefreshToken)

	old, viewer := h.tokensOf(t, first), h.viewer(t, next)
	if viewer.SessionID != old.SessionID || viewer.UserID != old.UserID || next.Account.ID != first.Account.ID {
		t.Errorf("RefreshToken() = the session %v of %v, want %v of %v", viewer.SessionID, viewer.UserID, old.SessionID, old.UserID)
	}
	if next.Tokens.RefreshToken == first.Tokens.RefreshToken || next.Tokens.AccessToken == first.Tokens.AccessToken {
		t.Error("RefreshToken() = a token that was there before, want new ones")
	}
	now := h.clock.read().Truncate(time.Microsecond)
	if got, want := next.Tokens.RefreshTokenExpiresAt, now.Add(14*24*time.Hour); !got.Equal(want) {
		t.Errorf("the next token expires at %v, want %v", got, want)
	}
	sessions, err := h.SessionsByID(t.Context(), viewer, []id.Session{viewer.SessionID})
	if err != nil || len(sessions) != 1 || !sessions[0].LastUsedAt.Equal(now) || !sessions[0].CreatedAt.Before(now) {
		t.Errorf("SessionsByID() = %+v, %v, want it used at %v", sessions, err, now)
	}

	h.clock.advance(time.Minute)
	h.refusedTo(t, "the used token", first.Tokens.RefreshToken)
	h.lives(t, "the session", viewer, false)
	h.refusedTo(t, "the next token, once the used one came back", next.Tokens.RefreshToken)
}

func TestRefreshTokenUsedAgainWithinItsGrace(t *testing.T) {
	t.Parallel()
	h := open(t)
	first := h.signup(t, "Jane")
	next := h.refresh(t, first.Tokens.RefreshToken)
	for _, step := range []time.Duration{0, time.Second, 9 * time.Second} {
		h.clock.advance(step)
		again := h.refresh(t, first.Tokens.RefreshToken)
		if again.Tokens.RefreshToken != next.Tokens.RefreshToken || !again.Tokens.RefreshTokenExpiresAt.Equal(next.Tokens.RefreshTokenExpiresAt) {
			t.Errorf("RefreshToken(again, %v later) = %+v, want the same refresh token, %+v", step, again.Tokens, next.Tokens)
		}
		h.viewer(t, again)
	}
	h.clock.advance(time.Microsecond)
	h.refusedTo(t, "the used token after its grace", first.Tokens.RefreshToken)
	h.refusedTo(t, "the next token", next.Tokens.RefreshToken)
}

func TestRefreshTokenOfAnOlderGeneration(t *testing.T) {
	t.Parallel()
	h := open(t)
	first := h.signup(t, "Jane")
	second := h.refresh(t, first.Tokens.RefreshToken)
	third := h.refresh(t, second.Tokens.RefreshToken)
	h.refusedTo(t, "the first token, at once", first.Tokens.RefreshToken)
	h.refusedTo(t, "the second token", second.Tokens.RefreshToken)
	h.refusedTo(t, "the third token", third.Tokens.RefreshToken)
	if _, err := h.Authorize(t.Context(), h.tokensOf(t, third)); err != auth.SessionEnded { //nolint:errorlint // the very reason
		t.Errorf("Authorize() = %v, want SESSION_ENDED", err)
	}
}

func TestRefreshTokenThatWasMadeUp(t *testing.T) {
	t.Parallel()
	h := open(t)
	mine, others := h.signup(t, "Jane"), h.signup(t, "John")
	viewer, bystander := h.viewer(t, mine), h.viewer(t, others)
	for name, token := range map[string]string{
		"empty":              "",
		"noise":              "noise",
		"long":               strings.Repeat("A", 1<<20),
		"an access token":    mine.Tokens.AccessToken,
		"zeros":              base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
		"half a token":       mine.Tokens.RefreshToken[:43],
		"of no family":       splice(t, base64.RawURLEncoding.EncodeToString(make([]byte, 64)), mine.Tokens.RefreshToken),
		"padded":             mine.Tokens.RefreshToken + "==",
		"with a line end":    mine.Tokens.RefreshToken + "\n",
		"the id of its own":  viewer.SessionID.String(),
		"in the other order": splice(t, reversed(t, mine.Tokens.RefreshToken), reversed(t, mine.Tokens.RefreshToken)),
	} {
		h.refusedTo(t, name, token)
		h.lives(t, "after "+name, viewer, true)
	}

	// Who knows the family had a token once: that ends the session, of this family and no other.
	h.refusedTo(t, "this family, that secret", splice(t, mine.Tokens.RefreshToken, others.Tokens.RefreshToken))
	h.lives(t, "the session of the family", viewer, false)
	h.lives(t, "the session of the secret", bystander, true)
	h.refusedTo(t, "the token itself, by now", mine.Tokens.RefreshToken)
	h.refresh(t, others.Tokens.RefreshToken)
}

// splice is a token of one's family and another's secret.
func splice(t *testing.T, family, secret string) string {
	t.Helper()
	return base64.RawURLEncoding.EncodeToString(append(raw(t, family)[:32], raw(t, secret)[32:]...))
}

func reversed(t *testing.T, token string) string {
	t.Helper()
	both := raw(t, token)
	return base64.RawURLEncoding.EncodeToString(append(bytes.Clone(both[32:]), both[:32]...))
}

func raw(t *testing.T, token string) []byte {
	t.Helper()
	both, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(both) != 64 {
		t.Fatalf("%q is no refresh token: %v", token, err)
	}
	return both
}

// TestRefreshTokenInParallel uses one token many times at once, on two servers of one database.
func TestRefreshTokenInParallel(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		t.Helper()
		h := openOn(t, url)
		replica := openOn(t, url)
		token := h.signup(t, "Jane").Tokens.RefreshToken
		for range 5 { // generations
			const requests = 100
			logins := make([]account.Login, requests)
			for i, err := range together(requests, func(i int) (err error) {
				server := []*house{h, replica}[i%2]
				logins[i], err = server.RefreshToken(t.Context(), account.RefreshTokenInput{RefreshToken: token})
				return err
			}) {
				if err != nil {
					t.Fatalf("RefreshToken() in parallel = %v, want nil", err)
				}
				if got, want := logins[i].Tokens.RefreshToken, logins[0].Tokens.RefreshToken; got != want {
					t.Fatalf("RefreshToken() in parallel = %q and %q, want one generation", got, want)
				}
			}
			token = logins[0].Tokens.RefreshToken
		}
		h.refresh(t, token)
	})
}

func TestRefreshTokenExpires(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	h := open(t)
	idle, busy := h.signup(t, "Jane"), h.login(t, "Jane")
	opened := h.clock.read().Truncate(time.Microsecond)

	h.clock.advance(14*day - time.Microsecond)
	busy = h.refresh(t, busy.Tokens.RefreshToken)
	h.clock.advance(time.Microsecond)
	h.refusedTo(t, "a token that was idle for 14 days", idle.Tokens.RefreshToken)

	h.clock.advance(12 * day) // 26
	busy = h.refresh(t, busy.Tokens.RefreshToken)
	if got, want := busy.Tokens.RefreshTokenExpiresAt, opened.Add(30*day); !got.Equal(want) {
		t.Errorf("refreshed after 26 days, the token expires at %v, want %v", got, want)
	}
	h.clock.advance(4*day - time.Microsecond)
	viewer := h.viewer(t, h.refresh(t, busy.Tokens.RefreshToken))
	h.lives(t, "just before 30 days", viewer, true)
	h.clock.advance(time.Microsecond)
	h.refusedTo(t, "any token after 30 days", busy.Tokens.RefreshToken)
	h.clock.advance(2 * time.Second) // for which a look-up holds
	h.lives(t, "after 30 days", viewer, false)
}

func TestRefreshTokenTellsWhatTheAccountIsNow(t *testing.T) {
	t.Parallel()
	h := open(t)
	login := h.signup(t, "Jane")
	if err := h.SetRole(t.Context(), "jane@example.org", auth.Editor); err != nil {
		t.Fatal(err)
	}
	next := h.refresh(t, login.Tokens.RefreshToken)
	if next.Account.Role != auth.Editor || h.viewer(t, next).Role != auth.Editor {
		t.Errorf("the role after SetRole(EDITOR) and RefreshToken() = %v, want EDITOR", next.Account.Role)
	}
}

func TestRefreshTokenWhenTheStoreFails(t *testing.T) {
	t.Parallel()
	h := open(t)
	login := h.signup(t, "Jane")
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.RefreshToken(gone, account.RefreshTokenInput{RefreshToken: login.Tokens.RefreshToken})
	if fault.CodeOf(err) != fault.Internal {
		t.Errorf("RefreshToken(cancelled) = %v, want a stranger, and not that the token is bad", err)
	}
	h.refresh(t, login.Tokens.RefreshToken)
}

// refusedTo checks that a refresh token is of no use, in the very words of every other.
func (h *house) refusedTo(t *testing.T, what, token string) {
	t.Helper()
	login, err := h.RefreshToken(t.Context(), account.RefreshTokenInput{RefreshToken: token})
	want := []*fault.Error{{
		Code: fault.InvalidToken, Message: "The refresh token is of no use any more: log in again.", Path: []string{"input", "refreshToken"},
	}}
	if got := fault.All(err); !reflect.DeepEqual(got, want) || login.Tokens != nil || login.Account != nil {
		t.Errorf("RefreshToken(%s) = %+v, %v, want nothing and %v", what, login, err, want[0])
	}
}

// tokensOf are the claims of an access token, whatever its age.
func (h *house) tokensOf(t *testing.T, login account.Login) auth.Claims {
	t.Helper()
	young, err := auth.NewTokens(auth.TokenOptions{
		Secret: make([]byte, auth.MinSecretLength), Issuer: "postern", Audience: "postern", ClientID: "postern",
		Now: func() time.Time { return login.Tokens.AccessTokenExpiresAt },
	})
	if err != nil {
		t.Fatal(err)
	}
	claims, err := young.Verify(login.Tokens.AccessToken)
	if err != nil {
		t.Fatalf("Verify(access token) = %v", err)
	}
	return claims
}
