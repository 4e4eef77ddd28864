package argon2id

import (
	"encoding/binary"

	"golang.org/x/crypto/blake2b"
)

// seed is H0: a hash of all that is asked for (section 3.2).
func seed(password, salt []byte, passes, kibibytes, lanes, length uint32) []byte {
	var all []byte
	for _, n := range []uint32{lanes, length, kibibytes, passes, Version, kind} {
		all = binary.LittleEndian.AppendUint32(all, n)
	}
	for _, text := range [][]byte{password, salt, nil, nil} { // neither a secret nor more data
		all = binary.LittleEndian.AppendUint32(all, uint32(len(text))) //nolint:gosec // RFC 9106 has no longer ones
		all = append(all, text...)
	}
	h := blake2b.Sum512(all)
	return h[:]
}

// expand is H′: a hash of any length (section 3.3).
func expand(out, in []byte) {
	prefix := binary.LittleEndian.AppendUint32(nil, uint32(len(out))) //nolint:gosec // it is the argument of Key, or 1024
	in = append(prefix, in...)
	for len(out) > blake2b.Size {
		half := blake2b.Sum512(in)
		out = out[copy(out, half[:blake2b.Size/2]):]
		in = half[:]
	}
	h, _ := blake2b.New(len(out), nil)
	h.Write(in)
	h.Sum(out[:0])
}
