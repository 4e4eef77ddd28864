package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"postern/internal/account"
)

// usualLimit is how many events are shown to who does not say how many, or since when.
const usualLimit = 100

type audit struct {
	Since   *since              `placeholder:"WHEN" help:"Only what happened since: so long ago, as 24h, or a time, as 2026-01-31T08:00:00Z."`
	Account string              `placeholder:"EMAIL|HANDLE|ID" help:"Only what happened to this account; one that was deleted is known by its id alone."`
	Event   []account.EventKind `placeholder:"KIND" help:"Only events of this kind, as LOGIN_FAILED; may be given again."`
	Limit   *int                `placeholder:"N" help:"The newest so many; 0 is all. By default 100, and all if --since is given."`
	JSON    bool                `name:"json" help:"A JSON object for each event, one a line, rather than a table."`
	Follow  bool                `short:"f" help:"Go on with what happens, until interrupted."`
}

// Validate implements kong.Validatable.
func (c audit) Validate() error {
	if c.Limit != nil && *c.Limit < 0 {
		return errors.New("--limit: it must not be negative")
	}
	return nil
}

// Run shows the audit log, oldest first.
func (c audit) Run(ctx context.Context, in *invocation) error {
	err := in.withAccounts(ctx, func(accounts *account.Service) error {
		filter, err := c.filter(ctx, in, accounts)
		if err != nil {
			return err
		}
		from, err := c.from(ctx, in, accounts, filter)
		if err != nil {
			return err
		}
		show := showTable(in.Stdout, c.Follow)
		if c.JSON {
			show = showJSON(in.Stdout)
		}
		from, err = accounts.Log(ctx, filter, from, show)
		if err := errors.Join(err, show(nil)); err != nil || !c.Follow { // the head, if there was nothing below it
			return err
		}
		return accounts.Follow(ctx, filter, from, show, func(err error) {
			_, _ = fmt.Fprintf(in.Stderr, "postern: the database does not answer; trying on: %v\n", err)
		})
	})
	if c.Follow && ctx.Err() != nil {
		err = nil // to be interrupted is how it ends
	}
	return err
}

func (c audit) filter(ctx context.Context, in *invocation, accounts *account.Service) (filter account.EventFilter, err error) {
	filter.Kinds = c.Event
	if c.Since != nil {
		filter.Since = c.Since.at(in.Now())
	}
	if c.Account != "" {
		filter.UserID, err = accounts.AccountID(ctx, c.Account)
	}
	return filter, err
}

// from is the position to read from. Who does not say how much to show is told if it is not all.
func (c audit) from(ctx context.Context, in *invocation, accounts *account.Service, filter account.EventFilter) (int64, error) {
	limit := usualLimit
	switch {
	case c.Limit != nil:
		limit = *c.Limit
	case c.Since != nil:
		limit = 0
	}
	if limit == 0 {
		return 0, nil
	}
	from, err := accounts.LogBefore(ctx, filter, limit)
	if from > 0 && c.Limit == nil {
		_, _ = fmt.Fprintf(in.Stderr, "These are the newest %d; --limit=0 shows all.\n", limit)
	}
	return from, err
}

// since is a moment: so long ago, or a time.
type since struct {
	ago  time.Duration
	time time.Time
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *since) UnmarshalText(text []byte) (err error) {
	if s.ago, err = time.ParseDuration(string(text)); err == nil && s.ago >= 0 {
		return nil
	}
	if s.time, err = time.Parse(time.RFC3339, string(text)); err == nil {
		return nil
	}
	return fmt.Errorf("%q is neither so long ago, as 24h, nor a time, as 2026-01-31T08:00:00Z", text)
}

func (s *since) at(now time.Time) time.Time {
	if s.time.IsZero() {
		return now.Add(-s.ago)
	}
	return s.time
}

// auditLine is an event as JSON. All members are there, whatever happened; their names are those of the GraphQL schema.
type auditLine struct {
	ID        string            `json:"id"`
	CreatedAt time.Time         `json:"createdAt"`
	Kind      account.EventKind `json:"kind"`
	UserID    *string           `json:"userId"`
	Handle    *string           `json:"handle"`
	Email     *string           `json:"email"`
	Role      *string           `json:"role"`
	SessionID *string           `json:"sessionId"`
	IPAddress *string           `json:"ipAddress"`
	UserAgent *string           `json:"userAgent"`
}

// showJSON shows events as JSON, one a line.
func showJSON(w io.Writer) func([]account.LogEntry) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return func(entries []account.LogEntry) error {
		for _, e := range entries {
			if err := encoder.Encode(auditLine{
				ID: e.ID.String(), CreatedAt: e.CreatedAt, Kind: e.Kind, UserID: written(e.UserID), Handle: e.Handle, Email: e.Email,
				Role: written(e.Role), SessionID: written(e.SessionID), IPAddress: e.IPAddress, UserAgent: e.UserAgent,
			}); err != nil {
				return fmt.Errorf("show an event: %w", err)
			}
		}
		return nil
	}
}

// written is what a value that may be nil is written as.
func written[T fmt.Stringer](value *T) *string {
	if value == nil {
		return nil
	}
	return new((*value).String())
}
