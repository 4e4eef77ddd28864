package postgres

import (
	"encoding"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// plain are arguments of which those that are UUIDs are nothing else: a driver.Valuer would be asked for a text.
func plain(args []any, oids []uint32) []any {
	args = slices.Clone(args)
	for i := range min(len(args), len(oids)) {
		if id, is := args[i].(encoding.BinaryMarshaler); is && oids[i] == pgtype.UUIDOID {
			if written, err := id.MarshalBinary(); err == nil && len(written) == uuidSize {
				args[i] = [uuidSize]byte(written)
			}
		}
	}
	return args
}

const uuidSize = 16

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
		column := &columns[i]
		done, err := copyColumn(dest[i], value, column.DataTypeOID)
		if !done {
			err = r.types.Scan(column.DataTypeOID, column.Format, value, dest[i])
		}
		if err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// copyColumn copies a value, in the format in which pgx asks for those of its type, if it knows both the type and the destination.
func copyColumn(dest any, value []byte, oid uint32) (done bool, err error) {
	if value == nil { // NULL
		return false, nil
	}
	switch to := dest.(type) {
	case *string:
		if oid == pgtype.TextOID {
			*to = string(value)
			return true, nil
		}
	case *int:
		switch {
		case oid == pgtype.Int4OID && len(value) == 4:
			*to = int(int32(binary.BigEndian.Uint32(value))) //nolint:gosec // it is one
			return true, nil
		case oid == pgtype.Int8OID && len(value) == 8:
			*to = int(int64(binary.BigEndian.Uint64(value))) //nolint:gosec // it is one
			return true, nil
		}
	case Moment:
		if oid == pgtype.TimestamptzOID && len(value) == 8 {
			return copyMoment(to, int64(binary.BigEndian.Uint64(value))) //nolint:gosec // it is one
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
