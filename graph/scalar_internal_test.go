package graph

import (
	"bytes"
	"io"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// unbuffered is a writer that can tell nothing of where to write.
type unbuffered struct{ io.Writer }

func written(m graphql.Marshaler) (whole, inPieces string) {
	var a, b bytes.Buffer
	m.MarshalGQL(&a)
	m.MarshalGQL(unbuffered{&b})
	return a.String(), b.String()
}

// FuzzString compares how a String is written with how gqlgen writes it.
func FuzzString(f *testing.F) {
	for _, text := range []string{
		"", "Ada", `"`, `\`, "a\nb", "a\x00", "é€😀", "\x7f\u2028", "\xff", `a"b\c` + "\t\r",
		"0123456", "01234567", "012345678", "0123456\n", "01234567\n", "0123456\"789abc\\", "\u00a0\u0100\u2022 !#[]", "\x1f !\x80\xa2\xdc",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, _ := written(graphql.MarshalString(text))
		if got, inPieces := written(MarshalString(text)); got != want || inPieces != want {
			t.Errorf("%q is written as %s and %s, want %s", text, got, inPieces, want)
		}
	})
}

// FuzzDateTime compares how a DateTime is written with how package time writes it.
func FuzzDateTime(f *testing.F) {
	for _, micros := range []int64{0, 1, 10, 123_456, 100_000, 999_999, 1_000_000, 1_795_707_990_123_450, 253_402_300_799_999_999, -1, -62_135_596_800_000_000} {
		f.Add(micros)
	}
	f.Fuzz(func(t *testing.T, micros int64) {
		at := time.UnixMicro(micros)
		want := `"` + at.UTC().Format("2006-01-02T15:04:05.999999Z07:00") + `"`
		if got, inPieces := written(MarshalDateTime(at.In(time.FixedZone("", 3600)))); got != want || inPieces != want {
			t.Errorf("%d µs are written as %s and %s, want %s", micros, got, inPieces, want)
		}
	})
}
