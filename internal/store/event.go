package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"postern/internal/account"
	"postern/internal/id"
	"postern/internal/page"
)

// Record implements account.Store.
func (s *Store) Record(ctx context.Context, events ...account.Event) error {
	return s.write(ctx, func(q querier) error { return q.record(ctx, events) })
}

// RecordProven implements account.Store.
func (s *Store) RecordProven(ctx context.Context, user id.User, proof account.Proof, events ...account.Event) error {
	return s.write(ctx, func(q querier) error {
		if err := q.hold(ctx, user); err != nil {
			return err
		}
		condition, args := proven(&proof, user)
		var found int
		if err := q.one(ctx, `SELECT 1 FROM users WHERE id = $1`+condition, args, &found); err != nil {
			return notFound(err, "user")
		}
		return q.record(ctx, events)
	})
}

// record records events within a transaction; a trigger of the schema gives them their positions. Of an account that is gone it
// records nothing, which nobody would delete any more; to know that for sure it holds the user's row.
func (q querier) record(ctx context.Context, events []account.Event) error {
	for _, e := range events {
		from := ""
		if e.UserID != nil {
			from = ` FROM users WHERE id = $3` + q.dialect.forShare
		}
		recorded, err := q.insertEvent(ctx, e, from)
		if err != nil {
			return err
		}
		if e.Mail == nil || !recorded {
			continue
		}
		if err := q.putDown(ctx, e.Mail); err != nil {
			return err
		}
	}
	return nil
}

// insertEvent inserts an event if there is a row from somewhere, as from "" there is, and tells whether there was.
func (q querier) insertEvent(ctx context.Context, e account.Event, from string) (bool, error) {
	var role *string
	if e.Role != nil {
		role = new(e.Role.String())
	}
	inserted, err := q.exec(ctx, `
		INSERT INTO events (id, kind, user_id, session_id, role, user_agent, ip_address, created_at)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8`+from,
		e.ID, string(e.Kind), e.UserID, e.SessionID, role, e.UserAgent, e.IPAddress, e.CreatedAt)
	if err != nil {
		return false, fmt.Errorf("record event: %w", err)
	}
	return inserted > 0, nil
}

const eventColumns = `e.id, e.kind, e.user_id, e.session_id, e.role, e.user_agent, e.ip_address, e.created_at`

// eventDest appends where an event's columns go.
func eventDest(dest []any, e *account.Event) []any {
	return append(dest, &e.ID, &e.Kind, &e.UserID, &e.SessionID, &e.Role, &e.UserAgent, &e.IPAddress, moment{&e.CreatedAt})
}

func scanEvent(r row) (e account.Event, err error) {
	return e, r.Scan(eventDest(nil, &e)...)
}

// Events implements account.Store.
func (s *Store) Events(ctx context.Context, user id.User) ([]account.Event, error) {
	return all(ctx, s.reader, scanEvent, `SELECT `+eventColumns+` FROM events e WHERE e.user_id = $1 ORDER BY e.id DESC`, user)
}

// EventPage implements account.Store.
func (s *Store) EventPage(ctx context.Context, user id.User, w page.Window) (page.Page[*account.Event], error) {
	return paged(ctx, s.reader, list[*account.Event]{
		columns: eventColumns,
		table:   `events e`,
		alias:   "e",
		where:   `e.user_id = $4`,
		args:    []any{user},
		item: func(dest []any) (*account.Event, []any) {
			e := new(account.Event)
			return e, eventDest(dest, e)
		},
	}, w)
}

// CountEvents implements account.Store.
func (s *Store) CountEvents(ctx context.Context, user id.User) (count int, err error) {
	err = s.reader.one(ctx, `SELECT count(*) FROM events WHERE user_id = $1`, []any{user}, &count)
	return count, err
}

// EventsByID implements account.Store.
func (s *Store) EventsByID(ctx context.Context, user id.User, ids []id.Event) ([]*account.Event, error) {
	list, args := in(2, ids, id.Event{})
	return all(ctx, s.reader, func(r row) (*account.Event, error) {
		e := new(account.Event)
		return e, r.Scan(eventDest(nil, e)...)
	}, `SELECT `+eventColumns+` FROM events e WHERE e.user_id = $1 AND e.id IN (`+list+`)`, append([]any{user}, args...)...)
}

// Log implements account.Store.
func (s *Store) Log(ctx context.Context, f account.EventFilter, after int64, limit int) ([]account.LogEntry, error) {
	conditions, args := logged(f, after, limit)
	found, err := all(ctx, s.reader, func(r row) (e account.LogEntry, err error) {
		return e, r.Scan(append(eventDest(nil, &e.Event), &e.Position, &e.Handle, &e.Email)...)
	}, `
		SELECT `+eventColumns+`, e.position, u.handle, u.email FROM events e LEFT JOIN users u ON u.id = e.user_id
		WHERE e.position > $1`+conditions+` ORDER BY e.position LIMIT $2`, args...)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	return found, nil
}

// LogBefore implements account.Store.
func (s *Store) LogBefore(ctx context.Context, f account.EventFilter, newest int) (position int64, err error) {
	conditions, args := logged(f, 0, newest)
	err = s.reader.one(ctx, `
		SELECT e.position FROM events e WHERE e.position > $1`+conditions+` ORDER BY e.position DESC LIMIT 1 OFFSET $2`,
		args, &position)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("find where to read the audit log from: %w", err)
	}
	return position, nil
}

// logged are the conditions of a filter, after two arguments. An id begins with the moment at which it was made.
func logged(f account.EventFilter, first ...any) (conditions string, args []any) {
	var text strings.Builder
	args = first
	if !f.Since.IsZero() {
		args = append(args, id.Floor(f.Since))
		fmt.Fprintf(&text, ` AND e.id > $%d`, len(args))
	}
	if f.UserID != (id.User{}) {
		args = append(args, f.UserID)
		fmt.Fprintf(&text, ` AND e.user_id = $%d`, len(args))
	}
	if len(f.Kinds) > 0 {
		list, kinds := in(len(args)+1, f.Kinds, "")
		text.WriteString(` AND e.kind IN (` + list + `)`)
		args = append(args, kinds...)
	}
	return text.String(), args
}

// ForgetEvents implements account.Store. It waits for nobody who deletes an account, nor they for it for long.
func (s *Store) ForgetEvents(ctx context.Context, before time.Time) (more bool, err error) {
	const most = 1000
	var forgotten int64
	err = s.write(ctx, func(q querier) (err error) {
		forgotten, err = q.exec(ctx, `DELETE FROM events WHERE id IN (
			SELECT id FROM events WHERE id < $1 ORDER BY id LIMIT $2`+s.dialect.skipLocked+`)`, id.Floor(before), most)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("forget events: %w", err)
	}
	return forgotten == most, nil
}

// Addresses implements account.Store.
func (s *Store) Addresses(ctx context.Context, user id.User) ([]string, error) {
	const most = 1000
	return all(ctx, s.reader, func(r row) (address string, err error) { return address, r.Scan(&address) }, `
		SELECT DISTINCT ip_address FROM (
			SELECT ip_address FROM events WHERE user_id = $1 AND kind IN ($2, $3) AND ip_address IS NOT NULL ORDER BY id DESC LIMIT $4) e`,
		user, string(account.LoggedIn), string(account.SignedUp), most)
}
