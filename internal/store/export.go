package store

import (
	"context"

	"github.com/google/uuid"

	"postern/internal/account"
	"postern/internal/id"
)

// exportPage is how many rows a statement of an export reads: what is left of them when nobody wants more is read all the same.
const exportPage = 50

// exportList is what an export reads of a table: a part of each row, with the row's id.
type exportList struct {
	columns, table, owner string
	scan                  func(row) (account.Part, uuid.UUID, error)
}

// Export implements account.Store.
func (s *Store) Export(ctx context.Context, user id.User, proof *account.Proof, to func(account.Part) error) error {
	return s.snapshot(ctx, func(q querier) error {
		a := new(account.ExportedAccount)
		condition, args := proven(proof, user)
		err := q.one(ctx, `SELECT `+accountColumns+` FROM users WHERE id = $1`+condition, args, accountDest(&a.Account)...)
		if err != nil {
			return notFound(err, "user")
		}
		if a.FormerEmails, err = q.formerEmails(ctx, user); err != nil {
			return err
		}
		if err := to(account.Part{Account: a}); err != nil {
			return err
		}
		for _, list := range []exportList{
			{`id, slug, title, content, created_at, updated_at, version`, `posts`, `author_id`, exportedPost},
			{sessionColumns, `sessions s`, `user_id`, exportedSession},
			{eventColumns, `events e`, `user_id`, exportedEvent},
		} {
			if err := q.export(ctx, list, user, to); err != nil {
				return err
			}
		}
		return nil
	})
}

func (q querier) formerEmails(ctx context.Context, user id.User) ([]account.FormerEmail, error) {
	return all(ctx, q, func(r row) (e account.FormerEmail, err error) {
		return e, r.Scan(&e.Email, moment{&e.LeftAt}, moment{&e.ExpiresAt})
	}, `SELECT email, left_at, expires_at FROM former_emails WHERE user_id = $1 ORDER BY position DESC`, user)
}

// export hands over the rows of a user's, oldest first.
func (q querier) export(ctx context.Context, list exportList, user id.User, to func(account.Part) error) error {
	text := `SELECT ` + list.columns + ` FROM ` + list.table + ` WHERE ` + list.owner + ` = $1 AND id > $2 ORDER BY id LIMIT $3`
	for last := uuid.Nil; ; {
		found := 0
		err := each(ctx, q, func(r row) error {
			part, at, err := list.scan(r)
			if err != nil {
				return err
			}
			found, last = found+1, at
			return to(part)
		}, text, user, last, exportPage)
		if err != nil || found < exportPage {
			return err
		}
	}
}

func exportedPost(r row) (account.Part, uuid.UUID, error) {
	p := new(account.ExportedPost)
	err := r.Scan(&p.ID, &p.Slug, &p.Title, &p.Content, moment{&p.CreatedAt}, moment{&p.UpdatedAt}, &p.Version)
	return account.Part{Post: p}, p.ID.UUID, err
}

func exportedSession(r row) (account.Part, uuid.UUID, error) {
	session, err := scanSession(r)
	return account.Part{Session: session}, session.ID.UUID, err
}

func exportedEvent(r row) (account.Part, uuid.UUID, error) {
	event, err := scanEvent(r)
	return account.Part{Event: &event}, event.ID.UUID, err
}
