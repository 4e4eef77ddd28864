package store

import (
	"context"
	"fmt"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/id"
)

// Record implements account.Store.
func (s *Store) Record(ctx context.Context, events ...account.Event) error {
	return s.write(ctx, func(q querier) error { return q.record(ctx, events) })
}

// record records events within a transaction.
func (q querier) record(ctx context.Context, events []account.Event) error {
	for _, e := range events {
		var role *string
		if e.Role != nil {
			role = new(e.Role.String())
		}
		_, err := q.exec(ctx, `
			INSERT INTO events (id, kind, user_id, session_id, role, user_agent, ip_address, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			e.ID, string(e.Kind), e.UserID, e.SessionID, role, e.UserAgent, e.IPAddress, e.CreatedAt)
		if err != nil {
			return fmt.Errorf("record event: %w", err)
		}
		if e.Mail == nil {
			continue
		}
		if err := q.putDown(ctx, e.Mail); err != nil {
			return err
		}
	}
	return nil
}

// Events implements account.Store.
func (s *Store) Events(ctx context.Context, user id.User) ([]account.Event, error) {
	return all(ctx, s.read(), func(r row) (e account.Event, err error) {
		return e, r.Scan(&e.ID, &e.Kind, &e.UserID, &e.SessionID, &e.Role, &e.UserAgent, &e.IPAddress, moment{&e.CreatedAt})
	}, `
		SELECT id, kind, user_id, session_id, role, user_agent, ip_address, created_at FROM events
		WHERE user_id = $1 ORDER BY id DESC`, user)
}

// KnowsClient implements account.Store.
func (s *Store) KnowsClient(ctx context.Context, user id.User, client auth.Client) (known bool, err error) {
	err = s.read().one(ctx, `
		SELECT EXISTS (
			SELECT 1 FROM events WHERE user_id = $1 AND kind IN ($2, $3) AND (user_agent = $4 OR ip_address = $5))`,
		[]any{user, string(account.LoggedIn), string(account.SignedUp), client.UserAgent, client.Address.String()}, &known)
	return known, err
}
