package postgres_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// micros is a Moment.
type micros struct{ time.Time }

func (m *micros) ScanInteger(n int64) error { m.Time = time.UnixMicro(n).UTC(); return nil }

func (m *micros) Scan(stored any) error { return fmt.Errorf("it is %v", stored) }

// id embeds a UUID and writes itself in another way, as those of internal/id do.
type id struct{ uuid.UUID }

func (id) String() string { return "an id" }

// TestValues come back as they went.
func TestValues(t *testing.T) {
	_, r := database(t, 1)
	some := uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
	at := time.Date(2026, 3, 14, 15, 9, 26, 535_897_000, time.UTC)
	huge := strings.Repeat("a megabyte of text, äöü. ", 1<<20/25)
	for name, test := range map[string]struct {
		kind      string
		arg, want any
	}{
		"empty":              {"text", "", ""},
		"a text":             {"text", "a", "a"},
		"a varchar":          {"varchar", "a", "a"},
		"a megabyte":         {"text", huge, huge},
		"a text into bytes":  {"text", "ab", []byte("ab")},
		"bytes":              {"bytea", []byte{0, 255, 0}, []byte{0, 255, 0}},
		"no bytes":           {"bytea", []byte{}, []byte{}},
		"zero":               {"integer", 0, 0},
		"the least integer":  {"integer", math.MinInt32, math.MinInt32},
		"the most integer":   {"integer", math.MaxInt32, math.MaxInt32},
		"the least":          {"bigint", math.MinInt64, math.MinInt64},
		"the most":           {"bigint", math.MaxInt64, math.MaxInt64},
		"into an int64":      {"bigint", -1, int64(-1)},
		"a smallint":         {"smallint", -1, -1},
		"true":               {"boolean", true, true},
		"false":              {"boolean", false, false},
		"a float":            {"double precision", 1.5, 1.5},
		"a UUID":             {"uuid", some, some},
		"an id":              {"uuid", id{some}, id{some}},
		"an id of nothing":   {"uuid", id{}, id{}},
		"the last UUID":      {"uuid", uuid.Max, uuid.Max},
		"a UUID's text":      {"uuid", some.String(), some},
		"a UUID into a text": {"uuid", some, some.String()},
		"an id as a text":    {"text", some.String(), id{some}},
		"a time":             {"timestamptz", at.In(time.FixedZone("", 3600)), micros{at}},
		"a time before 1970": {"timestamptz", time.UnixMicro(-1), micros{time.UnixMicro(-1).UTC()}},
		"the year 1":         {"timestamptz", time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), micros{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)}},
		"a pointer":          {"text", new("p"), new("p")},
		"a UUID by pointer":  {"uuid", &some, &some},
		"an id by pointer":   {"uuid", &id{some}, &id{some}},
		"a nil id":           {"uuid", (*uuid.UUID)(nil), (*uuid.UUID)(nil)},
		"a nil pointer":      {"text", (*string)(nil), (*string)(nil)},
		"NULL bytes":         {"bytea", nil, []byte(nil)},
	} {
		for range 2 {
			dest := dirty(t, test.want)
			if err := one(t.Context(), r, `SELECT $1::`+test.kind, []any{test.arg}, dest.Interface()); err != nil {
				t.Errorf("%s: %v", name, err)
			} else if got := dest.Elem().Interface(); !reflect.DeepEqual(got, test.want) {
				t.Errorf("%s = %.80v, want %.80v", name, got, test.want)
			}
		}
	}
}

// dirty is a destination of a type that has something else in it: what is not written to is noticed.
func dirty(t *testing.T, kind any) reflect.Value {
	t.Helper()
	dest := reflect.New(reflect.TypeOf(kind))
	switch to := dest.Interface().(type) {
	case *string:
		*to = "dirty"
	case *[]byte:
		*to = []byte("dirty")
	case *int:
		*to = -7
	case *int64:
		*to = -7
	case *bool:
		*to = !kind.(bool)
	case *float64:
		*to = -7
	case *uuid.UUID:
		*to = uuid.New()
	case *id:
		*to = id{uuid.New()}
	case *micros:
		to.Time = time.Now()
	case **string:
		*to = new("dirty")
	case **uuid.UUID:
		*to = new(uuid.New())
	case **id:
		*to = &id{uuid.New()}
	default:
		t.Fatalf("%T cannot be made dirty", to)
	}
	return dest
}

// TestValuesThatDoNotFit are errors, whatever was scanned before them; the connection is as it was.
func TestValuesThatDoNotFit(t *testing.T) {
	db, r := database(t, 1)
	before := server(t, r)
	for name, test := range map[string]struct {
		value string
		dest  any
	}{
		"NULL into a text":     {"NULL::text", new(string)},
		"NULL into a number":   {"NULL::integer", new(int)},
		"NULL into a bool":     {"NULL::boolean", new(bool)},
		"NULL into a time":     {"NULL::timestamptz", new(micros)},
		"a text into a number": {"'7'::text", new(int)},
		"a text into a time":   {"'now'::text", new(micros)},
		"a number into an id":  {"7", new(id)},
		"a number into a time": {"7", new(micros)},
		"a time into a number": {"now()", new(int)},
		"the end of time":      {"'infinity'::timestamptz", new(micros)},
		"before all time":      {"'-infinity'::timestamptz", new(micros)},
		"no id":                {"'01890a5d'::text", new(id)},
		"no pointer":           {"'a'::text", ""},
		"nowhere":              {"'a'::text", nil},
		"NULL to nowhere":      {"NULL::text", nil},
		"too large":            {"9223372036854775807", new(int32)},
		"a struct":             {"'a'::text", new(struct{})},
	} {
		if err := one(t.Context(), r, `SELECT 'first'::text, `+test.value, nil, new(string), test.dest); err == nil || !strings.Contains(err.Error(), "column 2") {
			t.Errorf("%s: %v, want an error of column 2", name, err)
		}
	}
	for name, arg := range map[string]any{"a channel": make(chan int), "a text": "seven", "too many": math.MaxInt64} {
		if err := one(t.Context(), r, `SELECT $1::integer`, []any{arg}, new(int)); err == nil {
			t.Errorf("%s as an integer: nil, want an error", name)
		}
	}
	for _, args := range [][]any{nil, {1, 2}} {
		if err := one(t.Context(), r, `SELECT $1::integer`, args, new(int)); err == nil {
			t.Errorf("%d arguments for one: nil, want an error", len(args))
		}
	}
	if err := one(t.Context(), r, `SELECT 1, 2`, nil, new(int)); err == nil {
		t.Error("Scan(one of two columns) = nil, want an error")
	}
	if after := server(t, r); after != before || db.Stats().OpenConnections != 1 {
		t.Errorf("the server is %d, and there are %d connections, want %d and one", after, db.Stats().OpenConnections, before)
	}
}

// TestScannedIsKept: what was scanned is not the connection's memory, which the next row is written to.
func TestScannedIsKept(t *testing.T) {
	_, r := database(t, 1)
	var texts []string
	var ids []id
	var blobs [][]byte
	if err := each(t, r, `
		SELECT repeat(chr(97 + n % 26), n * 50), lpad(to_hex(n), 32, '0')::uuid, convert_to(repeat(chr(97 + n % 26), n), 'UTF8')
		FROM generate_series(1, 100) AS n`, func(scan func(dest ...any) error) error {
		var text string
		var number id
		var blob []byte
		err := scan(&text, &number, &blob)
		texts, ids, blobs = append(texts, text), append(ids, number), append(blobs, blob)
		return err
	}); err != nil || len(texts) != 100 {
		t.Fatal(len(texts), err)
	}
	for i := range texts {
		n := i + 1
		letter := string(rune('a' + n%26))
		if texts[i] != strings.Repeat(letter, n*50) || ids[i].UUID[15] != byte(n) || string(blobs[i]) != strings.Repeat(letter, n) {
			t.Errorf("row %d = %.20q, %v, %.20q", n, texts[i], ids[i].UUID, blobs[i])
		}
	}
}
