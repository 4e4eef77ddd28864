package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postern/internal/account"
	"postern/internal/auth"
	"postern/internal/fault"
	"postern/internal/id"
	"postern/internal/throttle"
)

// CreateAccount implements account.Store.
func (s *Store) CreateAccount(ctx context.Context, c *account.Credentials, session *account.SessionState, events ...account.Event) error {
	return s.write(ctx, func(q querier) error {
		created, err := q.exec(ctx, `
			INSERT INTO users (id, handle, name, email, email_key, role, password_hash, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT DO NOTHING`,
			c.ID, c.Handle, c.Name, c.Email, c.EmailKey, c.Role.String(), c.PasswordHash, c.CreatedAt)
		switch {
		case err != nil:
			return fmt.Errorf("insert user: %w", err)
		case created == 0:
			return q.whatIsTaken(ctx, c)
		}
		switch kept, err := q.isKept(ctx, c.EmailKey, c.CreatedAt); {
		case err != nil:
			return err
		case kept:
			return emailTaken().At("input", "email")
		}
		if session != nil {
			if err := s.insertSession(ctx, q, session, c.PasswordHash); err != nil {
				return err
			}
		}
		return q.record(ctx, events)
	})
}

func (q querier) whatIsTaken(ctx context.Context, c *account.Credentials) error {
	var email, handle bool
	if err := q.one(ctx, `
		SELECT EXISTS (SELECT 1 FROM users WHERE email_key = $1)
			OR EXISTS (SELECT 1 FROM former_emails WHERE email_key = $1 AND expires_at > $3),
			EXISTS (SELECT 1 FROM users WHERE handle = $2)`,
		[]any{c.EmailKey, c.Handle, c.CreatedAt}, &email, &handle); err != nil {
		return fmt.Errorf("find what is taken: %w", err)
	}
	var taken []error
	if email {
		taken = append(taken, emailTaken().At("input", "email"))
	}
	if handle || !email { // if whoever had it is gone by now, it was the handle or the email: another attempt will tell
		taken = append(taken, handleTaken())
	}
	return errors.Join(taken...)
}

func emailTaken() *fault.Error {
	return fault.New(fault.Taken, "There is an account with this email already.")
}

func handleTaken() error {
	return fault.New(fault.Taken, "Somebody has this handle already.").At("input", "handle")
}

// accountColumns go without the table's name, which SQLite does not know by an alias in RETURNING.
const accountColumns = `id, handle, name, created_at, email, email_verified_at IS NOT NULL, role, disabled_at`

func accountDest(a *account.Account) []any {
	return []any{&a.ID, &a.Handle, &a.Name, moment{&a.CreatedAt}, &a.Email, &a.EmailVerified, &a.Role, perhaps{&a.DisabledAt}}
}

func scanAccount(r row) (*account.Account, error) {
	a := new(account.Account)
	return a, r.Scan(accountDest(a)...)
}

// Account implements account.Store.
func (s *Store) Account(ctx context.Context, user id.User) (*account.Account, error) {
	a := new(account.Account)
	err := s.reader.one(ctx, `SELECT `+accountColumns+` FROM users WHERE id = $1`, []any{user}, accountDest(a)...)
	return a, notFound(err, "user")
}

// Accounts implements account.Store.
func (s *Store) Accounts(ctx context.Context) ([]*account.Account, error) {
	return all(ctx, s.reader, scanAccount, `SELECT `+accountColumns+` FROM users ORDER BY id`)
}

const userColumns = `u.id, u.handle, u.name, u.created_at`

// userDest appends where a user's columns go.
func userDest(dest []any, u *account.User) []any {
	return append(dest, &u.ID, &u.Handle, &u.Name, moment{&u.CreatedAt})
}

func scanUser(r row) (*account.User, error) {
	u := new(account.User)
	return u, r.Scan(userDest(nil, u)...)
}

// User implements account.Store.
func (s *Store) User(ctx context.Context, by account.UserLookup) (*account.User, error) {
	column, value := "handle", any(by.Handle)
	if by.ID != nil {
		column, value = "id", *by.ID
	}
	u := new(account.User)
	err := s.reader.one(ctx, `SELECT `+userColumns+` FROM users u WHERE u.`+column+` = $1`, []any{value}, userDest(nil, u)...)
	return u, notFound(err, "user")
}

// Users implements account.Store.
func (s *Store) Users(ctx context.Context, ids []id.User) ([]*account.User, error) {
	list, args := in(1, ids, id.User{})
	return all(ctx, s.reader, scanUser, `SELECT `+userColumns+` FROM users u WHERE u.id IN (`+list+`)`, args...)
}

// Credentials implements account.Store.
func (s *Store) Credentials(ctx context.Context, user id.User) (*account.Credentials, error) {
	return s.credentials(ctx, "id", user)
}

// CredentialsByEmail implements account.Store.
func (s *Store) CredentialsByEmail(ctx context.Context, emailKey string) (*account.Credentials, error) {
	return s.credentials(ctx, "email_key", emailKey)
}

func (s *Store) credentials(ctx context.Context, column string, value any) (*account.Credentials, error) {
	c := new(account.Credentials)
	err := s.reader.one(ctx, `
		SELECT `+accountColumns+`, email_key, password_hash FROM users WHERE `+column+` = $1`,
		[]any{value}, append(accountDest(&c.Account), &c.EmailKey, &c.PasswordHash)...)
	return c, notFound(err, "account")
}

// UpdateProfile implements account.Store.
func (s *Store) UpdateProfile(ctx context.Context, user id.User, in account.UpdateProfileInput) (*account.Account, error) {
	updated := new(account.Account)
	err := s.write(ctx, func(q querier) error {
		err := q.one(ctx, `
			UPDATE users SET name = coalesce($2, name), handle = coalesce($3, handle) WHERE id = $1
			RETURNING `+accountColumns,
			[]any{user, in.Name, in.Handle}, accountDest(updated)...)
		if s.dialect.isUnique(err) {
			return handleTaken()
		}
		return notFound(err, "user")
	})
	return updated, err
}

// SetPassword implements account.Store.
func (s *Store) SetPassword(ctx context.Context, user id.User, hash string, proof *account.Proof, events ...account.Event) error {
	return s.write(ctx, func(q querier) error {
		if err := q.hold(ctx, user); err != nil {
			return err
		}
		condition, args := proven(proof, user, hash)
		if err := q.mustTouch(ctx, "user", `UPDATE users SET password_hash = $2 WHERE id = $1`+condition, args...); err != nil {
			return err
		}
		keep := id.Session{}
		if proof != nil {
			keep = proof.Session
		}
		if err := q.deleteSessions(ctx, user, keep); err != nil {
			return err
		}
		if err := q.forgetTokens(ctx, user, account.MailResetPassword, account.MailConfirmEmail); err != nil {
			return err
		}
		return q.record(ctx, events)
	})
}

// proven ends the condition of a statement on a user's row with what a proof says of it, and its arguments.
func proven(proof *account.Proof, args ...any) (condition string, all []any) {
	if proof == nil {
		return "", args
	}
	hash, session := len(args)+1, len(args)+2
	return fmt.Sprintf(` AND disabled_at IS NULL AND password_hash = $%d
		AND EXISTS (SELECT 1 FROM sessions WHERE id = $%d AND user_id = users.id)`, hash, session),
		append(args, proof.PasswordHash, proof.Session)
}

// Rehash implements account.Store.
func (s *Store) Rehash(ctx context.Context, user id.User, from, to string) error {
	return s.write(ctx, func(q querier) error {
		return q.mustTouch(ctx, "user", `UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2`, user, from, to)
	})
}

// SetRole implements account.Store.
func (s *Store) SetRole(ctx context.Context, user id.User, role auth.Role, events ...account.Event) error {
	return s.write(ctx, func(q querier) error {
		if err := q.mustTouch(ctx, "user", `UPDATE users SET role = $2 WHERE id = $1`, user, role.String()); err != nil {
			return err
		}
		return q.record(ctx, events)
	})
}

// Disable implements account.Store.
func (s *Store) Disable(ctx context.Context, user id.User, at time.Time, events ...account.Event) error {
	return s.write(ctx, func(q querier) error {
		if err := q.mustTouch(ctx, "user", `UPDATE users SET disabled_at = $2 WHERE id = $1`, user, at); err != nil {
			return err
		}
		if err := q.forgetTokens(ctx, user, account.MailResetPassword, account.MailVerifyEmail, account.MailConfirmEmail); err != nil {
			return err
		}
		if err := q.deleteSessions(ctx, user, id.Session{}); err != nil {
			return err
		}
		return q.record(ctx, events)
	})
}

// Enable implements account.Store.
func (s *Store) Enable(ctx context.Context, user id.User, events ...account.Event) error {
	return s.write(ctx, func(q querier) error {
		if err := q.mustTouch(ctx, "user", `UPDATE users SET disabled_at = NULL WHERE id = $1`, user); err != nil {
			return err
		}
		return q.record(ctx, events)
	})
}

// DeleteAccount implements account.Store.
func (s *Store) DeleteAccount(
	ctx context.Context, user id.User, proof *account.Proof, forgotten []throttle.Attempt, events ...account.Event,
) error {
	return s.write(ctx, func(q querier) error {
		if err := q.hold(ctx, user); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `
			DELETE FROM mails WHERE user_id IS NULL AND email = (SELECT email_key FROM users WHERE id = $1)`, user); err != nil {
			return fmt.Errorf("delete mails: %w", err)
		}
		condition, args := proven(proof, user)
		if err := q.mustTouch(ctx, "user", `DELETE FROM users WHERE id = $1`+condition, args...); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `DELETE FROM events WHERE user_id = $1`, user); err != nil {
			return fmt.Errorf("delete events: %w", err)
		}
		if err := q.forget(ctx, forgotten); err != nil {
			return err
		}
		for _, e := range events { // whose account is gone, for which nothing else is recorded
			if _, err := q.insertEvent(ctx, e, ""); err != nil {
				return err
			}
		}
		return nil
	})
}
