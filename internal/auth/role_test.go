package auth_test

import (
	"bytes"
	"slices"
	"testing"

	"postern/internal/auth"
)

func TestRolesAreInOrder(t *testing.T) {
	t.Parallel()
	if roles := auth.Roles(); !slices.IsSorted(roles) || len(roles) != 4 || roles[0] != auth.Reader || roles[3] != auth.Admin {
		t.Errorf("Roles() = %v, want READER < AUTHOR < EDITOR < ADMIN", roles)
	}
	if none := auth.Role(0); none >= auth.Reader {
		t.Errorf("the zero role is %v, want less than any", none)
	}
}

func TestRoleKeepsItsName(t *testing.T) {
	t.Parallel()
	for _, role := range auth.Roles() {
		text, _ := role.MarshalText()
		var fromText, fromStore, fromGraphQL auth.Role
		var graphQL bytes.Buffer
		role.MarshalGQL(&graphQL)
		if err := fromText.UnmarshalText(text); err != nil || fromText != role {
			t.Errorf("UnmarshalText(%q) = %v, %v, want %v", text, fromText, err, role)
		}
		if err := fromStore.Scan(role.String()); err != nil || fromStore != role {
			t.Errorf("Scan(%q) = %v, %v, want %v", role, fromStore, err, role)
		}
		if err := fromGraphQL.UnmarshalGQL(role.String()); err != nil || fromGraphQL != role {
			t.Errorf("UnmarshalGQL(%q) = %v, %v, want %v", role, fromGraphQL, err, role)
		}
		if got, want := graphQL.String(), `"`+role.String()+`"`; got != want {
			t.Errorf("MarshalGQL(%v) = %s, want %s", role, got, want)
		}
	}
}

func TestParseRole(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]auth.Role{
		"READER": auth.Reader, "author": auth.Author, "Editor": auth.Editor, "aDMIN": auth.Admin,
		"": 0, "ROOT": 0, "ADMINS": 0, "Role(0)": 0, "4": 0, "ADMIN\x00": 0,
	} {
		if got, err := auth.ParseRole(name); got != want || (err == nil) != (want != 0) {
			t.Errorf("ParseRole(%q) = %v, %v, want %v", name, got, err, want)
		}
	}
}

func TestRoleRefusesOtherTypes(t *testing.T) {
	t.Parallel()
	role := auth.Admin
	for _, value := range []any{nil, 4, true, []byte("ADMIN")} {
		if err := role.Scan(value); err == nil {
			t.Errorf("Scan(%T) = nil, want an error", value)
		}
		if err := role.UnmarshalGQL(value); err == nil {
			t.Errorf("UnmarshalGQL(%T) = nil, want an error", value)
		}
	}
	if err := role.UnmarshalText([]byte("ROOT")); err == nil || role != 0 {
		t.Errorf("UnmarshalText(ROOT) = %v and %v, want an error and no role", err, role)
	}
}
