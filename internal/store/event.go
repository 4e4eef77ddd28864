package store

import (
	"context"
	"fmt"

	"postern/internal/account"
	"postern/internal/id"
)

// Record implements account.Store.
func (s *Store) Record(ctx context.Context, events ...account.Event) error {
	return s.write(ctx, func(q querier) error { return q.record(ctx, events) })
}

// record records events within a transaction. Of an account that is gone it records nothing, which nobody would delete any more; to
// know that for sure it holds the user's row.
func (q querier) record(ctx context.Context, events []account.Event) error {
	for _, e := range events {
		from := ""
		if e.UserID != nil {
			from = ` FROM users WHERE id = $3` + q.forShare
		}
		if err := q.insertEvent(ctx, e, from); err != nil {
			return err
		}
	}
	return nil
}

// insertEvent inserts an event for each row that there is from somewhere; from "" it is one.
func (q querier) insertEvent(ctx context.Context, e account.Event, from string) error {
	var role *string
	if e.Role != nil {
		role = new(e.Role.String())
	}
	_, err := q.exec(ctx, `
		INSERT INTO events (`+eventColumns+`)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8`+from,
		e.ID, string(e.Kind), e.UserID, e.SessionID, role, e.UserAgent, e.IPAddress, e.CreatedAt)
	if err != nil {
		return fmt.Errorf("record event: %w", err)
	}
	return nil
}

const eventColumns = `id, kind, user_id, session_id, role, user_agent, ip_address, created_at`

func scanEvent(r row) (e account.Event, err error) {
	return e, r.Scan(&e.ID, &e.Kind, &e.UserID, &e.SessionID, &e.Role, &e.UserAgent, &e.IPAddress, moment{&e.CreatedAt})
}

// Events implements account.Store.
func (s *Store) Events(ctx context.Context, user id.User) ([]account.Event, error) {
	return all(ctx, s.read(), scanEvent, `SELECT `+eventColumns+` FROM events WHERE user_id = $1 ORDER BY id DESC`, user)
}
