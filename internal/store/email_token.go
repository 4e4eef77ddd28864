package store

import (
	"context"
	"fmt"
	"time"

	"postern/internal/account"
	"postern/internal/fault"
	"postern/internal/id"
)

// AddEmailToken implements account.Store. What has expired makes room for it.
func (s *Store) AddEmailToken(ctx context.Context, t account.EmailToken, now time.Time) error {
	return s.write(ctx, func(q querier) error {
		if _, err := q.exec(ctx, `DELETE FROM email_tokens WHERE expires_at <= $1`, now); err != nil {
			return fmt.Errorf("delete expired tokens: %w", err)
		}
		_, err := q.exec(ctx, `
			INSERT INTO email_tokens (hash, kind, user_id, email, email_key, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			t.Hash, string(t.Kind), t.UserID, t.Email, t.EmailKey, t.ExpiresAt)
		if err != nil {
			return fmt.Errorf("insert token: %w", err)
		}
		return nil
	})
}

// EmailToken implements account.Store.
func (s *Store) EmailToken(ctx context.Context, hash []byte, kind account.MailKind, now time.Time) (*account.EmailToken, error) {
	t := &account.EmailToken{Hash: hash, Kind: kind}
	err := s.read().one(ctx, `
		SELECT t.user_id, t.email, t.email_key, t.expires_at FROM email_tokens t JOIN users u ON u.id = t.user_id
		WHERE t.hash = $1 AND t.kind = $2 AND t.expires_at > $3 AND u.disabled_at IS NULL`,
		[]any{hash, string(kind), now}, &t.UserID, &t.Email, &t.EmailKey, moment{&t.ExpiresAt})
	return t, notFound(err, "token")
}

// use uses a token up. It takes hold of the user's row first, as whatever changes an account does.
func (q querier) use(ctx context.Context, t account.EmailToken, now time.Time, text string, args ...any) error {
	if err := q.mustTouch(ctx, "user", text, args...); err != nil {
		return err
	}
	return q.mustTouch(ctx, "token", `DELETE FROM email_tokens WHERE hash = $1 AND expires_at > $2`, t.Hash, now)
}

// forgetTokens deletes tokens of an account, and mails that would carry such.
func (q querier) forgetTokens(ctx context.Context, user id.User, kinds ...account.MailKind) error {
	for _, kind := range kinds {
		for _, table := range []string{"email_tokens", "mails"} {
			if _, err := q.exec(ctx, `DELETE FROM `+table+` WHERE user_id = $1 AND kind = $2`, user, string(kind)); err != nil {
				return fmt.Errorf("delete tokens: %w", err)
			}
		}
	}
	return nil
}

// ResetPassword implements account.Store.
func (s *Store) ResetPassword(
	ctx context.Context, t account.EmailToken, now time.Time, hash string, events ...account.Event,
) error {
	return s.write(ctx, func(q querier) error {
		if err := q.use(ctx, t, now, `
			UPDATE users SET password_hash = $2, email_verified_at = coalesce(email_verified_at, $4)
			WHERE id = $1 AND email_key = $3 AND disabled_at IS NULL`, t.UserID, hash, t.EmailKey, now); err != nil {
			return err
		}
		if err := q.forgetTokens(ctx, t.UserID, account.MailResetPassword, account.MailConfirmEmail); err != nil {
			return err
		}
		if err := q.deleteSessions(ctx, t.UserID, id.Session{}); err != nil {
			return err
		}
		return q.record(ctx, events)
	})
}

// VerifyEmail implements account.Store.
func (s *Store) VerifyEmail(ctx context.Context, t account.EmailToken, now time.Time, events ...account.Event) error {
	return s.write(ctx, func(q querier) error {
		if err := q.use(ctx, t, now, `
			UPDATE users SET email_verified_at = coalesce(email_verified_at, $3) WHERE id = $1 AND email_key = $2 AND disabled_at IS NULL`,
			t.UserID, t.EmailKey, now); err != nil {
			return err
		}
		if err := q.forgetTokens(ctx, t.UserID, account.MailVerifyEmail); err != nil {
			return err
		}
		return q.record(ctx, events)
	})
}

// ChangeEmail implements account.Store.
func (s *Store) ChangeEmail(ctx context.Context, t account.EmailToken, now time.Time, events ...account.Event) error {
	return s.write(ctx, func(q querier) error {
		if err := s.moveTo(ctx, q, t, now); err != nil {
			return err
		}
		if err := q.forgetTokens(ctx, t.UserID,
			account.MailResetPassword, account.MailVerifyEmail, account.MailConfirmEmail); err != nil {
			return err
		}
		return q.record(ctx, events)
	})
}

// UndoEmailChange implements account.Store.
func (s *Store) UndoEmailChange(ctx context.Context, t account.EmailToken, now time.Time, events ...account.Event) error {
	return s.write(ctx, func(q querier) error {
		if err := s.moveTo(ctx, q, t, now); err != nil {
			return err
		}
		for _, table := range []string{"email_tokens", "mails", "sessions"} {
			if _, err := q.exec(ctx, `DELETE FROM `+table+` WHERE user_id = $1`, t.UserID); err != nil {
				return fmt.Errorf("delete %s: %w", table, err)
			}
		}
		return q.record(ctx, events)
	})
}

// moveTo gives an account the email of a token, which is used up.
func (s *Store) moveTo(ctx context.Context, q querier, t account.EmailToken, now time.Time) error {
	err := q.use(ctx, t, now, `
		UPDATE users SET email = $2, email_key = $3, email_verified_at = $4 WHERE id = $1 AND disabled_at IS NULL`,
		t.UserID, t.Email, t.EmailKey, now)
	if s.dialect.isUnique(err) {
		return fault.New(fault.Taken, "There is an account with this email already.").At("input", "token")
	}
	return err
}
