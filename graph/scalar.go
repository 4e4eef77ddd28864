package graph

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"

	"postern/internal/fault"
	"postern/internal/id"
)

// The scalars are as strict as the specification (GraphQL, section 3.5): gqlgen's own take a number for a String, and
// Ints of more than 32 bits.

// MarshalInt writes an Int.
func MarshalInt(i int) graphql.Marshaler { return graphql.MarshalInt(i) }

// UnmarshalInt reads an Int of 32 bits.
func UnmarshalInt(v any) (int, error) {
	i, ok := integer(v)
	if !ok || i < math.MinInt32 || i > math.MaxInt32 {
		return 0, fault.New(fault.Invalid, "Int cannot represent this value: it is no integer of 32 bits")
	}
	return int(i), nil
}

func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case int:
		return int64(v), true
	case json.Number:
		i, err := strconv.ParseInt(v.String(), 10, 64)
		return i, err == nil
	default:
		return 0, false
	}
}

// MarshalString writes a String.
func MarshalString(s string) graphql.Marshaler { return text(s) }

// text is a String.
type text string

// MarshalGQL implements graphql.Marshaler.
func (t text) MarshalGQL(w io.Writer) {
	_, _ = io.WriteString(w, `"`)
	for len(t) > 0 {
		n := t.plain()
		_, _ = io.WriteString(w, string(t[:n]))
		if t = t[n:]; len(t) > 0 {
			_, _ = w.Write(appendEscape(id.Room(w), t[0]))
			t = t[1:]
		}
	}
	_, _ = io.WriteString(w, `"`)
}

// plain is the length of what needs no escapes, at the beginning. It looks at 32 bytes at once.
func (t text) plain() (n int) {
	for rest := []byte(t); len(rest) >= 32; rest = rest[32:] {
		if escapes(rest[:8])|escapes(rest[8:16])|escapes(rest[16:24])|escapes(rest[24:32]) != 0 {
			break
		}
		n += 32
	}
	for ; n < len(t); n++ {
		if t[n] < ' ' || t[n] == '"' || t[n] == '\\' {
			break
		}
	}
	return n
}

// escapes is not zero if one of eight bytes needs an escape: if it comes to less than zero. Quotes change places with spaces for that, and
// stand next to what is less than these.
func escapes(eight []byte) uint64 {
	const each, high = 0x0101010101010101, 0x8080808080808080
	bytes := binary.LittleEndian.Uint64(eight)
	swapped, backslash := bytes^(each*('"'^' ')), bytes^(each*'\\')
	return ((swapped-each*(' '+1))&^swapped | (backslash-each)&^backslash) & high
}

// appendEscape writes what must not stand in a text as it is (RFC 8259, section 7).
func appendEscape(to []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	switch c {
	case '"', '\\':
		return append(to, '\\', c)
	case '\n':
		return append(to, `\n`...)
	case '\r':
		return append(to, `\r`...)
	case '\t':
		return append(to, `\t`...)
	default:
		return append(to, '\\', 'u', '0', '0', digits[c>>4], digits[c&0xf])
	}
}

// UnmarshalString reads a String.
func UnmarshalString(v any) (string, error) {
	s, ok := v.(string)
	if !ok || !utf8.ValidString(s) {
		return "", fault.New(fault.Invalid, "String cannot represent this value: it is no text in UTF-8")
	}
	return s, nil
}

// MarshalBoolean writes a Boolean.
func MarshalBoolean(b bool) graphql.Marshaler { return graphql.MarshalBoolean(b) }

// UnmarshalBoolean reads a Boolean.
func UnmarshalBoolean(v any) (bool, error) {
	b, ok := v.(bool)
	if !ok {
		return false, fault.New(fault.Invalid, "Boolean cannot represent this value: it is neither true nor false")
	}
	return b, nil
}

// MarshalDateTime writes a DateTime: RFC 3339 in UTC with microseconds, as many of their digits as are not zero.
func MarshalDateTime(t time.Time) graphql.Marshaler { return moment(t) }

// moment is a DateTime.
type moment time.Time

// MarshalGQL implements graphql.Marshaler.
func (m moment) MarshalGQL(w io.Writer) {
	micros := time.Time(m).UTC().Truncate(time.Microsecond)
	_, _ = w.Write(append(micros.AppendFormat(append(id.Room(w), '"'), time.RFC3339Nano), '"')) // package time is quickest at this one
}

// dateTimeShape is RFC 3339 with microseconds at most; Go's parser takes more.
var dateTimeShape = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$`)

// UnmarshalDateTime reads a DateTime in any zone, of the years 1970 to 9999.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, _ := v.(string)
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || !dateTimeShape.MatchString(s) || t.Unix() < 0 {
		return time.Time{}, fault.New(fault.Invalid,
			"this is no moment: write it like 2026-01-31T08:00:00Z, with six digits after the second at most")
	}
	return t.UTC(), nil
}
