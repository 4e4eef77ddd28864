package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Generation numbers what anybody may read: it is another one as soon as somebody could have read a change of posts or users.
// It is not known while that cannot be told: as long as a commit is on its way, and as long as Listen does not hear of those of
// other servers, which may take them a moment. SQLite is asked each time, and knows of all processes.
func (s *Store) Generation(context.Context) (generation uint64, known bool) {
	if s.counter != nil {
		return s.counter.read()
	}
	return s.changes.generation()
}

// changes counts what changes where the database tells of it by a line.
type changes struct {
	count  atomic.Uint64
	ending atomic.Int64 // commits of ours that are on their way
	heard  atomic.Bool  // the line tells of those of others
}

func (c *changes) generation() (generation uint64, known bool) {
	// In this order: what is committed and not on its way any more is counted.
	known = c.heard.Load() && c.ending.Load() == 0
	return c.count.Load(), known
}

// commit runs a commit. Others can read what it changed before it returns: until it is counted, the generation is not known.
func (c *changes) commit(commit func() error) error {
	c.ending.Add(1)
	end := func() {
		c.count.Add(1)
		c.ending.Add(-1)
	}
	err := commit()
	if err != nil { // it may have been lost on the way back, or be about to happen
		time.AfterFunc(doubt, end)
		return err
	}
	end()
	return nil
}

// doubt is for how long a commit that failed may yet turn out to have been one.
const doubt = 5 * time.Second

// up says that the line tells of changes from now on. Unless it has told of all before, some may have been missed.
func (c *changes) up(all bool) {
	if !all {
		c.count.Add(1)
	}
	c.heard.Store(true)
}

// down says that the line does not tell of changes, or may not, and returns whether it did.
func (c *changes) down() (told bool) { return c.heard.Swap(false) }

// changesPublic tells whether a statement changes what anybody may read, or could.
func changesPublic(text string) bool {
	for _, change := range []string{
		"INSERT INTO posts ", "UPDATE posts ", "DELETE FROM posts ", "INSERT INTO users ", "UPDATE users ", "DELETE FROM users ",
	} {
		if strings.Contains(text, change) {
			return true
		}
	}
	return false
}

// counter reads the generation that the schema counts, on a connection of its own, so that it waits for nobody.
type counter struct {
	query string

	mu   sync.Mutex
	db   *sql.DB
	conn *sql.Conn
	stmt driver.StmtQueryContext
	row  [1]driver.Value
	// index tells, for a tenth of what it takes to ask, that there is nothing new; nil if it cannot.
	index *walIndex
}

func newCounter(db *sql.DB, query string) *counter {
	db.SetMaxOpenConns(1)
	return &counter{db: db, query: query}
}

func (c *counter) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.conn == nil {
		return c.db.Close()
	}
	err := c.conn.Raw(func(any) error {
		if stmt, prepared := c.stmt.(driver.Stmt); prepared {
			return stmt.Close()
		}
		return nil
	})
	return errors.Join(err, c.conn.Close(), c.db.Close())
}

func (c *counter) read() (generation uint64, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// The index is looked at first: what is committed between the two is asked for once more the next time.
	if c.index.changed() || c.row[0] == nil {
		if err := c.ask(); err != nil {
			if c.row[0] = nil; errors.Is(err, sql.ErrConnDone) {
				c.conn, c.stmt, c.index = nil, nil, nil
			}
			return 0, false
		}
	}
	number, ok := c.row[0].(int64)
	return uint64(number), ok //nolint:gosec // it counts from one
}

// connect opens the connection for good, and the index, which is SQLite's as long as anybody has the database open.
func (c *counter) connect(ctx context.Context) error {
	conn, err := c.db.Conn(ctx)
	if err != nil {
		return err
	}
	var mode, file string
	if err := errors.Join(
		conn.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode),
		conn.QueryRowContext(ctx, `SELECT file FROM pragma_database_list WHERE name = 'main'`).Scan(&file),
	); err != nil {
		return errors.Join(err, conn.Close())
	}
	if c.conn = conn; mode == "wal" {
		c.index = openWALIndex(file)
	}
	return nil
}

// ask asks the driver itself, which takes half as long as by way of database/sql, and without a context that could end, for
// which it would start a goroutine.
func (c *counter) ask() error {
	ctx := context.Background()
	if c.conn == nil {
		if err := c.connect(ctx); err != nil {
			return err
		}
	}
	return c.conn.Raw(func(conn any) error {
		if c.stmt == nil {
			stmt, err := conn.(driver.ConnPrepareContext).PrepareContext(ctx, c.query)
			if err != nil {
				return err
			}
			c.stmt = stmt.(driver.StmtQueryContext)
		}
		rows, err := c.stmt.QueryContext(ctx, nil)
		if err != nil {
			return err
		}
		return errors.Join(rows.Next(c.row[:]), rows.Close())
	})
}
