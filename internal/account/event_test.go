package account_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/id"
	"postern/internal/page"
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
			roles := map[account.EventKind]auth.Role{account.SignedUp: auth.Author, account.RoleChanged: auth.Editor}
			if role, has := roles[e.Kind]; has != (e.Role != nil) || has && *e.Role != role {
				t.Errorf("%s has the role %v", e.Kind, e.Role)
			}
			got = append(got, shown)
		}
		if !slices.Equal(got, want) {
			t.Errorf("Events() =\n%+v, want\n%+v", got, want)
		}
	})
}

// TestEventKindsAreAll reads the constants in the source: whatever is recorded can be asked for.
func TestEventKindsAreAll(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []account.EventKind
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && fmt.Sprint(spec.Type) == "EventKind" {
			kind, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Error(err)
			}
			declared = append(declared, account.EventKind(kind))
		}
		return true
	})
	if got := account.EventKinds(); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(declared))) {
		t.Errorf("EventKinds() = %v, want %v", got, declared)
	}
	for _, kind := range declared {
		var got account.EventKind
		if err := got.UnmarshalText([]byte(strings.ToLower(string(kind)))); err != nil || got != kind {
			t.Errorf("UnmarshalText(%s, in lower case) = %v, %v, want it", kind, got, err)
		}
	}
}

// TestActivity is each account's own, a page at a time.
func TestActivity(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := openOn(t, url)
		jane, john := h.visitor(t, "Jane"), h.visitor(t, "John")
		h.clock.advance(time.Second)
		h.login(t, "Jane")
		h.clock.advance(time.Second)
		fails(t, "Login()", second(h.Login(t.Context(), browser, account.LoginInput{Email: emailOf("Jane"), Password: "another password"})),
			"INVALID_CREDENTIALS")
		var ids []id.Event
		for viewer, want := range map[auth.Viewer][]account.EventKind{
			jane: {account.LoginFailed, account.LoggedIn, account.SignedUp}, john: {account.SignedUp},
		} {
			first, err := h.Activity(t.Context(), viewer, page.Args{First: new(2)})
			if err != nil {
				t.Fatal(err)
			}
			rest, err := h.Activity(t.Context(), viewer, page.Args{After: &first.Items[len(first.Items)-1].ID.UUID})
			if err != nil {
				t.Fatal(err)
			}
			var got []account.EventKind
			for _, e := range slices.Concat(first.Items, rest.Items) {
				got, ids = append(got, e.Kind), append(ids, e.ID)
			}
			if count, err := h.CountActivity(t.Context(), viewer); !slices.Equal(got, want) || count != len(want) || err != nil {
				t.Errorf("Activity() = %v, CountActivity() = %d, %v, want %v", got, count, err, want)
			}
		}
		for viewer, want := range map[auth.Viewer]int{jane: 3, john: 1} {
			if found, err := h.EventsByID(t.Context(), viewer, ids); len(found) != want || err != nil {
				t.Errorf("EventsByID() = %d events, %v, want %d", len(found), err, want)
			}
		}
		fails(t, "Activity()", second(h.Activity(t.Context(), jane, page.Args{First: new(-1)})), "INVALID first")
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
