package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unsafe"

	"modernc.org/libc"
	_ "modernc.org/sqlite" // mends the engine where it has to be
	engine "modernc.org/sqlite/lib"
)

// Error is one of SQLite's.
type Error struct {
	code int
	text string
}

// Error is SQLite's text, and the code.
func (e *Error) Error() string { return e.text + " (" + strconv.Itoa(e.code) + ")" }

// Code is the extended result code (https://www.sqlite.org/rescode.html).
func (e *Error) Code() int { return e.code }

// conn is a connection. It is one goroutine's at a time, so that the engine need not lock.
type conn struct {
	tls   *libc.TLS
	db    uintptr
	stmts map[string]*stmt
	// memory is the engine's, of so many bytes: what is bound stands there until the statement ends.
	memory uintptr
	size   int
	values []any
	// gone tells why nobody waits any longer for what is running; nil if nothing is.
	gone func() error
	// watch is what the engine calls now and then. It knows no more than where that is: so it is kept.
	watch func(*libc.TLS, uintptr) int32

	hold
}

const (
	// patience is how long a statement waits for others that hold the database, in milliseconds, whether or not anybody waits for it
	// still. Who writes does not hold it; who recovers it does.
	patience = 5000
	// stride is how many steps the engine takes before it asks whether anybody waits still: some ten microseconds.
	stride = 1000
)

// open opens a connection. Only an engine that may write can read a file in WAL mode whatever state that is in; query_only has it write
// nothing else. There may be no folder for temporary files.
func open(uri string) (*conn, error) {
	c := &conn{tls: libc.NewTLS(), stmts: make(map[string]*stmt)}
	if err := c.connect(uri); err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

func (c *conn) connect(uri string) error {
	name, err := libc.CString(uri)
	if err != nil {
		return err
	}
	defer libc.Xfree(c.tls, name)
	const flags = engine.SQLITE_OPEN_READWRITE | engine.SQLITE_OPEN_URI | engine.SQLITE_OPEN_NOMUTEX
	err = c.answer(func(to uintptr) int32 { return engine.Xsqlite3_open_v2(c.tls, name, to, flags, 0) }, &c.db)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	engine.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	engine.Xsqlite3_busy_timeout(c.tls, c.db, patience)
	c.planOnce()
	c.watch = func(*libc.TLS, uintptr) int32 {
		if c.gone != nil && c.gone() != nil {
			return 1
		}
		return 0
	}
	engine.Xsqlite3_progress_handler(c.tls, c.db, stride, pointer(&c.watch), 0)
	for _, pragma := range []string{`PRAGMA query_only = 1`, `PRAGMA temp_store = MEMORY`} {
		if err := c.run(pragma); err != nil {
			return fmt.Errorf("%s: %w", pragma, err)
		}
	}
	return c.findIndex()
}

// planOnce has the engine plan a statement once, whatever the arguments. As a LIMIT is one, it would prepare each list anew each time,
// which takes as long as to read it.
func (c *conn) planOnce() {
	args := libc.NewVaList(int32(1), uintptr(0))
	defer libc.Xfree(c.tls, args)
	engine.Xsqlite3_db_config(c.tls, c.db, engine.SQLITE_DBCONFIG_ENABLE_QPSG, args)
}

// pointer is how the engine, which was C, points to a function. It does not keep it from being collected.
func pointer(function *func(*libc.TLS, uintptr) int32) uintptr {
	return *(*uintptr)(unsafe.Pointer(function)) //nolint:gosec // there is no other way
}

// answer calls what answers a pointer by way of memory of the engine's.
func (c *conn) answer(call func(to uintptr) int32, pointer *uintptr) error {
	to := engine.Xsqlite3_malloc64(c.tls, engine.Tsqlite3_uint64(pointerSize))
	if to == 0 {
		return c.fault(engine.SQLITE_NOMEM)
	}
	defer engine.Xsqlite3_free(c.tls, to)
	code := call(to)
	*pointer = *(*uintptr)(unsafe.Pointer(unsafe.SliceData(libc.GoBytes(to, int(pointerSize))))) //nolint:gosec // it is one
	if code != engine.SQLITE_OK {
		return c.fault(code)
	}
	return nil
}

const pointerSize = unsafe.Sizeof(uintptr(0))

// close closes the connection for good.
func (c *conn) close() error {
	for _, s := range c.stmts {
		engine.Xsqlite3_finalize(c.tls, s.handle)
	}
	code := engine.Xsqlite3_close_v2(c.tls, c.db) // of no connection it closes none
	engine.Xsqlite3_free(c.tls, c.memory)
	c.tls.Close()
	if code != engine.SQLITE_OK {
		return &Error{code: int(code), text: "close the database"}
	}
	return nil
}

// fault is the error of a result code: that of the context if the engine stopped for it.
func (c *conn) fault(code int32) error {
	if code&0xff == engine.SQLITE_INTERRUPT && c.gone != nil {
		if err := c.gone(); err != nil {
			return err
		}
	}
	text := libc.GoString(engine.Xsqlite3_errstr(c.tls, code))
	if c.db != 0 && engine.Xsqlite3_extended_errcode(c.tls, c.db) == code {
		text = libc.GoString(engine.Xsqlite3_errmsg(c.tls, c.db))
	}
	return &Error{code: int(code), text: text}
}

// stmt is a prepared statement.
type stmt struct {
	handle  uintptr
	columns int
	// numbers are those of the placeholders, in the order in which they come first, as the engine counts them.
	numbers []int
	highest int
}

// prepare returns a statement that is kept, or makes one. The engine makes it anew by itself when the schema has changed.
func (c *conn) prepare(text string) (*stmt, error) {
	if s, kept := c.stmts[text]; kept {
		return s, nil
	}
	copied, err := libc.CString(text)
	if err != nil {
		return nil, err
	}
	defer libc.Xfree(c.tls, copied)
	s := new(stmt)
	if err := c.answer(func(to uintptr) int32 {
		return engine.Xsqlite3_prepare_v3(c.tls, c.db, copied, int32(len(text)), engine.SQLITE_PREPARE_PERSISTENT, to, 0) //nolint:gosec // a text of ours
	}, &s.handle); err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	if s.handle == 0 {
		return nil, errors.New("prepare: there is no statement")
	}
	s.columns = int(engine.Xsqlite3_column_count(c.tls, s.handle))
	for i := range engine.Xsqlite3_bind_parameter_count(c.tls, s.handle) {
		name := ""
		if at := engine.Xsqlite3_bind_parameter_name(c.tls, s.handle, i+1); at != 0 {
			name = libc.GoString(at)
		}
		number, err := strconv.Atoi(strings.TrimPrefix(name, "$"))
		if err != nil || number < 1 || name[0] != '$' {
			engine.Xsqlite3_finalize(c.tls, s.handle)
			return nil, fmt.Errorf("prepare: a placeholder is %q, not $ and a number", name)
		}
		s.numbers = append(s.numbers, number)
		s.highest = max(s.highest, number)
	}
	c.stmts[text] = s
	return s, nil
}

// begin begins a statement, which is to be ended.
func (c *conn) begin(ctx context.Context, text string, args []any) (*stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c.gone = ctx.Err
	s, err := c.prepare(text)
	if err != nil {
		return nil, err
	}
	return s, c.bind(s, args)
}

// step goes to the next row, and tells whether there is one.
func (c *conn) step(s *stmt) (more bool, err error) {
	switch code := engine.Xsqlite3_step(c.tls, s.handle); code {
	case engine.SQLITE_ROW:
		return true, nil
	case engine.SQLITE_DONE:
		return false, nil
	default:
		return false, c.fault(code)
	}
}

// end ends a statement, wherever it is; nil if there is none.
func (c *conn) end(s *stmt) {
	c.gone = nil
	if s != nil {
		engine.Xsqlite3_reset(c.tls, s.handle) // what went wrong, step has told
		engine.Xsqlite3_clear_bindings(c.tls, s.handle)
	}
}
