package account

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/throttle"
)

// Mail is what is to be told to somebody by mail. It is put down with what it tells of, in one transaction, and has no secret: a
// token that it carries is made when it is sent.
type Mail struct {
	ID        id.Mail
	Kind      MailKind
	UserID    *id.User // whose account it is about; nil while nobody has looked whether there is one
	To        string
	Name      string // of whom it is for
	Email     string // that it is about; that of the account if it is about no other
	UserAgent *string
	IPAddress *string
	CreatedAt time.Time
	Attempts  int // at sending it, so far
}

// MailKind says what a mail is for. The set is closed.
type MailKind string

// The kinds of mails.
const (
	MailResetPassword      MailKind = "RESET_PASSWORD"
	MailVerifyEmail        MailKind = "VERIFY_EMAIL"
	MailConfirmEmail       MailKind = "CONFIRM_EMAIL" // to the email that is to be the account's
	MailEmailChanged       MailKind = "EMAIL_CHANGED" // to the one that was
	MailNewLogin           MailKind = "NEW_LOGIN"     // from a network that was not seen before
	MailPasswordChanged    MailKind = "PASSWORD_CHANGED"
	MailRefreshTokenReused MailKind = "REFRESH_TOKEN_REUSED" //nolint:gosec // it is no token
	MailEmailChangeUndone  MailKind = "EMAIL_CHANGE_UNDONE"  // to the email that was the account's until it was undone
)

// ErrForgotten says that a mail is of no use any more: what it tells of has been overtaken while it waited.
var ErrForgotten = errors.New("the mail is not wanted any more")

// Notices are the kinds of mails that nobody asked for.
func Notices() []MailKind {
	return []MailKind{MailNewLogin, MailPasswordChanged, MailEmailChanged, MailEmailChangeUndone, MailRefreshTokenReused}
}

// NoticesNamed are those that somebody names: login, password, email, reuse.
func NoticesNamed(names []string) (kinds []MailKind) {
	known := map[string][]MailKind{
		"login": {MailNewLogin}, "password": {MailPasswordChanged}, "email": {MailEmailChanged, MailEmailChangeUndone},
		"reuse": {MailRefreshTokenReused},
	}
	for _, name := range names {
		kinds = append(kinds, known[name]...)
	}
	return kinds
}

// KeepEmail is how long an email is kept for the account that had it, which can undo that it was changed.
const KeepEmail = 7 * 24 * time.Hour

// Life is how long the token of such a mail works; 0 if it carries none.
func (k MailKind) Life() time.Duration {
	switch k {
	case MailResetPassword:
		return 30 * time.Minute
	case MailVerifyEmail, MailConfirmEmail:
		return 24 * time.Hour
	case MailEmailChanged:
		return KeepEmail
	case MailNewLogin, MailPasswordChanged, MailRefreshTokenReused, MailEmailChangeUndone:
	}
	return 0
}

// EmailToken is what is stored of a token that a mail carried.
type EmailToken struct {
	Hash      []byte // SHA-256
	Kind      MailKind
	UserID    id.User
	Email     string // that its owner has shown to read
	EmailKey  string
	ExpiresAt time.Time
}

// Prepare makes a mail ready to be sent, with the token that it carries; "" if it carries none. It answers ErrForgotten if the mail
// need not be sent, as there is nobody to send it to, or it has been overtaken.
func (s *Service) Prepare(ctx context.Context, m Mail) (Mail, string, error) {
	if m.UserID == nil {
		var err error
		if m, err = s.address(ctx, m); err != nil {
			return m, "", orForgotten(err)
		}
	}
	if m.Kind.Life() == 0 {
		return m, "", nil
	}
	token, err := s.tokenOf(ctx, m)
	return m, token, orForgotten(err)
}

// address finds whom a mail is for that somebody asked for by an email alone, and records that. It goes to the email as its owner
// wrote it: who asked may have written another that is but compared as the same.
func (s *Service) address(ctx context.Context, m Mail) (Mail, error) {
	_, key, err := parseEmail(m.Email)
	if err != nil {
		return m, err
	}
	found, err := s.enabled(ctx, key)
	if err != nil {
		return m, err
	}
	e := Event{
		ID: id.NewEvent(m.CreatedAt), Kind: PasswordResetRequested, CreatedAt: m.CreatedAt, UserAgent: m.UserAgent, IPAddress: m.IPAddress,
	}
	if found.ID == (id.User{}) {
		return m, cmp.Or(s.store.Address(ctx, m, e), ErrForgotten)
	}
	m.UserID, m.To, m.Name, m.Email = &found.ID, found.Email, found.Name, found.Email
	e.UserID = m.UserID
	return m, s.store.Address(ctx, m, e)
}

// tokenOf makes the token of a mail. It works from now on for as long as its kind says, but what undoes a change from that change on.
func (s *Service) tokenOf(ctx context.Context, m Mail) (string, error) {
	_, key, err := parseEmail(m.Email)
	if err != nil {
		return "", err
	}
	token := newEmailToken()
	now := s.now()
	from := now
	if m.Kind == MailEmailChanged {
		from = m.CreatedAt
	}
	err = s.store.AddEmailToken(ctx, EmailToken{
		Hash: hash(token), Kind: m.Kind, UserID: *m.UserID, Email: m.Email, EmailKey: key, ExpiresAt: from.Add(m.Kind.Life()),
	}, m.ID, now)
	return token.String(), err
}

func orForgotten(err error) error {
	if fault.CodeOf(err) == fault.NotFound {
		return ErrForgotten
	}
	return err
}

// mail is what is to be told of an event to who has an account; nil if such mails are not sent.
func (s *Service) mail(kind MailKind, about *Account, e Event) *Mail {
	if !s.mails || slices.Contains(Notices(), kind) && !slices.Contains(s.notices, kind) {
		return nil
	}
	return &Mail{
		ID: id.NewMail(e.CreatedAt), Kind: kind, UserID: &about.ID, To: about.Email, Name: about.Name, Email: about.Email,
		UserAgent: e.UserAgent, IPAddress: e.IPAddress, CreatedAt: e.CreatedAt,
	}
}

// told is the event as one of which somebody is told by mail.
func (e Event) told(m *Mail) Event {
	e.Mail = m
	return e
}

// askings are the attempts to have a mail of a kind sent to whoever has an email. The kinds are counted apart: anybody can ask for
// some, and must not keep an account from those that only it can ask for.
func (s *Service) askings(client auth.Client, kind MailKind, emailKey string) []throttle.Attempt {
	attempts := []throttle.Attempt{s.throttle.MailsOfAccount.Of("mail "+string(kind), emailKey)}
	if network := client.Network(); network != "" {
		attempts = append(attempts, s.throttle.MailsOfAddress.Of("mail from", network))
	}
	return attempts
}

// noMail is the fault of what needs mail where none is sent.
func noMail() error {
	return fault.New(fault.NotAllowed, "No mail is sent here: ask who runs this server.")
}

// badEmailToken is the fault of every token that is of no use, whyever.
func badEmailToken() error {
	return fault.New(fault.InvalidToken, "The link is of no use any more: ask for another mail.").At("input", "token")
}

func orBadEmailToken(err error) error {
	if fault.CodeOf(err) == fault.NotFound {
		return badEmailToken()
	}
	return err
}
