package transport

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// readText reads valid JSON into a string as encoding/json does, to which null says nothing, and tells whether it can be one. What
// is not given is left alone.
func readText(value []byte, into *string) (ok bool) {
	if value == nil {
		return true
	}
	if value[0] == '"' {
		*into = string(unquote(value))
	}
	return value[0] == '"' || value[0] == 'n'
}

// readObject does so with a map, in which numbers stay as they are written.
func readObject(value []byte, into *map[string]any) (ok bool) {
	if value == nil {
		return true
	}
	r := reader{text: value}
	begin := r.next()
	if begin == '{' {
		*into = r.object()
	}
	return begin == '{' || begin == 'n'
}

// reader reads valid JSON, in which each value is told by how it begins, and all that stands between two says nothing.
type reader struct {
	text []byte
	at   int
}

// next goes to the next value or end of one, and tells how it begins.
func (r *reader) next() byte {
	for ; ; r.at++ {
		switch begin := r.text[r.at]; begin {
		case ' ', '\t', '\n', '\r', ',', ':':
		default:
			return begin
		}
	}
}

func (r *reader) value() any {
	switch r.next() {
	case '{':
		return r.object()
	case '[':
		return r.list()
	case '"':
		return r.string()
	case 't':
		r.at += len("true")
		return true
	case 'f':
		r.at += len("false")
		return false
	case 'n':
		r.at += len("null")
		return nil
	default:
		return r.number()
	}
}

// object reads one whose last member of a name counts.
func (r *reader) object() map[string]any {
	o := make(map[string]any)
	for r.at++; r.next() != '}'; {
		name := r.string()
		o[name] = r.value()
	}
	r.at++
	return o
}

func (r *reader) list() []any {
	l := []any{}
	for r.at++; r.next() != ']'; {
		l = append(l, r.value())
	}
	r.at++
	return l
}

func (r *reader) string() string {
	start := r.at
	r.at = stringEnd(r.text, start)
	return string(unquote(r.text[start:r.at]))
}

// number reads one within a list or an object, of which there is an end.
func (r *reader) number() json.Number {
	start := r.at
	for b := r.text[start]; b > ' ' && b != ',' && b != ']' && b != '}'; b = r.text[r.at] {
		r.at++
	}
	return json.Number(r.text[start:r.at])
}

// unquote is what a valid string of valid UTF-8 stands for: itself, if nothing in it is escaped.
func unquote(quoted []byte) []byte {
	text := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	return unescape(text)
}

func unescape(text []byte) []byte {
	into := make([]byte, 0, len(text)) // a character takes more bytes escaped than it has
	for {
		end := plain(text)
		into = append(into, text[:end]...)
		if end == len(text) {
			return into
		}
		escaped := text[end+1:]
		length := 1
		switch escaped[0] {
		case 'u':
			var r rune
			r, length = codePoint(escaped)
			into = utf8.AppendRune(into, r)
		case 'b':
			into = append(into, '\b')
		case 'f':
			into = append(into, '\f')
		case 'n':
			into = append(into, '\n')
		case 'r':
			into = append(into, '\r')
		case 't':
			into = append(into, '\t')
		default:
			into = append(into, escaped[0])
		}
		text = escaped[length:]
	}
}

// codePoint is the one that uXXXX, or uXXXX\uXXXX, is. A surrogate alone is none: it is replaced.
func codePoint(escaped []byte) (r rune, length int) {
	const one, two = len(`uXXXX`), len(`uXXXX\uXXXX`)
	first, _ := strconv.ParseUint(string(escaped[1:one]), 16, 16)
	if len(escaped) >= two && escaped[one] == '\\' && escaped[one+1] == 'u' {
		second, _ := strconv.ParseUint(string(escaped[one+2:two]), 16, 16)
		if r := utf16.DecodeRune(rune(first), rune(second)); r != utf8.RuneError {
			return r, two
		}
	}
	return rune(first), one
}
