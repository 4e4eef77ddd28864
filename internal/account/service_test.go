package account_test

import (
	"io"
	"strings"
	"testing"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
)

func TestUpdateProfile(t *testing.T) {
	t.Parallel()
	h := open(t)
	viewer := h.visitor(t, "Jane")
	h.signup(t, "John")
	for _, test := range []struct {
		in           account.UpdateProfileInput
		name, handle string
		faults       []string
	}{
		{account.UpdateProfileInput{}, "Jane", "jane", nil},
		{account.UpdateProfileInput{Name: new("Jane Doe")}, "Jane Doe", "jane", nil},
		{account.UpdateProfileInput{Handle: new("jd")}, "Jane Doe", "jd", nil},
		{account.UpdateProfileInput{Handle: new("jd")}, "Jane Doe", "jd", nil},
		{account.UpdateProfileInput{Name: new("Jane"), Handle: new("jane")}, "Jane", "jane", nil},
		{account.UpdateProfileInput{Name: new("Eve"), Handle: new("john")}, "Jane", "jane", []string{"TAKEN input.handle"}},
		{account.UpdateProfileInput{Name: new(""), Handle: new("J")}, "Jane", "jane", []string{"INVALID input.name", "INVALID input.handle"}},
		{account.UpdateProfileInput{Name: new("Eve"), Handle: new("")}, "Jane", "jane", []string{"INVALID input.handle"}},
		{account.UpdateProfileInput{Name: new("Jane\nDoe")}, "Jane", "jane", []string{"INVALID input.name"}},
	} {
		updated, err := h.UpdateProfile(t.Context(), viewer, test.in)
		fails(t, "UpdateProfile()", err, test.faults...)
		if err == nil && (updated.Name != test.name || updated.Handle != test.handle) {
			t.Errorf("UpdateProfile() = %+v, want %s, %s", updated, test.name, test.handle)
		}
		stored, err := h.Account(t.Context(), viewer)
		if err != nil || stored.Name != test.name || stored.Handle != test.handle || stored.Email != "jane@example.org" {
			t.Errorf("Account() after UpdateProfile() = %+v, %v, want %s, %s", stored, err, test.name, test.handle)
		}
	}
}

func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	h := open(t)
	viewer, john := h.visitor(t, "Jane"), h.visitor(t, "John")
	for _, wrong := range []string{"", password + "!"} {
		_, err := h.DeleteAccount(t.Context(), viewer, account.DeleteAccountInput{Password: wrong})
		fails(t, "DeleteAccount(wrong password)", err, "INVALID_CREDENTIALS input.password")
	}
	h.lives(t, "the account that was not deleted", viewer, true)

	deleted, err := h.DeleteAccount(t.Context(), viewer, account.DeleteAccountInput{Password: password})
	if deleted != viewer.UserID || err != nil {
		t.Fatalf("DeleteAccount() = %v, %v, want %v", deleted, err, viewer.UserID)
	}
	fails(t, "Login()", second(h.Login(t.Context(), browser, account.LoginInput{Email: "jane@example.org", Password: password})), "INVALID_CREDENTIALS")
	fails(t, "User(id)", second(h.User(t.Context(), account.UserLookup{ID: &viewer.UserID})), "NOT_FOUND")
	h.lives(t, "another account", john, true)
	if again := h.signup(t, "Jane"); again.Account.ID == viewer.UserID || again.Account.Handle != "jane" {
		t.Errorf("Signup(the same again) = %+v, want another account by the handle that is free", again.Account)
	}
}

// TestViewerDeletedInBetween does what needs an account with that of one who has just lost theirs.
func TestViewerDeletedInBetween(t *testing.T) {
	t.Parallel()
	h := open(t)
	viewer := h.visitor(t, "Jane")
	if err := h.store.DeleteAccount(t.Context(), viewer.UserID, nil, nil); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for call, err := range map[string]error{
		"UpdateProfile()": second(h.UpdateProfile(ctx, viewer, account.UpdateProfileInput{Name: new("Eve")})),
		"ChangePassword()": second(h.ChangePassword(ctx, viewer, account.ChangePasswordInput{
			CurrentPassword: password, NewPassword: "another one entirely",
		})),
		"DeleteAccount()": second(h.DeleteAccount(ctx, viewer, account.DeleteAccountInput{Password: password})),
		"ExportAccount()": second(h.ExportAccount(ctx, viewer, account.ExportAccountInput{Password: password})),
		"Logout()":        second(h.Logout(ctx, viewer)),
	} {
		fails(t, call, err, string(auth.SessionEnded))
	}
}

func TestUserIsFoundByOneThing(t *testing.T) {
	t.Parallel()
	h := open(t)
	jane := h.signup(t, "Jane").Account
	for name, test := range map[string]struct {
		by   account.UserLookup
		want string
	}{
		"id":             {account.UserLookup{ID: &jane.ID}, ""},
		"handle":         {account.UserLookup{Handle: new("jane")}, ""},
		"neither":        {account.UserLookup{}, "INVALID by"},
		"both":           {account.UserLookup{ID: &jane.ID, Handle: new("jane")}, "INVALID by"},
		"nobody's":       {account.UserLookup{ID: new(id.NewUser(h.clock.read()))}, "NOT_FOUND"},
		"no id":          {account.UserLookup{ID: &id.User{}}, "NOT_FOUND"},
		"nobody":         {account.UserLookup{Handle: new("john")}, "NOT_FOUND"},
		"no handle":      {account.UserLookup{Handle: new("Jane!")}, "NOT_FOUND"},
		"a NUL":          {account.UserLookup{Handle: new("jane\x00")}, "NOT_FOUND"},
		"not UTF-8":      {account.UserLookup{Handle: new("jane\xff")}, "NOT_FOUND"},
		"another's case": {account.UserLookup{Handle: new("JANE")}, "NOT_FOUND"},
	} {
		found, err := h.User(t.Context(), test.by)
		if got := outline(err); got != test.want || err == nil && *found != jane.User {
			t.Errorf("User(%s) = %+v, %v, want %q", name, found, err, test.want)
		}
	}
	users, err := h.Users(t.Context(), []id.User{jane.ID, {}})
	if err != nil || len(users) != 1 || *users[0] != jane.User {
		t.Errorf("Users(jane, nobody) = %+v, %v, want %+v", users, err, jane.User)
	}
}

func TestAdministration(t *testing.T) {
	t.Parallel()
	h := open(t)
	viewer := h.visitor(t, "Jane")
	ctx := t.Context()
	for call, do := range map[string]func(email string) error{
		"SetRole":     func(email string) error { return h.SetRole(ctx, email, auth.Admin) },
		"Disable":     func(email string) error { return h.Disable(ctx, email) },
		"Enable":      func(email string) error { return h.Enable(ctx, email) },
		"SetPassword": func(email string) error { return h.SetPassword(ctx, email, "another one entirely") },
		"Export":      func(email string) error { return h.Export(ctx, email, io.Discard) },
		"Delete":      func(email string) error { return h.Delete(ctx, email) },
	} {
		err := do("nobody@example.org")
		fails(t, call+"(nobody)", err, "NOT_FOUND")
		if faults := fault.All(err); len(faults) != 1 || !strings.Contains(faults[0].Message, "nobody@example.org") {
			t.Errorf("%s(nobody) = %v, want the email named", call, err)
		}
		fails(t, call+"(no email)", do("nobody"), "INVALID")
	}
	fails(t, "SetPassword(short)", h.SetPassword(ctx, "jane@example.org", "short"), "INVALID")
	fails(t, "SetPassword(own words)", h.SetPassword(ctx, "jane@example.org", "jane@example.org"), "INVALID")
	h.lives(t, "the account that all this was not about", viewer, true)

	fails(t, "SetRole(by another spelling)", h.SetRole(ctx, " JANE@EXAMPLE.ORG", auth.Admin))
	fails(t, "Disable()", h.Disable(ctx, "jane@example.org"))
	if a := accounts(t, h)[0]; a.Role != auth.Admin || a.DisabledAt == nil {
		t.Errorf("Accounts() = %+v, want a disabled admin", a)
	}
	fails(t, "SetPassword(of a disabled account)", h.SetPassword(ctx, "jane@example.org", "another one entirely"))
	const next = "another one entirely"
	fails(t, "Login(disabled)", second(h.Login(ctx, browser, account.LoginInput{Email: "jane@example.org", Password: next})), "INVALID_CREDENTIALS")
	fails(t, "Enable()", h.Enable(ctx, "jane@example.org"))
	fails(t, "Login(enabled, old password)", second(h.Login(ctx, browser, account.LoginInput{Email: "jane@example.org", Password: password})), "INVALID_CREDENTIALS")
	fails(t, "Login(enabled)", second(h.Login(ctx, browser, account.LoginInput{Email: "jane@example.org", Password: next})))
	h.lives(t, "the session from before", viewer, false)
	if a := accounts(t, h)[0]; a.DisabledAt != nil {
		t.Errorf("Accounts() = %+v, want it enabled", a)
	}

	login, err := h.Login(ctx, browser, account.LoginInput{Email: "jane@example.org", Password: next})
	if err != nil {
		t.Fatal(err)
	}
	again := h.viewer(t, login)
	fails(t, "Delete(by another spelling)", h.Delete(ctx, " JANE@EXAMPLE.ORG"))
	h.lives(t, "the session of a deleted account", again, false)
	if all := accounts(t, h); len(all) != 0 {
		t.Errorf("Accounts() = %+v, want none", all)
	}
}

func TestCreateChecksWhatSignupDoes(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, err := h.Create(t.Context(), account.SignupInput{Handle: new("")}, auth.Admin)
	fails(t, "Create(nothing)", err, "INVALID input.email", "INVALID input.name", "INVALID input.handle", "INVALID input.password")
	created, err := h.Create(t.Context(), account.SignupInput{Email: "jane@example.org", Password: password, Name: "Jane"}, auth.Editor)
	if err != nil || created.Role != auth.Editor || created.Handle != "jane" {
		t.Errorf("Create() = %+v, %v, want an editor", created, err)
	}
	_, err = h.Create(t.Context(), account.SignupInput{Email: "JANE@example.org", Password: password, Name: "Jane"}, auth.Editor)
	fails(t, "Create(again)", err, "TAKEN input.email")
}
