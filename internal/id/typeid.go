package id

import (
	"encoding/binary"
	"io"
	"strings"

	"github.com/google/uuid"
)

// alphabet is Crockford's base 32 in lower case.
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// digits is how many characters write 128 bits, five at a time.
const digits = 26

// format writes an id as a TypeID.
func format(prefix string, u uuid.UUID) string {
	high, low := binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
	text := make([]byte, len(prefix)+1+digits)
	copy(text, prefix)
	text[len(prefix)] = '_'
	for i := len(text) - 1; i > len(prefix); i-- {
		text[i] = alphabet[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return string(text)
}

// parse reads what format wrote; ok is false for everything else.
func parse(text string) (prefix string, u uuid.UUID, ok bool) {
	prefix, suffix, found := strings.Cut(text, "_")
	if !found || len(suffix) != digits || suffix[0] > '7' { // 26 digits could write 130 bits
		return "", uuid.Nil, false
	}
	var high, low uint64
	for i := range digits {
		value := strings.IndexByte(alphabet, suffix[i])
		if value < 0 {
			return "", uuid.Nil, false
		}
		high = high<<5 | low>>59
		low = low<<5 | uint64(value)
	}
	binary.BigEndian.PutUint64(u[:8], high)
	binary.BigEndian.PutUint64(u[8:], low)
	return prefix, u, true
}

func writeQuoted(w io.Writer, text string) {
	_, _ = io.WriteString(w, `"`+text+`"`)
}
