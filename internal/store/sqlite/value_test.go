package sqlite_test

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"postern/internal/store/sqlite"
)

type (
	kind   string
	number int8
)

// micros is an Integer that is a time.
type micros struct{ time.Time }

func (m *micros) ScanInteger(n int64) error { m.Time = time.UnixMicro(n).UTC(); return nil }

// TestValues come back as they went.
func TestValues(t *testing.T) {
	p, _ := pool(t, 1)
	id := uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")
	at := time.Date(2026, 3, 14, 15, 9, 26, 535_897_000, time.UTC)
	huge := strings.Repeat("a megabyte of text, äöü. ", 1<<20/25)
	for name, test := range map[string]struct{ arg, want any }{
		"empty":               {"", ""},
		"NUL":                 {"a\x00b\x00", "a\x00b\x00"},
		"only NUL":            {"\x00", "\x00"},
		"no UTF-8":            {"\xff\xfe\xc0", "\xff\xfe\xc0"},
		"a megabyte":          {huge, huge},
		"a named text":        {kind("k"), kind("k")},
		"a text into bytes":   {"ab", []byte("ab")},
		"bytes into a text":   {[]byte("ab"), "ab"},
		"no bytes":            {[]byte{}, []byte{}},
		"NULL bytes":          {[]byte(nil), []byte(nil)},
		"bytes":               {[]byte{0, 255, 0}, []byte{0, 255, 0}},
		"a megabyte of bytes": {[]byte(huge), []byte(huge)},
		"zero":                {0, 0},
		"the least":           {int64(math.MinInt64), int64(math.MinInt64)},
		"the most":            {int64(math.MaxInt64), int64(math.MaxInt64)},
		"an int":              {math.MaxInt, math.MaxInt},
		"an uint":             {uint8(255), 255},
		"a named number":      {number(-128), number(-128)},
		"true":                {true, true},
		"false":               {false, false},
		"a float":             {1.5, 1.5},
		"a float of a number": {7, 7.0},
		"an id":               {id, id},
		"an id of nothing":    {uuid.Nil, uuid.Nil},
		"a time":              {at.In(time.FixedZone("", 3600)), micros{at}},
		"a time before 1970":  {time.UnixMicro(-1), micros{time.UnixMicro(-1).UTC()}},
		"a pointer":           {new("p"), new("p")},
		"a pointer to an id":  {&id, &id},
		"a number by pointer": {new(7), new(7)},
		"a nil pointer":       {(*string)(nil), (*string)(nil)},
		"a nil id":            {(*uuid.UUID)(nil), (*uuid.UUID)(nil)},
		"nothing as an id":    {nil, uuid.Nil},
		"anything":            {"a", any("a")},
		"any number":          {7, any(int64(7))},
		"nothing":             {nil, any(nil)},
	} {
		dest := reflect.New(reflect.TypeFor[any]())
		if test.want != nil && name != "anything" && name != "any number" {
			dest = reflect.New(reflect.TypeOf(test.want))
		}
		for range 2 {
			if err := one(t.Context(), p, `SELECT $1`, []any{test.arg}, dest.Interface()); err != nil {
				t.Errorf("%s: %v", name, err)
			} else if got := dest.Elem().Interface(); !reflect.DeepEqual(got, test.want) {
				t.Errorf("%s = %.80v, want %.80v", name, got, test.want)
			}
		}
	}
}

// TestValuesThatDoNotFit are errors, whatever was scanned before them; the next row is as it should be.
func TestValuesThatDoNotFit(t *testing.T) {
	p, _ := pool(t, 1)
	for name, test := range map[string]struct{ arg, dest any }{
		"NULL into a text":           {nil, new(string)},
		"NULL into a number":         {nil, new(int)},
		"NULL into a bool":           {nil, new(bool)},
		"NULL into a time":           {nil, new(micros)},
		"a text into a number":       {"7", new(int)},
		"a text into a bool":         {"true", new(bool)},
		"a text into a time":         {"now", new(micros)},
		"a number into a text":       {7, new(string)},
		"a number into an id":        {7, new(uuid.UUID)},
		"a number into a bool":       {2, new(bool)},
		"less than a bool":           {-1, new(bool)},
		"a number that is too large": {128, new(number)},
		"a float into a number":      {1.5, new(int)},
		"no id":                      {"01890a5d", new(uuid.UUID)},
		"no id by pointer":           {"01890a5d", new(*uuid.UUID)},
		"no pointer":                 {"a", ""},
		"a nil pointer":              {"a", (*kind)(nil)},
		"nothing":                    {"a", nil},
		"NULL into nothing":          {nil, nil},
		"a struct":                   {"a", new(struct{})},
		"words":                      {"a", new([]string)},
	} {
		if err := one(t.Context(), p, `SELECT 'first', $1`, []any{test.arg}, new(string), test.dest); err == nil || !strings.Contains(err.Error(), "column 2") {
			t.Errorf("%s: %v, want an error of column 2", name, err)
		}
	}
	for name, arg := range map[string]any{"a channel": make(chan int), "a struct": struct{}{}, "more than an int64": uint64(math.MaxUint64)} {
		if err := one(t.Context(), p, `SELECT $1`, []any{arg}, new(any)); err == nil || !strings.Contains(err.Error(), "argument 1") {
			t.Errorf("%s: %v, want an error of argument 1", name, err)
		}
	}
	if err := one(t.Context(), p, `SELECT 1, 2`, nil, new(int)); err == nil {
		t.Error("Scan(one of two columns) = nil, want an error")
	}
	if n := count(t, p, `SELECT 7`); n != 7 {
		t.Errorf("SELECT 7 = %d", n)
	}
}

// TestScannedIsKept: what was scanned is not the engine's memory, which the next row is written to.
func TestScannedIsKept(t *testing.T) {
	p, db := pool(t, 1)
	for n := 2; n < 100; n++ {
		write(t, db, `INSERT INTO numbers VALUES ($1, $2)`, n, strings.Repeat(string(rune('a'+n%26)), n*50))
	}
	rows, err := p.Query(t.Context(), `SELECT n, word, CAST(word AS BLOB) FROM numbers WHERE n > 1 ORDER BY n`, nil)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	var blobs [][]byte
	for rows.Next() {
		var word string
		var blob []byte
		if err := rows.Scan(new(int), &word, &blob); err != nil {
			t.Fatal(err)
		}
		words, blobs = append(words, word), append(blobs, blob)
	}
	for i := range words {
		n := i + 2
		if want := strings.Repeat(string(rune('a'+n%26)), n*50); words[i] != want || !bytes.Equal(blobs[i], []byte(want)) {
			t.Errorf("row %d is %.20q and %.20q, want %.20q", n, words[i], blobs[i], want)
		}
	}
	if len(words) != 98 || rows.Err() != nil {
		t.Errorf("%d rows, %v, want 98", len(words), rows.Err())
	}
}

var _ sqlite.Integer = (*micros)(nil)
