package account

import "encoding/base64"

// emailToken is what a mail carries, and who reads it gives back: 256 random bits.
type emailToken []byte

func newEmailToken() emailToken { return random() }

func (t emailToken) String() string { return base64.RawURLEncoding.EncodeToString(t) }

// parseEmailToken reads what String wrote.
func parseEmailToken(text string) (t emailToken, ok bool) {
	if len(text) != base64.RawURLEncoding.EncodedLen(secretLength) { // line ends, which decoders skip, make it longer
		return nil, false
	}
	t, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return t, err == nil && len(t) == secretLength
}
