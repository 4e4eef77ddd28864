package auth

import "errors"

// header is what a token says of itself (RFC 7515, section 4.1): nothing of that is believed.
type header struct {
	algorithm string // alg
	kind      string // typ
	keyID     string // kid
	named     bool   // there is a kid, if an empty one
}

// errCritical says that a header asks for extensions: we understand none (RFC 7515, section 4.1.11).
var errCritical = errors.New("critical extensions")

// UnmarshalJSON reads a header in which everybody reads the same. It is well formed.
func (h *header) UnmarshalJSON(text []byte) error {
	return eachMember(text, func(name, value []byte) (err error) {
		switch string(name) {
		case "alg":
			h.algorithm, err = unquote(value)
		case "typ":
			h.kind, err = unquote(value)
		case "kid":
			h.named = true
			h.keyID, err = unquote(value)
		case "crit":
			err = errCritical
		}
		return err
	})
}
