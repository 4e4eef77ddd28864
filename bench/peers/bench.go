package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"
)

// bench is one run of this command.
type bench struct {
	options

	dir      string // what is made while it runs
	progress io.Writer
	cluster  *cluster // nil with SQLite
	blog     *blog
	original string   // the peers' database, which each gets a copy of; with PostgreSQL they share it
	peers    []peer   // Postern first
	notes    []string // what no table can say
	missing  []string // a sentence for each that cannot be measured
}

// prepare has Postern take in the data, gives the same to the peers, and finds out who they are.
func (b *bench) prepare(ctx context.Context) (err error) {
	own, err := b.posternPeer(ctx, postern)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(b.progress, "%d users publish %d posts\n", b.users, b.posts)
	s, err := b.start(ctx, own, serving+","+asking)
	if err != nil {
		return fmt.Errorf("start Postern: %w", err)
	}
	b.blog, err = populate(ctx, s.origin, b.users, b.posts)
	s.stop()
	if err != nil {
		return fmt.Errorf("fill Postern: %w", err)
	}
	b.peers = []peer{own}
	if b.original, err = b.fill(ctx); err != nil {
		return fmt.Errorf("make the peers' database: %w", err)
	}
	return b.gather(ctx)
}

// tables are the peers', who have what they need and no more: of each session, whose it is; of a moment, its text.
var tables = []string{ //nolint:gochecknoglobals // a constant, but for Go's lack of them
	`CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE)`,
	`CREATE TABLE sessions (id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users)`,
	`CREATE TABLE posts (id TEXT PRIMARY KEY, author_id TEXT NOT NULL REFERENCES users, title TEXT NOT NULL, content TEXT NOT NULL,
		created_at TEXT NOT NULL)`,
	`CREATE INDEX posts_by_author ON posts (author_id)`,
}

// fill makes the peers' database.
func (b *bench) fill(ctx context.Context) (database string, err error) {
	database = filepath.Join(b.dir, "blog.db")
	if b.cluster != nil {
		if database, err = b.cluster.create(ctx, "blog"); err != nil {
			return "", err
		}
	}
	db, err := open(database)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	exec := func(text string, args ...any) {
		if err == nil {
			_, err = tx.ExecContext(ctx, text, args...)
		}
	}
	for _, table := range tables {
		exec(table)
	}
	for _, u := range b.blog.users {
		exec(`INSERT INTO users (id, name, email) VALUES ($1, $2, $3)`, u.ID, u.Name, u.email)
		exec(`INSERT INTO sessions (id, user_id) VALUES ($1, $2)`, u.claims["sid"], u.ID)
	}
	for _, p := range b.blog.posts {
		exec(`INSERT INTO posts (id, author_id, title, content, created_at) VALUES ($1, $2, $3, $4, $5)`,
			p.ID, p.Author.ID, p.Title, p.Content, p.CreatedAt)
	}
	if err != nil {
		return "", err
	}
	return database, tx.Commit()
}

func open(database string) (*sql.DB, error) {
	if strings.HasPrefix(database, "postgres:") {
		return sql.Open("pgx", database)
	}
	return sql.Open("sqlite", "file:"+database)
}

// copyFor is a database of a peer's own; with PostgreSQL, where nobody writes, they share one.
func (b *bench) copyFor(name string) (string, error) {
	if b.cluster != nil {
		return b.original, nil
	}
	data, err := os.ReadFile(b.original)
	if err != nil {
		return "", err
	}
	database := b.folder(name) + ".db"
	return database, os.WriteFile(database, data, 0o600) //nolint:gosec // the name is from our own list
}

// count is how many posts a database has.
func count(ctx context.Context, database string) (n int, err error) {
	db, err := open(database)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return n, db.QueryRowContext(ctx, `SELECT count(*) FROM posts`).Scan(&n)
}
