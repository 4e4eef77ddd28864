package transport

import (
	"encoding/binary"
	"math/bits"
)

// mostLevels is how many lists and objects may be within one another, which is as many as encoding/json reads.
const mostLevels = 10000

// valid tells whether text is JSON, as json.Valid does, which calls a function for each byte: that takes several times as long
// of requests, which are strings above all.
func valid(text []byte) bool {
	v := validator{text: text}
	return v.value(mostLevels) && v.end()
}

// members hands out the names, in their quotes, and the values of an object, as they stand there, and tells whether it is a valid
// one: until then, there may be anything behind what was handed out.
func members(object []byte, each func(quoted, value []byte)) (valid bool) {
	v := validator{text: object}
	if v.next() != '{' {
		return false
	}
	for before := byte('{'); v.next() == before; before = ',' {
		v.at++
		if before == '{' && v.next() == '}' {
			break
		}
		quoted := v.name()
		v.next()
		start := v.at
		if quoted == nil || !v.value(mostLevels-1) {
			return false
		}
		each(quoted, object[start:v.at])
	}
	return v.has('}') && v.end()
}

// validator goes through text that may be JSON; what is wrong with it is not told.
type validator struct {
	text []byte
	at   int
}

// value goes behind a value. It does not call itself, so that brackets within brackets take a byte each.
func (v *validator) value(levels int) bool {
	open := make([]byte, 0, 64) // of each list and object around: the bracket that ends it
	for {
		begin := v.next()
		switch {
		case begin != '[' && begin != '{':
			if !v.scalar(begin) {
				return false
			}
		case len(open) == levels:
			return false
		default:
			open = append(open, begin+2) // in ASCII, the bracket that ends it is the one after the next
			v.at++
			if v.next() == begin+2 {
				break
			}
			if begin == '{' && v.name() == nil {
				return false
			}
			continue
		}
		if open = v.leave(open); len(open) == 0 {
			return true
		}
		if !v.has(',') || open[len(open)-1] == '}' && v.name() == nil {
			return false
		}
	}
}

// leave goes behind the brackets that end what is open, and returns what is open still.
func (v *validator) leave(open []byte) []byte {
	for len(open) > 0 && v.next() == open[len(open)-1] {
		open = open[:len(open)-1]
		v.at++
	}
	return open
}

// end tells whether nothing follows.
func (v *validator) end() bool {
	v.next()
	return v.at == len(v.text)
}

// next goes to what follows, but for spaces, and tells what it is: 0, which is never right, at the end.
func (v *validator) next() byte {
	for ; v.at < len(v.text); v.at++ {
		switch b := v.text[v.at]; b {
		case ' ', '\t', '\n', '\r':
		default:
			return b
		}
	}
	return 0
}

// name goes behind the name of a member and its colon, and returns it in its quotes; nil if there is none.
func (v *validator) name() []byte {
	v.next()
	start := v.at
	if !v.has('"') || !v.string() {
		return nil
	}
	quoted := v.text[start:v.at]
	if v.next() != ':' {
		return nil
	}
	v.at++
	return quoted
}

func (v *validator) scalar(begin byte) bool {
	switch begin {
	case '"':
		v.at++
		return v.string()
	case 't':
		return v.word("true")
	case 'f':
		return v.word("false")
	case 'n':
		return v.word("null")
	default:
		return v.number()
	}
}

func (v *validator) word(word string) bool {
	end := v.at + len(word)
	if end > len(v.text) || string(v.text[v.at:end]) != word {
		return false
	}
	v.at = end
	return true
}

func (v *validator) number() bool {
	v.has('-')
	if !v.has('0') && !v.digits() {
		return false
	}
	if v.has('.') && !v.digits() {
		return false
	}
	if v.has('e') || v.has('E') {
		_ = v.has('+') || v.has('-')
		return v.digits()
	}
	return true
}

func (v *validator) digits() bool {
	start := v.at
	for v.at < len(v.text) && '0' <= v.text[v.at] && v.text[v.at] <= '9' {
		v.at++
	}
	return v.at > start
}

// has goes on if that follows.
func (v *validator) has(b byte) bool {
	if v.at == len(v.text) || v.text[v.at] != b {
		return false
	}
	v.at++
	return true
}

// string goes behind a string that has begun.
func (v *validator) string() bool {
	for {
		v.at += plain(v.text[v.at:])
		switch {
		case v.has('"'):
			return true
		case !v.has('\\') || !v.escape():
			return false
		}
	}
}

func (v *validator) escape() bool {
	switch v.take() {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		return v.hex()
	default:
		return false
	}
}

// hex goes behind four hexadecimal digits.
func (v *validator) hex() bool {
	for range 4 {
		if b := v.take(); (b < '0' || '9' < b) && (b < 'a' || 'f' < b) && (b < 'A' || 'F' < b) {
			return false
		}
	}
	return true
}

// take goes behind a byte, and tells which it is: 0, which is never right, at the end.
func (v *validator) take() byte {
	if v.at == len(v.text) {
		return 0
	}
	v.at++
	return v.text[v.at-1]
}

// plain is how many bytes of a string, up to its end or to what is wrong, stand for themselves. It looks at eight at once: a
// byte of which more is subtracted than it has gets its highest bit set, which tells that it is sought. It borrows from the byte
// behind it, so that only the first one found counts.
func plain(text []byte) int {
	const each, highest = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(text); i += 8 {
		eight := binary.LittleEndian.Uint64(text[i:])
		quote, slash := eight^'"'*each, eight^'\\'*each
		if found := ((eight-' '*each)&^eight | (quote-each)&^quote | (slash-each)&^slash) & highest; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(text) && text[i] >= ' ' && text[i] != '"' && text[i] != '\\' {
		i++
	}
	return i
}
