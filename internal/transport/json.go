package transport

import (
	"bytes"
	"encoding/json"
	"strings"
)

// readText reads valid JSON into a string as encoding/json does, to which null says nothing, and tells whether it can be one. What
// is not given is left alone.
func readText(value []byte, into *string) (ok bool) {
	if value == nil {
		return true
	}
	r := reader{text: value}
	begin := r.next()
	if begin == '"' {
		*into = r.string()
	}
	return begin == '"' || begin == 'n'
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
	for strings.IndexByte(" \t\r\n,:", r.text[r.at]) >= 0 {
		r.at++
	}
	return r.text[r.at]
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
	return unquote(r.text[start:r.at])
}

// number reads one within a list or an object, of which there is an end.
func (r *reader) number() json.Number {
	start := r.at
	for strings.IndexByte(" \t\r\n,]}", r.text[r.at]) < 0 {
		r.at++
	}
	return json.Number(r.text[start:r.at])
}

// unquote is what a valid string of valid UTF-8 stands for: itself, if nothing in it is escaped.
func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1])
	}
	return unescape(quoted)
}

func unescape(quoted []byte) (s string) {
	_ = json.Unmarshal(quoted, &s) // it is valid
	return s
}
