package store

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"postern/internal/store/sqlite"
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

	mu     sync.Mutex
	pool   *sqlite.Pool
	head   sqlite.Head // when the number was read
	number int64
	told   bool // the number is that of the head
}

func newCounter(pool *sqlite.Pool, query string) *counter {
	pool.Pause() // for good: it reads too seldom for what it would hold
	return &counter{pool: pool, query: query}
}

func (c *counter) close() error { return c.pool.Close() }

// read asks only if anything was committed since it asked. The head is looked at before: what is committed between the two is asked for
// once more the next time.
func (c *counter) read() (generation uint64, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ctx := context.Background() // one that could end would have to be watched
	head, told := c.pool.Head(ctx)
	if c.told && told && head == c.head {
		return uint64(c.number), true //nolint:gosec // it counts from one
	}
	c.told = false
	rows, err := c.pool.Query(ctx, c.query, nil)
	if err != nil {
		return 0, false
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() || rows.Scan(&c.number) != nil {
		return 0, false
	}
	c.head, c.told = head, told
	return uint64(c.number), true //nolint:gosec // it counts from one
}
