package sqlite

import (
	"database/sql"
	"encoding"
	"errors"
	"fmt"
	"reflect"

	"modernc.org/libc"
	engine "modernc.org/sqlite/lib"
)

// Integer is a destination that takes an integer as it is; in an interface it would be allocated.
type Integer interface {
	ScanInteger(n int64) error
}

func (c *conn) scan(s *stmt, dest []any) error {
	if len(dest) != s.columns {
		return fmt.Errorf("the row has %d columns, not %d", s.columns, len(dest))
	}
	for i, to := range dest {
		if err := (column{c, s.handle, int32(i)}).scan(to); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// column is one of the row where a statement is.
type column struct {
	*conn
	handle uintptr
	index  int32
}

// errNull says that there is no place for NULL.
var errNull = errors.New("it is NULL")

func (c column) scan(dest any) error {
	switch kind := engine.Xsqlite3_column_type(c.tls, c.handle, c.index); kind {
	case engine.SQLITE_TEXT:
		return c.scanText(dest)
	case engine.SQLITE_INTEGER:
		return c.scanInteger(dest, engine.Xsqlite3_column_int64(c.tls, c.handle, c.index))
	case engine.SQLITE_NULL:
		return scanNull(dest)
	default:
		return c.scanOther(dest, kind)
	}
}

func (c column) scanText(dest any) error {
	text, err := c.view(engine.Xsqlite3_column_text(c.tls, c.handle, c.index))
	if err != nil {
		return err
	}
	switch to := dest.(type) {
	case *string:
		*to = string(text)
		return nil
	case encoding.TextUnmarshaler:
		return to.UnmarshalText(text)
	}
	return c.assign(dest, string(text))
}

func (c column) scanInteger(dest any, n int64) error {
	switch to := dest.(type) {
	case *int64:
		*to = n
		return nil
	case *int:
		if *to = int(n); int64(*to) != n {
			return fmt.Errorf("%d is too large", n)
		}
		return nil
	case *bool:
		*to = n == 1
		if n>>1 != 0 {
			return fmt.Errorf("%d is no bool", n)
		}
		return nil
	case Integer:
		return to.ScanInteger(n)
	}
	return c.assign(dest, n)
}

func (c column) scanOther(dest any, kind int32) error {
	if kind == engine.SQLITE_FLOAT {
		return c.assign(dest, engine.Xsqlite3_column_double(c.tls, c.handle, c.index))
	}
	blob, err := c.view(engine.Xsqlite3_column_blob(c.tls, c.handle, c.index))
	if err != nil {
		return err
	}
	return c.assign(dest, append([]byte{}, blob...))
}

// view is the engine's own memory, which is another's at the next step.
func (c column) view(at uintptr) ([]byte, error) {
	n := engine.Xsqlite3_column_bytes(c.tls, c.handle, c.index)
	switch {
	case n == 0:
		return nil, nil
	case at == 0:
		return nil, c.fault(engine.SQLITE_NOMEM)
	}
	return libc.GoBytes(at, int(n)), nil
}

func scanNull(dest any) error {
	switch to := dest.(type) {
	case *[]byte:
		*to = nil
		return nil
	case *any:
		*to = nil
		return nil
	case sql.Scanner:
		return to.Scan(nil)
	}
	to := reflect.ValueOf(dest)
	if to.Kind() != reflect.Pointer || to.IsNil() || to.Elem().Kind() != reflect.Pointer {
		return errNull
	}
	to.Elem().SetZero()
	return nil
}

// assign is for the destinations that are rare.
func (c column) assign(dest, value any) error {
	switch to := dest.(type) {
	case sql.Scanner:
		return to.Scan(value)
	case *any:
		*to = value
		return nil
	}
	to := reflect.ValueOf(dest)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return fmt.Errorf("%T is no destination", dest)
	}
	to = to.Elem()
	if to.Kind() == reflect.Pointer { // and what it points to is not NULL
		pointed := reflect.New(to.Type().Elem())
		to.Set(pointed)
		return c.scan(pointed.Interface())
	}
	from := reflect.ValueOf(value)
	switch v := value.(type) {
	case int64:
		if to.CanInt() && !to.OverflowInt(v) || to.CanFloat() {
			to.Set(from.Convert(to.Type()))
			return nil
		}
	case float64:
		if to.CanFloat() {
			to.SetFloat(v)
			return nil
		}
	case string, []byte:
		if to.Kind() == reflect.String || to.Kind() == reflect.Slice && to.Type().Elem().Kind() == reflect.Uint8 {
			to.Set(from.Convert(to.Type()))
			return nil
		}
	}
	return fmt.Errorf("%T does not fit into %s", value, to.Type())
}
