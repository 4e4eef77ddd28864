package auth

import (
	"regexp"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// bcryptForm is that of a bcrypt hash (Provos and Mazières, "A Future-Adaptable Password Scheme", 1999) by any implementation
// that was never wrong, or is right by now: $2$ and $2x$ were wrong. It costs 2^4 to 2^14 rounds; the most takes about a second.
var bcryptForm = regexp.MustCompile(`^\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}$`)

// maxBcrypt is how many bytes of a password bcrypt looks at.
const maxBcrypt = 72

// fitsBcrypt tells whether a password is the one that a bcrypt hash was made of, and none of its twins: bcrypt goes no further
// than maxBcrypt, and repeats what is shorter with a NUL in between. Who has such a password needs another one.
func fitsBcrypt(password, hash string) bool {
	same := bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil
	return same && len(password) <= maxBcrypt && !strings.Contains(password, "\x00")
}
