package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"postern/internal/account"
	"postern/internal/id"
)

const mailColumns = `id, kind, user_id, recipient, name, email, user_agent, ip_address, created_at, attempts`

// putDown puts a mail down to be sent as soon as the transaction is over.
func (q querier) putDown(ctx context.Context, m *account.Mail) error {
	_, err := q.exec(ctx, `
		INSERT INTO mails (`+mailColumns+`, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $9)`,
		m.ID, string(m.Kind), m.UserID, m.To, m.Name, m.Email, m.UserAgent, m.IPAddress, m.CreatedAt, m.Attempts)
	if err != nil {
		return fmt.Errorf("put mail down: %w", err)
	}
	return nil
}

// PutDown implements account.Store.
func (s *Store) PutDown(ctx context.Context, m account.Mail) error {
	return s.write(ctx, func(q querier) error { return q.putDown(ctx, &m) })
}

// Address implements account.Store.
func (s *Store) Address(ctx context.Context, m account.Mail, events ...account.Event) error {
	return s.write(ctx, func(q querier) error {
		text, args := `DELETE FROM mails WHERE id = $1 AND user_id IS NULL`, []any{m.ID}
		if m.UserID != nil {
			if err := q.hold(ctx, *m.UserID); err != nil {
				return err
			}
			text = `UPDATE mails SET user_id = u.id, recipient = $3, name = $4, email = $5 FROM users u
				WHERE mails.id = $1 AND user_id IS NULL AND u.id = $2 AND u.email = $5 AND u.disabled_at IS NULL`
			args = append(args, *m.UserID, m.To, m.Name, m.Email)
		}
		if err := q.mustTouch(ctx, "mail", text, args...); err != nil {
			return err
		}
		return q.record(ctx, events)
	})
}

// TakeMails implements mail.Queue. What is due is found once: as a part of the update PostgreSQL may look for it again and again, and
// skip what it has locked already, and so take more than was asked for.
func (s *Store) TakeMails(ctx context.Context, now, until time.Time, most int) (taken []account.Mail, err error) {
	err = s.write(ctx, func(q querier) error {
		taken, err = all(ctx, q, func(r row) (m account.Mail, err error) {
			return m, r.Scan(&m.ID, &m.Kind, &m.UserID, &m.To, &m.Name, &m.Email, &m.UserAgent, &m.IPAddress,
				moment{&m.CreatedAt}, &m.Attempts)
		}, `
			WITH due AS MATERIALIZED (SELECT id FROM mails WHERE due_at <= $1 ORDER BY due_at LIMIT $3`+s.dialect.skipLocked+`)
			UPDATE mails SET due_at = $2, attempts = attempts + 1 WHERE id IN (SELECT id FROM due)
			RETURNING `+mailColumns, now, until, most)
		return err
	})
	slices.SortFunc(taken, func(a, b account.Mail) int { return slices.Compare(a.ID.UUID[:], b.ID.UUID[:]) })
	return taken, err
}

// MailSent implements mail.Queue.
func (s *Store) MailSent(ctx context.Context, m id.Mail) error {
	return s.write(ctx, func(q querier) error {
		_, err := q.exec(ctx, `DELETE FROM mails WHERE id = $1`, m)
		return err
	})
}

// PutMailOff implements mail.Queue.
func (s *Store) PutMailOff(ctx context.Context, m account.Mail, until time.Time) error {
	return s.write(ctx, func(q querier) error {
		_, err := q.exec(ctx, `UPDATE mails SET due_at = $2 WHERE id = $1 AND attempts = $3`, m.ID, until, m.Attempts)
		return err
	})
}

// NextMail implements mail.Queue.
func (s *Store) NextMail(ctx context.Context) (due *time.Time, err error) {
	err = s.reader.one(ctx, `SELECT min(due_at) FROM mails`, nil, perhaps{&due})
	return due, err
}
