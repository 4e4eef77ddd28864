package sqlite

import (
	"database/sql/driver"
	"fmt"
	"math"
	"time"

	"modernc.org/libc"
	engine "modernc.org/sqlite/lib"
)

// bind gives a statement its arguments.
func (c *conn) bind(s *stmt, args []any) error {
	if len(args) != s.highest {
		return fmt.Errorf("the statement has %d arguments, not %d", s.highest, len(args))
	}
	defer func() {
		clear(c.values)
		c.values = c.values[:0]
	}()
	bytes := 0
	for i, arg := range args {
		value, err := plain(arg)
		if err != nil {
			return fmt.Errorf("argument %d: %w", i+1, err)
		}
		c.values = append(c.values, value)
		switch v := value.(type) {
		case string:
			bytes += len(v)
		case []byte:
			bytes += len(v)
		}
	}
	if err := c.reserve(bytes); err != nil {
		return err
	}
	used := 0
	for i, number := range s.numbers {
		code, n := c.put(s.handle, int32(i+1), c.values[number-1], used)
		if code != engine.SQLITE_OK {
			return fmt.Errorf("argument %d: %w", number, c.fault(code))
		}
		used += n
	}
	return nil
}

// plain makes a value that put knows of an argument.
func plain(arg any) (any, error) {
	switch arg.(type) {
	case nil, string, []byte, int, int64, time.Time:
		return arg, nil
	}
	return driver.DefaultParameterConverter.ConvertValue(arg)
}

// reserve sees to it that there is memory for so many bytes, and one at least, so that what is empty is not taken for NULL.
func (c *conn) reserve(bytes int) error {
	if c.memory != 0 && bytes <= c.size {
		return nil
	}
	if bytes > math.MaxInt32 {
		return c.fault(engine.SQLITE_TOOBIG)
	}
	engine.Xsqlite3_free(c.tls, c.memory)
	c.size = max(bytes, 1024)
	if c.memory = engine.Xsqlite3_malloc64(c.tls, engine.Tsqlite3_uint64(c.size)); c.memory == 0 { //nolint:gosec // not negative
		return c.fault(engine.SQLITE_NOMEM)
	}
	return nil
}

// put binds one value; of the memory so much is used already. It answers how much more is then.
func (c *conn) put(handle uintptr, index int32, value any, used int) (code int32, more int) {
	switch v := value.(type) {
	case string:
		at := c.memory + uintptr(used)
		more = copy(libc.GoBytes(at, len(v)), v)
		return engine.Xsqlite3_bind_text(c.tls, handle, index, at, int32(more), static), more //nolint:gosec // reserved
	case []byte:
		if v == nil {
			return engine.Xsqlite3_bind_null(c.tls, handle, index), 0
		}
		at := c.memory + uintptr(used)
		more = copy(libc.GoBytes(at, len(v)), v)
		return engine.Xsqlite3_bind_blob(c.tls, handle, index, at, int32(more), static), more //nolint:gosec // reserved
	case int:
		return engine.Xsqlite3_bind_int64(c.tls, handle, index, int64(v)), 0
	case int64:
		return engine.Xsqlite3_bind_int64(c.tls, handle, index, v), 0
	case bool:
		number := int64(0)
		if v {
			number = 1
		}
		return engine.Xsqlite3_bind_int64(c.tls, handle, index, number), 0
	case float64:
		return engine.Xsqlite3_bind_double(c.tls, handle, index, v), 0
	case time.Time:
		return engine.Xsqlite3_bind_int64(c.tls, handle, index, v.UnixMicro()), 0
	default: // nil: a driver.Value is nothing else
		return engine.Xsqlite3_bind_null(c.tls, handle, index), 0
	}
}

// static tells the engine that what is bound stays where it is.
const static = 0
