package account

import (
	"context"
	"time"

	"postern/internal/auth"
	"postern/internal/id"
	"postern/internal/page"
	"postern/internal/throttle"
)

// Store remembers accounts and sessions. Every method may be called by any number of goroutines, and is one transaction:
// it happens as a whole or not at all. A look-up of one thing that is not there answers a NotFound fault; so does a change
// of it. Events are recorded, and their mails put down, with the change that they tell of, or not at all. Times are UTC, to the
// microsecond.
type Store interface {
	// CreateAccount answers a Taken fault at input.email or at input.handle if another account has it, or had that email until
	// lately. With a session it opens that too.
	CreateAccount(ctx context.Context, c *Credentials, session *SessionState, events ...Event) error
	Account(ctx context.Context, user id.User) (*Account, error)
	// Accounts are all there are, oldest first.
	Accounts(ctx context.Context) ([]*Account, error)
	User(ctx context.Context, by UserLookup) (*User, error)
	// Users are those with the ids, in no order; the ids of nobody are left out.
	Users(ctx context.Context, ids []id.User) ([]*User, error)
	Credentials(ctx context.Context, user id.User) (*Credentials, error)
	CredentialsByEmail(ctx context.Context, emailKey string) (*Credentials, error)
	// UpdateProfile sets what is not nil. It answers a Taken fault at input.handle if another account has it.
	UpdateProfile(ctx context.Context, user id.User, in UpdateProfileInput) (*Account, error)
	// SetPassword ends all sessions of the account but the proof's. It answers NotFound if the proof does not hold; without
	// one it asks for none.
	SetPassword(ctx context.Context, user id.User, hash string, proof *Proof, events ...Event) error
	// Rehash replaces a password's hash by another of the same password, and ends no session. It answers NotFound if the
	// account does not have that hash any more.
	Rehash(ctx context.Context, user id.User, from, to string) error
	SetRole(ctx context.Context, user id.User, role auth.Role, events ...Event) error
	// Disable ends all sessions of the account; none can be opened until it is enabled.
	Disable(ctx context.Context, user id.User, at time.Time, events ...Event) error
	Enable(ctx context.Context, user id.User, events ...Event) error
	// DeleteAccount deletes all that is the account's, too, its events until then among it, and what was counted of attempts. It
	// answers NotFound if the proof does not hold; without one it asks for none.
	DeleteAccount(ctx context.Context, user id.User, proof *Proof, forgotten []throttle.Attempt, events ...Event) error

	// Throttled answers the fault that Attempt would, if there is anything that others attempted before, and counts nothing.
	Throttled(ctx context.Context, now time.Time, attempts ...throttle.Attempt) error
	// Attempt counts attempts, all of them or none, of which each may be made so often, whoever makes it wherever. It answers
	// a RateLimited fault if one may not be made yet.
	Attempt(ctx context.Context, now time.Time, attempts ...throttle.Attempt) error
	// Forgive takes back attempts that were counted: one, or, of those after which one waits longer and longer, all of that key.
	Forgive(ctx context.Context, attempts ...throttle.Attempt) error
	// ForgetAttempts deletes what has long been over, some of it at a time.
	ForgetAttempts(ctx context.Context, now time.Time) error

	// OpenSession opens one for the account if it is enabled and still has that password hash; NotFound if not. It forgives the
	// attempts that led to it, and deletes sessions of the account that have expired.
	OpenSession(ctx context.Context, session *SessionState, passwordHash string, forgiven []throttle.Attempt, events ...Event) error
	// SessionState finds a session of an enabled account, expired or not, by its family.
	SessionState(ctx context.Context, family []byte) (*SessionState, error)
	// Rotate stores the state if the session's current refresh token is still the given one, and tells whether it was.
	Rotate(ctx context.Context, state *SessionState, from []byte) (bool, error)
	// SessionRole is the role of the enabled account whose session lives at the given time; NotFound if there is none.
	SessionRole(ctx context.Context, user id.User, session id.Session, now time.Time) (auth.Role, error)
	// LivingSessions are those of enabled accounts with the ids that live at the given time, each with its account's role.
	LivingSessions(ctx context.Context, ids []id.Session, now time.Time) (map[id.Session]auth.Role, error)
	// Sessions are those of the account that live at the given time, newest first.
	Sessions(ctx context.Context, user id.User, now time.Time, w page.Window) (page.Page[*Session], error)
	CountSessions(ctx context.Context, user id.User, now time.Time) (int, error)
	// SessionsByID are those of the account that live at the given time, in no order.
	SessionsByID(ctx context.Context, user id.User, now time.Time, ids []id.Session) ([]*Session, error)
	EndSession(ctx context.Context, user id.User, session id.Session, events ...Event) error
	// RevokeSession ends one that may be somebody else's: a change of email that was asked for ends with it, whoever asked.
	RevokeSession(ctx context.Context, user id.User, session id.Session, events ...Event) error
	// EndSessions ends all sessions of the account but the one to keep, and returns those that lived at the given time. A change of
	// email that was asked for ends with them.
	EndSessions(ctx context.Context, user id.User, keep id.Session, now time.Time, events ...Event) ([]id.Session, error)

	// PutDown puts down a mail that tells of no event.
	PutDown(ctx context.Context, m Mail) error
	// Address makes a mail an account's that was put down for whoever has an email, or forgets it if it is nobody's, and records events
	// with that. It answers NotFound if somebody did so before.
	Address(ctx context.Context, m Mail, events ...Event) error
	// AddEmailToken adds the token of a mail that is being sent. It answers NotFound if that is not in the queue any more, or would
	// undo what has been undone.
	AddEmailToken(ctx context.Context, t EmailToken, m id.Mail, now time.Time) error
	// ForgetEmails deletes tokens and former emails that have expired, and mails that nobody has sent for KeepEmail, as nobody does
	// where there is no server for mail any more; some of them at a time.
	ForgetEmails(ctx context.Context, now time.Time) error
	// EmailToken is that of an enabled account which has a hash, is of a kind, and works at the given time.
	EmailToken(ctx context.Context, hash []byte, kind MailKind, now time.Time) (*EmailToken, error)
	// ResetPassword, VerifyEmail, ChangeEmail and UndoEmailChange use a token up. They answer NotFound if it works no more, or its
	// account does not have the email any more that it is about, or is disabled.
	//
	// ResetPassword ends all sessions, and takes the email as verified.
	ResetPassword(ctx context.Context, t EmailToken, now time.Time, hash string, events ...Event) error
	VerifyEmail(ctx context.Context, t EmailToken, now time.Time, events ...Event) error
	// ChangeEmail gives the account the token's email, and keeps the one that it had for it until a time; unless it comes back to one
	// that is kept for it, which then is kept no longer, nor is any that it left since. It answers a Taken fault if another account
	// has the email, or it is kept for another.
	ChangeEmail(ctx context.Context, t EmailToken, now, keep time.Time, events ...Event) error
	// UndoEmailChange comes back to an email that is kept, sets a password, and ends all sessions. It answers NotFound if the email
	// is not kept any more, too.
	UndoEmailChange(ctx context.Context, t EmailToken, now time.Time, hash string, events ...Event) error
	// Addresses are those from which the account was logged in to lately, as events have them.
	Addresses(ctx context.Context, user id.User) ([]string, error)

	// Export hands over all that there is of the account, as it is at one moment, whoever changes it in the meantime: the account,
	// its posts, its sessions, expired or not, and its events, each of them oldest first. It goes on until that fails, and answers
	// what it failed with. It answers NotFound if the proof does not hold; without one it asks for none.
	Export(ctx context.Context, user id.User, proof *Proof, to func(Part) error) error

	// Record records events that change nothing; none of an account that is gone.
	Record(ctx context.Context, events ...Event) error
	// RecordProven does so if the proof holds, and answers NotFound if not.
	RecordProven(ctx context.Context, user id.User, proof Proof, events ...Event) error
	// Events are those of the account, newest first.
	Events(ctx context.Context, user id.User) ([]Event, error)
	// EventPage is a page of them, CountEvents how many there are, and EventsByID some of them, in no order.
	EventPage(ctx context.Context, user id.User, w page.Window) (page.Page[*Event], error)
	CountEvents(ctx context.Context, user id.User) (int, error)
	EventsByID(ctx context.Context, user id.User, ids []id.Event) ([]*Event, error)
	// Log is what was recorded after a position, so many at most, in the order of commits: what is committed later has a higher
	// position, so that whoever reads on from the last position misses nothing.
	Log(ctx context.Context, f EventFilter, after int64, limit int) ([]LogEntry, error)
	// LogBefore is the position after which the newest so many are; 0 if there are no more than that.
	LogBefore(ctx context.Context, f EventFilter, newest int) (int64, error)
	// ForgetEvents deletes those that happened before a time, the oldest first, some of them at a time, and tells whether there
	// may be more.
	ForgetEvents(ctx context.Context, before time.Time) (more bool, err error)
}
