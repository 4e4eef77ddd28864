package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/page"
	"postern/internal/throttle"
)

// OpenSession implements account.Store. The new session comes first: whatever else ends an account's sessions takes hold
// of the user's row before theirs, and so must this, lest each waits for the other.
func (s *Store) OpenSession(ctx context.Context, session *account.SessionState, passwordHash string, forgiven []throttle.Attempt, events ...account.Event) error {
	return s.write(ctx, func(q querier) error {
		if err := s.insertSession(ctx, q, session, passwordHash); err != nil {
			return err
		}
		_, err := q.exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND expires_at <= $2`, session.UserID, session.CreatedAt)
		if err != nil {
			return fmt.Errorf("delete expired sessions: %w", err)
		}
		if err := q.forgive(ctx, forgiven); err != nil {
			return err
		}
		return q.record(ctx, events)
	})
}

// insertSession takes the user's row out of the table again, and keeps it as it is until the end of the transaction, so
// that none is opened for who was disabled or deleted, or got another password, since they were looked up.
func (s *Store) insertSession(ctx context.Context, q querier, session *account.SessionState, passwordHash string) error {
	return q.mustTouch(ctx, "account", `
		INSERT INTO sessions (id, user_id, family_hash, refresh_hash, rotated_at, user_agent, ip_address,
			created_at, last_used_at, expires_at)
		SELECT $1, id, $3, $4, $5, $6, $7, $8, $9, $10 FROM users
		WHERE id = $2 AND disabled_at IS NULL AND password_hash = $11`+s.dialect.forShare,
		session.ID, session.UserID, session.Family, session.Current, session.RotatedAt, session.UserAgent, session.IPAddress,
		session.CreatedAt, session.LastUsedAt, session.ExpiresAt, passwordHash)
}

const sessionColumns = `s.id, s.user_agent, s.ip_address, s.created_at, s.last_used_at, s.expires_at`

// sessionDest appends where a session's columns go.
func sessionDest(dest []any, s *account.Session) []any {
	return append(dest, &s.ID, &s.UserAgent, &s.IPAddress, moment{&s.CreatedAt}, moment{&s.LastUsedAt}, moment{&s.ExpiresAt})
}

func scanSession(r row) (*account.Session, error) {
	s := new(account.Session)
	return s, r.Scan(sessionDest(nil, s)...)
}

// SessionState implements account.Store.
func (s *Store) SessionState(ctx context.Context, family []byte) (*account.SessionState, error) {
	state := &account.SessionState{Family: family}
	err := s.reader.one(ctx, `
		SELECT `+sessionColumns+`, s.user_id, s.refresh_hash, s.previous_hash, s.nonce, s.rotated_at
		FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.family_hash = $1 AND u.disabled_at IS NULL`,
		[]any{family},
		append(sessionDest(nil, &state.Session), &state.UserID, &state.Current, &state.Previous, &state.Nonce, moment{&state.RotatedAt})...)
	return state, notFound(err, "session")
}

// Rotate implements account.Store.
func (s *Store) Rotate(ctx context.Context, state *account.SessionState, from []byte) (bool, error) {
	var rotated int64
	err := s.write(ctx, func(q querier) (err error) {
		rotated, err = q.exec(ctx, `
			UPDATE sessions
			SET refresh_hash = $3, previous_hash = $4, nonce = $5, rotated_at = $6, last_used_at = $7, expires_at = $8
			WHERE id = $1 AND refresh_hash = $2`,
			state.ID, from, state.Current, state.Previous, state.Nonce, state.RotatedAt, state.LastUsedAt, state.ExpiresAt)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("rotate refresh token: %w", err)
	}
	return rotated == 1, nil
}

// SessionRole implements account.Store.
func (s *Store) SessionRole(ctx context.Context, user id.User, session id.Session, now time.Time) (role auth.Role, err error) {
	err = s.reader.one(ctx, `
		SELECT `+s.role+` FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.id = $1 AND s.user_id = $2 AND s.expires_at > $3 AND u.disabled_at IS NULL`,
		[]any{session, user, now}, &role)
	return role, notFound(err, "session")
}

// LivingSessions implements account.Store.
func (s *Store) LivingSessions(ctx context.Context, ids []id.Session, now time.Time) (map[id.Session]auth.Role, error) {
	list, args := in(2, ids, id.Session{})
	living := make(map[id.Session]auth.Role, len(ids))
	_, err := all(ctx, s.reader, func(r row) (session id.Session, err error) {
		var role auth.Role
		err = r.Scan(&session, &role)
		living[session] = role
		return session, err
	}, `
		SELECT s.id, `+s.role+` FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.id IN (`+list+`) AND s.expires_at > $1 AND u.disabled_at IS NULL`,
		append([]any{now}, args...)...)
	return living, err
}

// Sessions implements account.Store.
func (s *Store) Sessions(ctx context.Context, user id.User, now time.Time, w page.Window) (page.Page[*account.Session], error) {
	return paged(ctx, s.reader, list[*account.Session]{
		columns: sessionColumns,
		table:   `sessions s`,
		alias:   "s",
		where:   `s.user_id = $4 AND s.expires_at > $5`,
		args:    []any{user, now},
		item: func(dest []any) (*account.Session, []any) {
			session := new(account.Session)
			return session, sessionDest(dest, session)
		},
	}, w)
}

// CountSessions implements account.Store.
func (s *Store) CountSessions(ctx context.Context, user id.User, now time.Time) (count int, err error) {
	err = s.reader.one(ctx, `SELECT count(*) FROM sessions WHERE user_id = $1 AND expires_at > $2`, []any{user, now}, &count)
	return count, err
}

// SessionsByID implements account.Store.
func (s *Store) SessionsByID(ctx context.Context, user id.User, now time.Time, ids []id.Session) ([]*account.Session, error) {
	list, args := in(3, ids, id.Session{})
	return all(ctx, s.reader, scanSession, `
		SELECT `+sessionColumns+` FROM sessions s WHERE s.user_id = $1 AND s.expires_at > $2 AND s.id IN (`+list+`)`,
		append([]any{user, now}, args...)...)
}

// EndSession implements account.Store.
func (s *Store) EndSession(ctx context.Context, user id.User, session id.Session, events ...account.Event) error {
	return s.write(ctx, func(q querier) error { return q.endSession(ctx, user, session, events) })
}

// RevokeSession implements account.Store.
func (s *Store) RevokeSession(ctx context.Context, user id.User, session id.Session, events ...account.Event) error {
	return s.write(ctx, func(q querier) error {
		if err := q.endSession(ctx, user, session, events); err != nil {
			return err
		}
		return q.forgetTokens(ctx, user, account.MailConfirmEmail)
	})
}

func (q querier) endSession(ctx context.Context, user id.User, session id.Session, events []account.Event) error {
	if err := q.hold(ctx, user); err != nil {
		return err
	}
	if err := q.mustTouch(ctx, "session", `DELETE FROM sessions WHERE id = $1 AND user_id = $2`, session, user); err != nil {
		return err
	}
	return q.record(ctx, events)
}

// EndSessions implements account.Store.
func (s *Store) EndSessions(ctx context.Context, user id.User, keep id.Session, now time.Time, events ...account.Event) (living []id.Session, err error) {
	err = s.write(ctx, func(q querier) error {
		if err := q.hold(ctx, user); err != nil {
			return err
		}
		sessions, err := all(ctx, q, func(r row) (ended account.Session, err error) {
			return ended, r.Scan(&ended.ID, moment{&ended.ExpiresAt})
		}, `DELETE FROM sessions WHERE user_id = $1 AND id <> $2 RETURNING id, expires_at`, user, keep)
		for _, session := range sessions {
			if session.ExpiresAt.After(now) {
				living = append(living, session.ID)
			}
		}
		slices.SortFunc(living, func(a, b id.Session) int { return -slices.Compare(a.UUID[:], b.UUID[:]) })
		if err != nil {
			return err
		}
		if err := q.forgetTokens(ctx, user, account.MailConfirmEmail); err != nil { // that an ended session asked for
			return err
		}
		return q.record(ctx, events)
	})
	return living, err
}

// hold takes hold of the user's row until the transaction ends, if there is one: whoever takes hold of what is an account's takes
// hold of its row first, lest each of two waits for the other. What is asked after it knows what was done by those who held it
// before; a statement that waited for them within itself would not.
func (q querier) hold(ctx context.Context, user id.User) error {
	if q.dialect.forUpdate == "" {
		return nil
	}
	if _, err := q.exec(ctx, `SELECT 1 FROM users WHERE id = $1`+q.dialect.forUpdate, user); err != nil {
		return fmt.Errorf("hold user: %w", err)
	}
	return nil
}

func (q querier) deleteSessions(ctx context.Context, user id.User, keep id.Session) error {
	if _, err := q.exec(ctx, `DELETE FROM sessions WHERE user_id = $1 AND id <> $2`, user, keep); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// mustTouch runs a statement that changes one row; if there is none, the error is a NotFound fault.
func (q querier) mustTouch(ctx context.Context, what, text string, args ...any) error {
	touched, err := q.exec(ctx, text, args...)
	switch {
	case err != nil:
		return fmt.Errorf("write %s: %w", what, err)
	case touched == 0:
		return fault.New(fault.NotFound, "There is no such %s.", what)
	}
	return nil
}
