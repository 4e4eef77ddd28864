package account

import (
	"time"

	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/text"
)

// User is an author as everybody sees them. Nothing private is a field of this type.
type User struct {
	ID        id.User
	Handle    string
	Name      string
	CreatedAt time.Time
}

// IsNode marks what the schema's node field can answer.
func (User) IsNode() {}

// Account is what its owner, and who runs the server, sees of an account.
type Account struct {
	User
	Email         string
	EmailVerified bool // its owner has shown to read what is sent there
	Role          auth.Role
	DisabledAt    *time.Time
}

// Credentials are an account with what its owner proves to be its owner by. No schema type binds them.
type Credentials struct {
	Account
	EmailKey     string // what tells two emails apart
	PasswordHash string // a PHC string, or of bcrypt's
}

// Proof is what somebody proved who is about to change an account for good. It holds while the account is enabled, has the
// password that was verified, and has the session: somebody else may have changed that in the meantime.
type Proof struct {
	Session      id.Session
	PasswordHash string
}

// proof is what a viewer proved who knows the password.
func (c *Credentials) proof(viewer auth.Viewer) *Proof {
	return &Proof{Session: viewer.SessionID, PasswordHash: c.PasswordHash}
}

// UserLookup is how to find a user: exactly one of its fields is set.
type UserLookup struct {
	ID     *id.User
	Handle *string
}

func (l UserLookup) check() error {
	if (l.ID == nil) == (l.Handle == nil) {
		return fault.New(fault.Invalid, "exactly one of id and handle must be given").At("by")
	}
	return nil
}

// What a name and a handle may be, in characters.
const (
	maxName   = 80
	minHandle = 2
	maxHandle = 32
)

// fallbackHandle stands in for names that no handle can be made from, as those in other scripts.
const fallbackHandle = "author"

func checkName(name string) error { return text.Line("name", name, maxName) }

func checkHandle(handle string) error {
	if len(handle) < minHandle || text.Handle(handle, maxHandle) != handle {
		return fault.New(fault.Invalid,
			"A handle has %d to %d lower-case letters, digits and single hyphens in between.", minHandle, maxHandle)
	}
	return nil
}

func handleFor(name string) string {
	if handle := text.Handle(name, maxHandle); len(handle) >= minHandle {
		return handle
	}
	return fallbackHandle
}
