package account

import (
	"context"
	"fmt"
	"strings"
	"time"

	"postern/internal/auth"
	"postern/internal/id"
	"postern/internal/page"
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

// IsNode marks what the schema's node field can answer.
func (Event) IsNode() {}

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
	AccountExported      EventKind = "ACCOUNT_EXPORTED" // its data were handed out, all of them
	AccountDeleted       EventKind = "ACCOUNT_DELETED"

	PasswordResetRequested     EventKind = "PASSWORD_RESET_REQUESTED"
	PasswordReset              EventKind = "PASSWORD_RESET"
	EmailVerificationRequested EventKind = "EMAIL_VERIFICATION_REQUESTED"
	EmailVerified              EventKind = "EMAIL_VERIFIED"
	EmailChangeRequested       EventKind = "EMAIL_CHANGE_REQUESTED"
	EmailChanged               EventKind = "EMAIL_CHANGED"
	EmailChangeUndone          EventKind = "EMAIL_CHANGE_UNDONE"
)

// EventKinds are all kinds.
func EventKinds() []EventKind {
	return []EventKind{
		SignedUp, LoggedIn, LoginFailed, LoggedOut, SessionRevoked, OtherSessionsRevoked, RefreshTokenReused, PasswordChanged,
		ConfirmationFailed, RoleChanged, AccountDisabled, AccountEnabled, AccountDeleted, AccountExported, PasswordResetRequested,
		PasswordReset, EmailVerificationRequested, EmailVerified, EmailChangeRequested, EmailChanged, EmailChangeUndone,
	}
}

// UnmarshalText reads a kind from an argument, in any case.
func (k *EventKind) UnmarshalText(text []byte) error {
	var known []string
	for _, kind := range EventKinds() {
		if strings.EqualFold(string(text), string(kind)) {
			*k = kind
			return nil
		}
		known = append(known, string(kind))
	}
	return fmt.Errorf("no event is called %q; there are %s", text, strings.Join(known, ", "))
}

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

// Activity is the viewer's own events, newest first.
func (s *Service) Activity(ctx context.Context, viewer auth.Viewer, args page.Args) (page.Page[*Event], error) {
	window, err := args.Window(page.All())
	if err != nil {
		return page.Page[*Event]{}, err
	}
	return s.store.EventPage(ctx, viewer.UserID, window)
}

// CountActivity counts the viewer's own events.
func (s *Service) CountActivity(ctx context.Context, viewer auth.Viewer) (int, error) {
	return s.store.CountEvents(ctx, viewer.UserID)
}

// EventsByID are the viewer's with the ids, in no order; the ids of nothing and of others' events are left out.
func (s *Service) EventsByID(ctx context.Context, viewer auth.Viewer, ids []id.Event) ([]*Event, error) {
	return s.store.EventsByID(ctx, viewer.UserID, ids)
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
