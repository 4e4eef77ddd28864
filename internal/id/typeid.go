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
	return string(appendTypeID(make([]byte, 0, len(prefix)+1+digits), prefix, u))
}

func appendTypeID(text []byte, prefix string, u uuid.UUID) []byte {
	high, low := binary.BigEndian.Uint64(u[:8]), binary.BigEndian.Uint64(u[8:])
	var written [digits]byte
	for i := digits - 1; i >= 0; i-- {
		written[i] = alphabet[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return append(append(append(text, prefix...), '_'), written[:]...)
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

// write writes an id as a TypeID in quotes.
func write(w io.Writer, prefix string, u uuid.UUID) {
	_, _ = w.Write(append(appendTypeID(append(Room(w), '"'), prefix, u), '"'))
}

// Room is where to put what is written at once: where it stays, if the writer is a buffer that can tell.
func Room(w io.Writer) []byte {
	if buffer, ok := w.(interface{ AvailableBuffer() []byte }); ok {
		return buffer.AvailableBuffer()
	}
	return nil
}
