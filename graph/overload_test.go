package graph_test

import (
	"fmt"
	"testing"

	"postern/internal/auth"
	"postern/internal/store/storetest"
)

// TestOverloaded asks a server whose pool of hashers has no room for whatever needs a hash. All are refused alike, and the
// same for accounts that exist and that do not; what needs none goes on.
func TestOverloaded(t *testing.T) {
	url := storetest.SQLiteURL(t)
	open, full := newServer(t, url), newServerWith(t, url, options{})
	token := open.account(t, "jane", auth.Author)
	open.account(t, "dis", auth.Author)
	if err := open.accounts.Disable(t.Context(), "dis@example.org"); err != nil {
		t.Fatal(err)
	}
	login := func(email, password string) string {
		return fmt.Sprintf(`mutation { it: login(input: {email: %q, password: %q}) { errors { message } } }`, email, password)
	}
	want := full.ask(t, token, login("jane@example.org", password), nil)
	if want.code() != "OVERLOADED" || want.Status != 200 {
		t.Fatalf("a log-in is answered %+v, want OVERLOADED", want)
	}
	for name, operation := range map[string]string{
		"another password":   login("jane@example.org", password+"!"),
		"no such account":    login("nobody@example.org", password),
		"a disabled account": login("dis@example.org", password),
		"no email":           login("", ""),
		"sign-up":            `mutation { it: signup(input: {email: "joe@example.org", password: "` + password + `", name: "Joe"}) { errors { message } } }`,
		"sign-up again":      `mutation { it: signup(input: {email: "jane@example.org", password: "` + password + `", name: "Jane"}) { errors { message } } }`,
		"change of password": `mutation { it: changePassword(input: {currentPassword: "` + password + `", newPassword: "a heron reads the weather"}) {
			errors { message } } }`,
		"export":   `mutation { it: exportAccount(input: {password: "` + password + `"}) { errors { message } } }`,
		"deletion": `mutation { it: deleteAccount(input: {password: "` + password + `"}) { errors { message } } }`,
	} {
		if got := full.ask(t, token, operation, nil); fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s is answered %+v, want %+v", name, got, want)
		}
	}
	if got := full.ask(t, token, `{ viewer { email } posts { totalCount } }`, nil); len(got.Errors) > 0 {
		t.Errorf("a query is answered %+v, want no errors", got)
	}
}
