package auth

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf8"
)

// What is below reads JSON that encoding/json has found well formed: that is what it relies on, and does not check again.

var (
	errAmbiguous = errors.New("JSON that can be read in two ways")
	errNoText    = errors.New("no text where one is due")
)

// eachMember hands over the members of an object, the values as they are written, until one is refused. It is errAmbiguous in
// which not everybody reads the same: what is no object; names that are there twice (RFC 7519, section 4), or not plain in
// lower case, for Go takes "SUB" for "sub", and so it does "s\u0075b"; and null, which is as good as not there to some.
func eachMember(text []byte, take func(name, value []byte) error) error {
	const most = 32 // members; ours have nine
	if text = unspaced(text); text[0] != '{' {
		return errAmbiguous
	}
	names := make([][]byte, 0, most)
	for text[0] != '}' {
		var name, value []byte
		if name, text = cutValue(text[1:]); len(name) == 0 { // {}
			return nil
		}
		value, text = cutValue(text[1:])
		known := slices.ContainsFunc(names, func(other []byte) bool { return bytes.Equal(name, other) })
		if known || len(names) == most || !plain(name) || string(value) == "null" {
			return errAmbiguous
		}
		names = append(names, name)
		if err := take(name[1:len(name)-1], value); err != nil {
			return err
		}
	}
	return nil
}

// unquoteAll reads a list of texts, or a single one.
func unquoteAll(value []byte) (texts []string, err error) {
	if value[0] != '[' {
		text, err := unquote(value)
		return []string{text}, err
	}
	for value[0] != ']' {
		var one []byte
		if one, value = cutValue(value[1:]); len(one) == 0 { // []
			return nil, nil
		}
		text, err := unquote(one)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

// unquote reads a text.
func unquote(value []byte) (string, error) {
	switch {
	case value[0] != '"':
		return "", errNoText
	case verbatim(value):
		return string(value[1 : len(value)-1]), nil
	}
	var text string
	err := json.Unmarshal(value, &text)
	return text, err
}

// cutValue cuts off the value, or name, that an object or a list goes on with: none where it ends. The rest begins with what
// sets the next one apart.
func cutValue(text []byte) (value, rest []byte) {
	text = unspaced(text)
	for i, depth := 0, 0; ; i++ {
		switch c := text[i]; c {
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
		case ',', ':', '}', ']', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return text[:i], unspaced(text[i:])
			}
			if c == '}' || c == ']' {
				depth--
			}
		}
	}
}

// unspaced is JSON from where it goes on after white space (RFC 8259, section 2).
func unspaced(text []byte) []byte {
	for i, c := range text {
		if c != ' ' && c != '\t' && c != '\r' && c != '\n' {
			return text[i:]
		}
	}
	return nil
}

// plain tells whether a name is written as it is, without capitals.
func plain(name []byte) bool {
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return verbatim(name)
}

// verbatim tells whether a text is written as it is: in ASCII, without escapes.
func verbatim(text []byte) bool {
	for _, c := range text {
		if c >= utf8.RuneSelf || c == '\\' {
			return false
		}
	}
	return true
}
