// Package account keeps users, their credentials and their sessions: who they are, how they prove it, and for how long.
//
// It knows no transport and no SQL: it may import auth, fault, id, page, text and throttle.
package account

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/throttle"
)

// Options are what a Service is made from.
type Options struct {
	Store     Store
	Passwords *auth.Passwords
	Tokens    *auth.Tokens
	Now       func() time.Time
	// SignupOpen lets anybody open an account; SignupRole is what it may do.
	SignupOpen bool
	SignupRole auth.Role
	Throttle   Throttle
	// Mail tells that there is somebody who sends mails, and Notices which of those are sent that nobody asked for.
	Mail    bool
	Notices []MailKind
	// Log is told by Run of what nobody else is told.
	Log *slog.Logger
	// MinPassword is how many characters a new password has at least; 15 by default.
	MinPassword int
	// KeepEvents is how long Run lets the audit log keep what happened; 0 is for ever.
	KeepEvents time.Duration
}

// Throttle is how often somebody may try to get in.
type Throttle struct {
	FailuresOfAccount throttle.Limit // passwords of one account that are wrong, by whomever
	FailuresOfAddress throttle.Limit // log-ins that fail, from one network
	SignupsOfAddress  throttle.Limit
	ExportsOfAccount  throttle.Limit
	MailsOfAccount    throttle.Limit // that somebody has sent to one email
	MailsOfAddress    throttle.Limit // that are asked for from one network
}

// Service is what can be done with accounts. It is safe for concurrent use.
type Service struct {
	store     Store
	passwords *auth.Passwords
	tokens    *auth.Tokens
	now       func() time.Time
	open      bool
	role      auth.Role
	shortest  int // that a new password may be, in characters
	log       *slog.Logger
	throttle  Throttle
	mails     bool
	notices   []MailKind
	watches   watches
	checks    checks

	keepEvents time.Duration
}

// NewService returns a Service.
func NewService(o Options) *Service {
	return &Service{
		store:     o.Store,
		passwords: o.Passwords,
		tokens:    o.Tokens,
		now:       func() time.Time { return o.Now().UTC().Truncate(time.Microsecond) },
		open:      o.SignupOpen,
		role:      o.SignupRole,
		shortest:  cmp.Or(o.MinPassword, minPassword),
		log:       o.Log,
		throttle:  o.Throttle,
		mails:     o.Mail,
		notices:   o.Notices,
		watches:   newWatches(),
		checks:    newChecks(),

		keepEvents: o.KeepEvents,
	}
}

// Account is the viewer's own.
func (s *Service) Account(ctx context.Context, viewer auth.Viewer) (*Account, error) {
	account, err := s.store.Account(ctx, viewer.UserID)
	return account, ended(err)
}

// User finds an author; NotFound if there is none.
func (s *Service) User(ctx context.Context, by UserLookup) (*User, error) {
	if err := by.check(); err != nil {
		return nil, err
	}
	if by.Handle != nil && checkHandle(*by.Handle) != nil {
		return nil, noUser()
	}
	return s.store.User(ctx, by)
}

// Users are the authors with the ids, in no order; the ids of nobody are left out.
func (s *Service) Users(ctx context.Context, ids []id.User) ([]*User, error) {
	return s.store.Users(ctx, ids)
}

func noUser() error { return fault.New(fault.NotFound, "There is no such user.") }

// UpdateProfileInput are changes of a profile; what is nil stays as it is.
type UpdateProfileInput struct {
	Name   *string
	Handle *string
}

// UpdateProfile changes what others see of the viewer. It answers Invalid and Taken faults.
func (s *Service) UpdateProfile(ctx context.Context, viewer auth.Viewer, in UpdateProfileInput) (*Account, error) {
	if err := errors.Join(
		fault.Place(optionally(in.Name, checkName), "input", "name"),
		fault.Place(optionally(in.Handle, checkHandle), "input", "handle"),
	); err != nil {
		return nil, err
	}
	account, err := s.store.UpdateProfile(ctx, viewer.UserID, in)
	return account, ended(err)
}

// ended turns "there is no such account", of the viewer's own, into what that means: the session has ended in between.
func ended(err error) error {
	if fault.CodeOf(err) == fault.NotFound {
		return auth.SessionEnded
	}
	return err
}

// optionally checks what is not nil.
func optionally(value *string, check func(string) error) error {
	if value == nil {
		return nil
	}
	return check(*value)
}
