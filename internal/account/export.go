package account

import (
	"bufio"
	"context"
	"io"
	"strings"
	"time"

	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/throttle"
)

// maxExport is how many bytes an export may have that is an answer. Answers are held in memory, this one twice and, as JSON within
// JSON, up to twice as long; and a client has a minute to read it.
const maxExport = 8 << 20

// Part is a piece of an export: one of its fields is set.
type Part struct {
	Account *ExportedAccount
	Post    *ExportedPost
	Session *Session
	Event   *Event
}

// ExportedAccount is an account as an export has it.
type ExportedAccount struct {
	Account
	FormerEmails []FormerEmail // the last first
}

// FormerEmail is an email that an account had, and that is kept for it until it expires.
type FormerEmail struct {
	Email     string
	LeftAt    time.Time
	ExpiresAt time.Time
}

// ExportedPost is a post as an export has it. What posts are otherwise, blog knows.
type ExportedPost struct {
	ID        id.Post
	Slug      string
	Title     string
	Content   string
	CreatedAt time.Time
	UpdatedAt time.Time
	Version   int
}

// ExportAccountInput is the confirmation to export an account.
type ExportAccountInput struct {
	Password string
}

// ExportAccount is all that is kept of the viewer's account, as a document of JSON. It answers InvalidCredentials if the password is
// another, NotAllowed if it is too much for an answer, and RateLimited faults. It is recorded before it is handed out.
func (s *Service) ExportAccount(ctx context.Context, viewer auth.Viewer, in ExportAccountInput) (string, error) {
	confirmed, err := s.confirm(ctx, viewer, in.Password, "password", func(auth.Hasher) {})
	if err != nil {
		return "", err
	}
	if err := s.store.Attempt(ctx, s.now(), s.exporting(viewer.UserID)); err != nil {
		return "", err
	}
	proof := confirmed.proof(viewer)
	var text bounded
	if err := s.export(ctx, viewer.UserID, proof, &text); err != nil {
		return "", ended(err)
	}
	e := s.event(ctx, AccountExported, viewer.UserID).of(viewer.SessionID)
	if err := s.store.RecordProven(ctx, viewer.UserID, *proof, e); err != nil {
		return "", ended(err)
	}
	return text.String(), nil
}

// exporting is an attempt of an account to have all that is kept of it as an answer, which takes much memory until it is read.
func (s *Service) exporting(user id.User) throttle.Attempt {
	return s.throttle.ExportsOfAccount.Of("export", user.String())
}

// Export writes all that is kept of an account, however much that is. It is for whoever runs the server, as what admin.go has. It is
// recorded before anything is written, and so is one that breaks off.
func (s *Service) Export(ctx context.Context, email string, to io.Writer) error {
	found, err := s.byEmail(ctx, email)
	if err != nil {
		return err
	}
	if err := s.store.Record(ctx, s.event(ctx, AccountExported, found.ID)); err != nil {
		return err
	}
	w := bufio.NewWriter(to)
	if err := s.export(ctx, found.ID, nil, w); err != nil {
		return err
	}
	return w.Flush()
}

func (s *Service) export(ctx context.Context, user id.User, proof *Proof, to io.Writer) error {
	d := newDocument(to)
	if err := s.store.Export(ctx, user, proof, d.part); err != nil {
		return err
	}
	return d.end()
}

// bounded is a text that is refused once it is too long.
type bounded struct{ strings.Builder }

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxExport {
		return 0, fault.New(fault.NotAllowed,
			"There is more of your account than one answer may carry, which is %d MB. Ask whoever runs the server for what "+
				"postern user export writes.", maxExport>>20)
	}
	return b.Builder.Write(p)
}
