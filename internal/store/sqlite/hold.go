package sqlite

import (
	"context"
	"slices"
	"time"
	"unsafe"

	"modernc.org/libc"
	engine "modernc.org/sqlite/lib"
)

// Head is that of SQLite's wal-index, two copies of 48 bytes: each commit, of whichever process, changes it before anybody can read what
// was committed (https://www.sqlite.org/walformat.html#the_wal_index_file_format).
type Head [96]byte

// hold is what a connection sees of the database, kept from one statement to the next as long as nothing is committed: to begin and to
// end a transaction that reads takes as long as to find a row. As long as it lasts, the log of what was written can neither be taken into
// the file as a whole nor begin anew. So a connection that rests holds it for a moment only, and not while this process commits.
type hold struct {
	index uintptr // the engine's memory where the head is; 0 if nothing can be held
	held  bool
	head  Head // before it began
	round int  // of the pool's, at the end of which it ends
}

// holding is how long a round of the pool's is: at its end connections that rest hold nothing any more.
const holding = 10 * time.Millisecond

// look has the connection see what is committed by now: it begins anew unless it sees that already. Unless it may hold that, each
// statement begins and ends by itself.
func (c *conn) look(may bool) error {
	now, known := c.now()
	may = may && known
	if c.held && may && now == c.head {
		return nil
	}
	if err := c.let(); err != nil || !may {
		return err
	}
	c.head, c.held = now, true
	return c.run(`BEGIN`)
}

// now is the head as it is.
func (c *conn) now() (now Head, known bool) {
	if c.index == 0 {
		return now, false
	}
	return Head(libc.GoBytes(c.index, len(now))), true
}

// let ends what is held, if anything is. With an error, the connection is of no use any more.
func (c *conn) let() error {
	if !c.held {
		return nil
	}
	c.held = false
	if engine.Xsqlite3_get_autocommit(c.tls, c.db) != 0 { // a statement failed so that it has ended
		return nil
	}
	return c.run(`COMMIT`)
}

// run runs a statement that answers nothing, and that nobody's leaving ends.
func (c *conn) run(text string) error {
	s, err := c.begin(context.Background(), text, nil)
	if err == nil {
		_, err = c.step(s)
	}
	c.end(s)
	return err
}

// findIndex finds where the engine has the wal-index in memory, which stays there as long as the connection is open. A database in
// another mode has none, and asking for it would make one.
func (c *conn) findIndex() error {
	s, err := c.begin(context.Background(), `PRAGMA journal_mode`, nil)
	defer c.end(s)
	var mode string
	if err == nil {
		_, err = c.step(s)
	}
	if err == nil {
		err = c.scan(s, []any{&mode})
	}
	if err != nil || mode != "wal" {
		return err
	}
	var file uintptr
	if err := c.answer(func(to uintptr) int32 {
		return engine.Xsqlite3_file_control(c.tls, c.db, 0, engine.SQLITE_FCNTL_FILE_POINTER, to)
	}, &file); err != nil {
		return err
	}
	const region = 32 << 10 // bytes, as the engine has it
	function := &struct{ uintptr }{structAt[engine.Tsqlite3_io_methods](structAt[engine.Tsqlite3_file](file).FpMethods).FxShmMap}
	shmMap := *(*func(*libc.TLS, uintptr, int32, int32, int32, uintptr) int32)(unsafe.Pointer(function)) //nolint:gosec // the engine's way
	return c.answer(func(to uintptr) int32 { return shmMap(c.tls, file, 0, region, 0, to) }, &c.index)
}

// structAt is one of the engine's, in its memory.
func structAt[T any](at uintptr) *T {
	var t T
	return (*T)(unsafe.Pointer(unsafe.SliceData(libc.GoBytes(at, int(unsafe.Sizeof(t)))))) //nolint:gosec // it is one
}

// Head is another one as soon as anything has been committed. It is not known where the database is in no WAL mode, or cannot be opened.
func (p *Pool) Head(ctx context.Context) (head Head, known bool) {
	c, err := p.take(ctx)
	if err != nil {
		return head, false
	}
	defer p.give(c)
	return c.now()
}

// Pause has no connection hold what it sees between two statements, from now until the function that is returned is called: not for long,
// as each statement takes longer meanwhile.
func (p *Pool) Pause() (resume func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused++
	p.letGo()
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.paused--
	}
}

// endRound has connections that rest hold nothing any more, and others do so when they come to rest.
func (p *Pool) endRound() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ending = false
	p.round++
	p.letGo()
}

// letGo is for who has the lock.
func (p *Pool) letGo() {
	p.rested = slices.DeleteFunc(p.rested, func(c *conn) bool {
		if c.let() == nil {
			return false
		}
		_ = c.close() // another one is made when it is needed
		return true
	})
}
