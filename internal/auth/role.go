package auth

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Role is what an account may do; each may do all that those before it may.
type Role uint8

// The roles. The zero value is no role.
const (
	Reader Role = iota + 1
	Author
	Editor
	Admin
)

// Roles are all roles, the least first.
func Roles() []Role { return []Role{Reader, Author, Editor, Admin} }

// String is the role's name as the schema has it.
func (r Role) String() string {
	switch r {
	case Reader:
		return "READER"
	case Author:
		return "AUTHOR"
	case Editor:
		return "EDITOR"
	case Admin:
		return "ADMIN"
	default:
		return "Role(" + strconv.Itoa(int(r)) + ")"
	}
}

// ParseRole reads a role's name in any case.
func ParseRole(name string) (Role, error) {
	for _, role := range Roles() {
		if strings.EqualFold(name, role.String()) {
			return role, nil
		}
	}
	return 0, fmt.Errorf("no role is called %q; there are READER, AUTHOR, EDITOR and ADMIN", name)
}

// UnmarshalText reads a role from a setting or an argument.
func (r *Role) UnmarshalText(text []byte) error {
	role, err := ParseRole(string(text))
	*r = role
	return err
}

// MarshalText writes the role's name.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Scan reads a role that is stored by its name.
func (r *Role) Scan(stored any) error {
	name, ok := stored.(string)
	if !ok {
		return fmt.Errorf("a role is stored as %T", stored)
	}
	return r.UnmarshalText([]byte(name))
}

// MarshalGQL writes the role as a GraphQL enum value.
func (r Role) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(r.String())) }

// UnmarshalGQL reads a GraphQL enum value.
func (r *Role) UnmarshalGQL(v any) error {
	name, ok := v.(string)
	if !ok {
		return fmt.Errorf("a Role is a string, not %T", v)
	}
	return r.UnmarshalText([]byte(name))
}
