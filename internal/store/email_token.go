package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"postern/internal/account"
	"postern/internal/fault"
	"postern/internal/id"
)

// AddEmailToken implements account.Store. What ends a mail's use takes hold of the user's row, and so must this: who would put a
// token down for a mail that is being forgotten waits, and finds it gone.
func (s *Store) AddEmailToken(ctx context.Context, t account.EmailToken, m id.Mail, now time.Time) error {
	return s.write(ctx, func(q querier) error {
		if err := q.hold(ctx, t.UserID); err != nil {
			return err
		}
		return q.mustTouch(ctx, "mail", `
			INSERT INTO email_tokens (hash, kind, user_id, email, email_key, expires_at)
			SELECT $1, $2, $3, $4, $5, $6 FROM mails WHERE id = $7 AND (kind <> $8 OR EXISTS (
				SELECT 1 FROM former_emails f WHERE f.email_key = $5 AND f.user_id = $3 AND f.expires_at > $9))`,
			t.Hash, string(t.Kind), t.UserID, t.Email, t.EmailKey, t.ExpiresAt, m, string(account.MailEmailChanged), now)
	})
}

// EmailToken implements account.Store.
func (s *Store) EmailToken(ctx context.Context, hash []byte, kind account.MailKind, now time.Time) (*account.EmailToken, error) {
	t := &account.EmailToken{Hash: hash, Kind: kind}
	err := s.reader.one(ctx, `
		SELECT t.user_id, t.email, t.email_key, t.expires_at FROM email_tokens t JOIN users u ON u.id = t.user_id
		WHERE t.hash = $1 AND t.kind = $2 AND t.expires_at > $3 AND u.disabled_at IS NULL`,
		[]any{hash, string(kind), now}, &t.UserID, &t.Email, &t.EmailKey, moment{&t.ExpiresAt})
	return t, notFound(err, "token")
}

// ForgetEmails implements account.Store. It waits for nobody.
func (s *Store) ForgetEmails(ctx context.Context, now time.Time) error {
	const most = 1000
	return s.write(ctx, func(q querier) error {
		for table, key := range map[string]string{"email_tokens": "hash", "former_emails": "email_key"} {
			if _, err := q.exec(ctx, `
				DELETE FROM `+table+` WHERE `+key+` IN (
					SELECT `+key+` FROM `+table+` WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2`+s.dialect.skipLocked+`)`,
				now, most); err != nil {
				return fmt.Errorf("forget %s: %w", table, err)
			}
		}
		if _, err := q.exec(ctx, `
			DELETE FROM mails WHERE id IN (
				SELECT id FROM mails WHERE id < $1 ORDER BY id LIMIT $2`+s.dialect.skipLocked+`)`,
			id.Floor(now.Add(-account.KeepEmail)), most); err != nil {
			return fmt.Errorf("forget mails: %w", err)
		}
		return nil
	})
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
	list, args := in(2, kinds, "")
	args = append([]any{user}, args...)
	for _, table := range []string{"email_tokens", "mails"} {
		if _, err := q.exec(ctx, `DELETE FROM `+table+` WHERE user_id = $1 AND kind IN (`+list+`)`, args...); err != nil {
			return fmt.Errorf("delete tokens: %w", err)
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
func (s *Store) ChangeEmail(ctx context.Context, t account.EmailToken, now, keep time.Time, events ...account.Event) error {
	return s.write(ctx, func(q querier) error {
		// Two accounts that want each other's would wait for each other's rows.
		switch taken, err := q.isAnothers(ctx, t); {
		case err != nil:
			return err
		case taken:
			return emailTaken().At("input", "token")
		}
		back, err := q.returnTo(ctx, &t, now)
		if err != nil {
			return err
		}
		if back {
			events = undoing(events, t.Email)
		} else if err := q.leave(ctx, t.UserID, now, keep); err != nil {
			return err
		}
		if err := s.moveTo(ctx, q, t, now); err != nil {
			return err
		}
		return q.record(ctx, events)
	})
}

// UndoEmailChange implements account.Store.
func (s *Store) UndoEmailChange(
	ctx context.Context, t account.EmailToken, now time.Time, hash string, events ...account.Event,
) error {
	return s.write(ctx, func(q querier) error {
		switch back, err := q.returnTo(ctx, &t, now); {
		case err != nil:
			return err
		case !back:
			return fault.New(fault.NotFound, "The email is not kept any more.")
		}
		if err := s.moveTo(ctx, q, t, now); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `UPDATE users SET password_hash = $2 WHERE id = $1`, t.UserID, hash); err != nil {
			return fmt.Errorf("set password: %w", err)
		}
		if err := q.deleteSessions(ctx, t.UserID, id.Session{}); err != nil {
			return err
		}
		return q.record(ctx, events)
	})
}

// undoing are events whose mail tells that the account has an earlier email again, as which there is nothing to undo.
func undoing(events []account.Event, email string) (changed []account.Event) {
	for _, e := range events {
		if e.Mail != nil {
			m := *e.Mail
			m.Kind, m.Email = account.MailEmailChangeUndone, email
			e.Mail = &m
		}
		changed = append(changed, e)
	}
	return changed
}

// returnTo uses a token up, and tells whether its email is one that the account had until lately. If so, that one is kept no
// longer, and neither is any that the account left since: of an account's emails the earlier one prevails, or who has stolen it could
// undo what its owner undid. The token's email is then as it was: another spelling could be another's.
func (q querier) returnTo(ctx context.Context, t *account.EmailToken, now time.Time) (back bool, err error) {
	err = q.use(ctx, *t, now, `UPDATE users SET email_verified_at = $2 WHERE id = $1 AND disabled_at IS NULL`, t.UserID, now)
	if err != nil {
		return false, err
	}
	var position int64
	switch err := q.one(ctx, `
		SELECT email, position FROM former_emails WHERE user_id = $1 AND email_key = $2 AND expires_at > $3`,
		[]any{t.UserID, t.EmailKey, now}, &t.Email, &position); {
	case errors.Is(err, sql.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("find a former email: %w", err)
	}
	if _, err := q.exec(ctx, `DELETE FROM former_emails WHERE user_id = $1 AND position >= $2`, t.UserID, position); err != nil {
		return false, fmt.Errorf("return to an email: %w", err)
	}
	return true, nil
}

// leave keeps the email that an account has for it. What was kept of it before, for whomever, has expired, or it would not be the
// account's.
func (q querier) leave(ctx context.Context, user id.User, now, keep time.Time) error {
	_, err := q.exec(ctx, `
		INSERT INTO former_emails (email_key, user_id, email, position, left_at, expires_at)
		SELECT email_key, id, email, (SELECT coalesce(max(position), 0) + 1 FROM former_emails WHERE user_id = $1), $2, $3
		FROM users WHERE id = $1
		ON CONFLICT (email_key) DO UPDATE SET user_id = excluded.user_id, email = excluded.email, position = excluded.position,
			left_at = excluded.left_at, expires_at = excluded.expires_at`, user, now, keep)
	if err != nil {
		return fmt.Errorf("keep an email: %w", err)
	}
	return nil
}

// moveTo gives an account the email of a token, and ends what mails to the one before carried.
func (s *Store) moveTo(ctx context.Context, q querier, t account.EmailToken, now time.Time) error {
	_, err := q.exec(ctx, `UPDATE users SET email = $2, email_key = $3 WHERE id = $1`, t.UserID, t.Email, t.EmailKey)
	switch {
	case s.dialect.isUnique(err):
		return emailTaken().At("input", "token")
	case err != nil:
		return fmt.Errorf("write email: %w", err)
	}
	switch kept, err := q.isKept(ctx, t.EmailKey, now); {
	case err != nil:
		return err
	case kept:
		return emailTaken().At("input", "token")
	}
	return q.forgetTokens(ctx, t.UserID, account.MailResetPassword, account.MailVerifyEmail, account.MailConfirmEmail)
}

// isAnothers tells whether the email of a token is that of another account.
func (q querier) isAnothers(ctx context.Context, t account.EmailToken) (taken bool, err error) {
	err = q.one(ctx, `SELECT EXISTS (SELECT 1 FROM users WHERE email_key = $1 AND id <> $2)`, []any{t.EmailKey, t.UserID}, &taken)
	if err != nil {
		return false, fmt.Errorf("find whose email it is: %w", err)
	}
	return taken, nil
}

// isKept tells whether an email is kept for an account that had it until lately. It is to be asked once a row of users has the
// email: until then, whose account it is may be about to leave it.
func (q querier) isKept(ctx context.Context, emailKey string, now time.Time) (kept bool, err error) {
	err = q.one(ctx, `SELECT EXISTS (SELECT 1 FROM former_emails WHERE email_key = $1 AND expires_at > $2)`, []any{emailKey, now}, &kept)
	if err != nil {
		return false, fmt.Errorf("find whether an email is kept: %w", err)
	}
	return kept, nil
}
