package postgres

import (
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// plain are arguments of which those that are UUIDs are nothing else: a driver.Valuer would be asked for a text. Pointers are pgx's, which
// may be nil.
func plain(args []any, oids []uint32) []any {
	const size = 16
	args = slices.Clone(args)
	for i := range min(len(args), len(oids)) {
		id, is := args[i].(encoding.BinaryMarshaler)
		if !is || oids[i] != pgtype.UUIDOID || reflect.TypeOf(id).Kind() == reflect.Pointer {
			continue
		}
		if written, err := id.MarshalBinary(); err == nil && len(written) == size {
			args[i] = [size]byte(written)
		}
	}
	return args
}

// Moment is a destination that takes a time as the microseconds since 1970.
type Moment interface {
	ScanInteger(micros int64) error
}

// row is the one where a result is.
type row struct {
	types  *pgtype.Map
	result *pgconn.ResultReader
}

// Scan implements Row. What most columns are goes straight to where it belongs; pgx knows all else.
func (r *row) Scan(dest ...any) error {
	columns := r.result.FieldDescriptions()
	if len(dest) != len(columns) {
		return fmt.Errorf("the row has %d columns, not %d", len(columns), len(dest))
	}
	for i, value := range r.result.Values() {
		if err := r.copyColumn(dest[i], value, &columns[i]); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

func (r *row) copyColumn(dest any, value []byte, column *pgconn.FieldDescription) error {
	if dest == nil {
		return errors.New("it is to go nowhere")
	}
	switch {
	case value == nil: // NULL
	case column.Format == pgtype.BinaryFormatCode:
		if done, err := copyBinary(dest, value, column.DataTypeOID); done {
			return err
		}
	case column.DataTypeOID == pgtype.TextOID:
		if to, is := dest.(*string); is {
			*to = string(value)
			return nil
		}
	}
	return r.types.Scan(column.DataTypeOID, column.Format, value, dest)
}

// copyBinary copies a value if both its type and the destination are among those that are read most.
func copyBinary(dest any, value []byte, oid uint32) (done bool, err error) {
	switch to := dest.(type) {
	case Moment:
		if oid == pgtype.TimestamptzOID && len(value) == 8 {
			return copyMoment(to, int64(binary.BigEndian.Uint64(value))) //nolint:gosec // that is what it is
		}
	case encoding.BinaryUnmarshaler:
		if oid == pgtype.UUIDOID {
			return true, to.UnmarshalBinary(value)
		}
	}
	return false, nil
}

// copyMoment copies a time that PostgreSQL counts in microseconds since 2000, unless it is beyond all that are counted.
func copyMoment(to Moment, micros int64) (done bool, err error) {
	const y2k = 946_684_800_000_000
	if micros == math.MinInt64 || micros > math.MaxInt64-y2k {
		return false, nil
	}
	return true, to.ScanInteger(micros + y2k)
}
