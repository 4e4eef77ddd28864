package account_test

import (
	"io"
	"net/netip"
	"slices"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/id"
	"postern/internal/store/storetest"
)

// TestEvents has an account go through all that is recorded, each thing once, and reads it. What is refused before anything
// is tried is not recorded, nor what is refused a second time.
func TestEvents(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := openOn(t, url)
		client := auth.Client{Address: netip.MustParseAddr("203.0.113.9"), UserAgent: "Mozilla/5.0"}
		ctx := auth.NewContext(t.Context(), auth.Caller{Client: client})
		login := func() (auth.Viewer, string) {
			h.clock.advance(time.Microsecond)
			got, err := h.Login(ctx, client, account.LoginInput{Email: "jane@example.org", Password: password})
			if err != nil {
				t.Fatal(err)
			}
			return h.viewer(t, got), got.Tokens.RefreshToken
		}
		do := func(call string, err error, want ...string) {
			t.Helper()
			fails(t, call, err, want...)
			h.clock.advance(time.Microsecond) // what happens at the same moment is in no order
		}
		viewer := h.visitor(t, "Jane")
		other, _ := login()
		thief, stolen := login()
		h.clock.advance(time.Microsecond)
		for _, email := range []string{"jane@example.org", "nobody@example.org"} {
			do("Login()", second(h.Login(ctx, client, account.LoginInput{Email: email, Password: "another password"})), "INVALID_CREDENTIALS")
		}
		h.refresh(t, h.refresh(t, stolen).Tokens.RefreshToken)
		for range 2 {
			do("RefreshToken()", second(h.RefreshToken(ctx, account.RefreshTokenInput{RefreshToken: stolen})), "INVALID_TOKEN input.refreshToken")
		}
		do("RevokeSession()", second(h.RevokeSession(ctx, viewer, account.RevokeSessionInput{SessionID: other.SessionID})))
		do("RevokeSession()", second(h.RevokeSession(ctx, viewer, account.RevokeSessionInput{SessionID: other.SessionID})), "NOT_FOUND input.sessionId")
		do("RevokeOtherSessions()", second(h.RevokeOtherSessions(ctx, viewer)))
		do("ChangePassword()", second(h.ChangePassword(ctx, viewer, account.ChangePasswordInput{
			CurrentPassword: "another password", NewPassword: "a heron reads the weather",
		})), "INVALID_CREDENTIALS input.currentPassword")
		do("ChangePassword()", second(h.ChangePassword(ctx, viewer, account.ChangePasswordInput{
			CurrentPassword: password, NewPassword: "a heron reads the weather",
		})))
		do("ExportAccount()", second(h.ExportAccount(ctx, viewer, account.ExportAccountInput{Password: "a heron reads the weather"})))
		do("Logout()", second(h.Logout(ctx, viewer)))
		do("SetRole()", h.SetRole(t.Context(), "jane@example.org", auth.Editor))
		do("Export()", h.Export(t.Context(), "jane@example.org", io.Discard))
		do("Disable()", h.Disable(t.Context(), "jane@example.org"))
		do("Enable()", h.Enable(t.Context(), "jane@example.org"))
		do("SetPassword()", h.SetPassword(t.Context(), "jane@example.org", password))

		type event struct {
			kind    account.EventKind
			session id.Session
			command bool
		}
		want := []event{
			{account.SignedUp, viewer.SessionID, true}, // by the test's own helper, which is no client
			{account.LoggedIn, other.SessionID, false},
			{account.LoggedIn, thief.SessionID, false},
			{account.LoginFailed, id.Session{}, false},
			{account.RefreshTokenReused, thief.SessionID, false},
			{account.SessionRevoked, other.SessionID, false},
			{account.OtherSessionsRevoked, id.Session{}, false},
			{account.ConfirmationFailed, viewer.SessionID, false},
			{account.PasswordChanged, viewer.SessionID, false},
			{account.AccountExported, viewer.SessionID, false},
			{account.LoggedOut, viewer.SessionID, false},
			{account.RoleChanged, id.Session{}, true},
			{account.AccountExported, id.Session{}, true},
			{account.AccountDisabled, id.Session{}, true},
			{account.AccountEnabled, id.Session{}, true},
			{account.PasswordChanged, id.Session{}, true},
		}
		found, err := h.store.Events(t.Context(), viewer.UserID)
		if err != nil {
			t.Fatal(err)
		}
		var got []event
		for _, e := range slices.Backward(found) {
			shown := event{kind: e.Kind, command: e.IPAddress == nil}
			if e.SessionID != nil {
				shown.session = *e.SessionID
			}
			if !shown.command && (*e.IPAddress != client.Address.String() || *e.UserAgent != client.UserAgent) {
				t.Errorf("%s was done by %s, %s, want %+v", e.Kind, *e.IPAddress, *e.UserAgent, client)
			}
			if (e.Role != nil) != (e.Kind == account.RoleChanged) || e.Role != nil && *e.Role != auth.Editor {
				t.Errorf("%s has the role %v", e.Kind, e.Role)
			}
			got = append(got, shown)
		}
		if !slices.Equal(got, want) {
			t.Errorf("Events() =\n%+v, want\n%+v", got, want)
		}
	})
}

// TestDeletionIsRecorded: of a deleted account the log has that it went, and when, whoever deleted it.
func TestDeletionIsRecorded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := openOn(t, url)
		ctx := auth.NewContext(t.Context(), auth.Caller{Client: browser})
		jane, john := h.visitor(t, "Jane"), h.visitor(t, "John")
		fails(t, "DeleteAccount()", second(h.DeleteAccount(ctx, jane, account.DeleteAccountInput{Password: password})))
		fails(t, "Delete()", h.Delete(ctx, "john@example.org"))
		for _, user := range []id.User{jane.UserID, john.UserID} {
			found, err := h.store.Events(t.Context(), user)
			if err != nil || len(found) != 1 {
				t.Fatalf("Events() = %+v, %v, want one", found, err)
			}
			want := account.Event{
				ID: found[0].ID, Kind: account.AccountDeleted, UserID: &user, CreatedAt: h.clock.read().Truncate(time.Microsecond),
			}
			if got := found[0]; *got.UserID != user || got.ID == (id.Event{}) {
				t.Errorf("the event is %+v, of %v, want %v", got, *got.UserID, user)
			} else if got.UserID = &user; got != want {
				t.Errorf("the event is %+v, want %+v", got, want)
			}
		}
	})
}
