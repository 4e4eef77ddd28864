package account

import (
	"context"
	"time"

	"postern/internal/auth"
	"postern/internal/id"
)

// Event is something that happened to an account, as the audit log has it. There is no secret in it.
type Event struct {
	ID        id.Event
	Kind      EventKind
	CreatedAt time.Time
	UserID    *id.User    // whose account; nil if there is none, as of a log-in with another email
	SessionID *id.Session // nil if it is about none, or about several
	Role      *auth.Role  // that the account has from then on; nil if it is not about that
	UserAgent *string     // of the client that did it; nil if it named none, or if it was the command
	IPAddress *string     // of the client that did it; nil if it was the command
	Mail      *Mail       // that tells of it, and is put down with it; nil if none does, and when it is read
}

// EventKind says what happened. The set is closed.
type EventKind string

// The kinds of events.
const (
	SignedUp             EventKind = "SIGNED_UP"
	LoggedIn             EventKind = "LOGGED_IN"
	LoginFailed          EventKind = "LOGIN_FAILED"
	LoggedOut            EventKind = "LOGGED_OUT"
	SessionRevoked       EventKind = "SESSION_REVOKED"
	OtherSessionsRevoked EventKind = "OTHER_SESSIONS_REVOKED"
	RefreshTokenReused   EventKind = "REFRESH_TOKEN_REUSED" //nolint:gosec // it is no token: one that was used before came back
	PasswordChanged      EventKind = "PASSWORD_CHANGED"
	ConfirmationFailed   EventKind = "CONFIRMATION_FAILED" // somebody who was logged in did not know the password
	RoleChanged          EventKind = "ROLE_CHANGED"
	AccountDisabled      EventKind = "ACCOUNT_DISABLED"
	AccountEnabled       EventKind = "ACCOUNT_ENABLED"
	AccountDeleted       EventKind = "ACCOUNT_DELETED"

	PasswordResetRequested     EventKind = "PASSWORD_RESET_REQUESTED"
	PasswordReset              EventKind = "PASSWORD_RESET"
	EmailVerificationRequested EventKind = "EMAIL_VERIFICATION_REQUESTED"
	EmailVerified              EventKind = "EMAIL_VERIFIED"
	EmailChangeRequested       EventKind = "EMAIL_CHANGE_REQUESTED"
	EmailChanged               EventKind = "EMAIL_CHANGED"
	EmailChangeUndone          EventKind = "EMAIL_CHANGE_UNDONE"
)

// event is one that happens now, by whoever asks.
func (s *Service) event(ctx context.Context, kind EventKind, user id.User) Event {
	now := s.now()
	e := Event{ID: id.NewEvent(now), Kind: kind, CreatedAt: now}
	e.UserAgent, e.IPAddress = describe(auth.FromContext(ctx).Client)
	if user != (id.User{}) {
		e.UserID = &user
	}
	return e
}

// of is the event as one that is about a session.
func (e Event) of(session id.Session) Event {
	e.SessionID = &session
	return e
}

// to is the event as one that gave a role.
func (e Event) to(role auth.Role) Event {
	e.Role = &role
	return e
}

// describe is what is kept of a client.
func describe(client auth.Client) (userAgent, ipAddress *string) {
	if client.UserAgent != "" {
		userAgent = &client.UserAgent
	}
	if client.Address.IsValid() {
		ipAddress = new(client.Address.String())
	}
	return userAgent, ipAddress
}
