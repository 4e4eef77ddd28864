package transport

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzValid compares what is taken for JSON, and what for the members of an object, with what encoding/json takes for it.
func FuzzValid(f *testing.F) {
	for _, body := range bodies() {
		f.Add([]byte(body))
	}
	for _, text := range []string{
		"0", "-0", "-", "01", "-01", "1.", ".1", "1.5", "1.e1", "1e", "1E+", "1e-07", "+1", "1e1.5", "0x1", "1 2", "true", "tru", "truer", "nul", "NaN",
		"\x00", "1\x00", "{}\x00", "\v{}", "[1,]", "[,1]", "[", "]", "[}", "{]", "{,}", `{"a"}`, `{"a":}`, `{"a":1,}`, `{1:1}`, `{"a":1 "b":2}`, `{"a":1]`,
		`{"a":{"b":[]},"a":[{}] , "\n" : "" }`, `"`, `"\`, `"\"`, `"\u12`, `"\u123g"`, `"\uABcd"`, `"\U0041"`, `"\'"`, "\"\x1f\"", "\"\x7f\xff\"", `"a" "`,
		nested("[", "]", mostLevels), nested("[", "]", mostLevels+1), nested(`{"a":[`, "]}", mostLevels/2), nested(`{"a":[`, "]}", mostLevels/2+1),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := valid(text), json.Valid(text); got != want {
			t.Errorf("valid(%q) = %t, want %t", text, got, want)
		}
		var got []member
		ok := members(text, func(quoted, value []byte) { got = append(got, member{decoded[string](quoted), string(value)}) })
		want, wanted := membersByReflection(text)
		if ok != wanted || ok && !reflect.DeepEqual(got, want) {
			t.Errorf("members(%q) = %q, %t, want %q, %t", text, got, ok, want, wanted)
		}
	})
}

// FuzzUnquote does so with what strings stand for.
func FuzzUnquote(f *testing.F) {
	for _, text := range []string{
		"", "a", `\n`, `a\tb\\`, `\"\\\/\b\f\n\r\t`, `\\n`, `\u0041\u00e9\u20ac\u0000`, `\ud83d\ude00`, `\uD83D\uDE00x`, `\ud83d`, `\ude00`, `\ud83d\ud83d\ude00`,
		`\ud83dx\ude00`, `\ud83d\n`, `\ud83d\u0041`, `\ud83d\\ude00`, `\ufffd`, "\u2028é😀" + `\u003c`, strings.Repeat(`1234567\"`, 9),
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		quoted := []byte(`"` + text + `"`)
		if !utf8.Valid(quoted) || !json.Valid(quoted) {
			return
		}
		if got, want := string(unquote(quoted)), decoded[string](quoted); got != want {
			t.Errorf("unquote(%s) = %q, want %q", quoted, got, want)
		}
		if got := stringEnd(append(quoted, `,"`...), 0); got != len(quoted) {
			t.Errorf("stringEnd(%s) = %d, want %d", quoted, got, len(quoted))
		}
	})
}

// TestBytesOfStrings: eight bytes are looked at at once, and none of them hides what the next one is.
func TestBytesOfStrings(t *testing.T) {
	t.Parallel()
	for length := 2; length <= 17; length += 5 {
		for pair := range 1 << 16 {
			text := []byte(`"` + strings.Repeat("x", length) + `"`)
			text[length-1], text[length] = byte(pair>>8), byte(pair)
			if got, want := valid(text), json.Valid(text); got != want {
				t.Fatalf("valid(%q) = %t, want %t", text, got, want)
			}
		}
	}
}

func nested(begin, end string, times int) string {
	return strings.Repeat(begin, times) + strings.Repeat(end, times)
}

type member struct{ name, value string }

func membersByReflection(text []byte) (all []member, ok bool) {
	if !json.Valid(text) || bytes.TrimLeft(text, " \t\r\n")[0] != '{' {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	_, _ = decoder.Token() // the bracket; what is valid has no errors
	for decoder.More() {
		token, _ := decoder.Token()
		name, _ := token.(string)
		var value json.RawMessage
		_ = decoder.Decode(&value)
		all = append(all, member{name, string(value)})
	}
	return all, true
}

func decoded[T any](text []byte) (into T) {
	_ = json.Unmarshal(text, &into)
	return into
}
