package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"postern/internal/argon2id"
)

// params are the costs of argon2id (RFC 9106): memory in KiB, passes, lanes.
type params struct {
	memory, passes uint32
	lanes          uint8
}

const (
	saltLength = 16 // bytes
	keyLength  = 32 // bytes
)

// current is what new hashes cost, and highest what a stored hash may ask for, as much as PHP and argon2's libraries make by
// default: as many are verified at once as are hashed, so that this bounds their memory and their time, too.
//
//nolint:gochecknoglobals // constants, but for Go's lack of them
var (
	current = params{memory: 19456, passes: 2, lanes: 1}
	highest = params{memory: 1 << 16, passes: 4, lanes: 4}
)

// errHash says that a stored hash is none.
var errHash = errors.New("neither an argon2id hash in PHC form nor a bcrypt hash, or one that costs too much")

// Passwords hashes passwords with argon2id, each of which takes 19 MiB, as many at once as its pool lets it. It verifies what
// others hashed with bcrypt, too.
type Passwords struct {
	hashers hashers
	spent   func(kibibytes uint32)
	// dummy is verified for accounts that do not exist, so that they cost what those that do exist cost.
	dummy string
}

// NewPasswords returns a Passwords with a pool of its own.
func NewPasswords(p Pool) *Passwords {
	return &Passwords{
		hashers: newHashers(p),
		spent:   p.Spent,
		dummy:   current.format(make([]byte, saltLength), make([]byte, keyLength)),
	}
}

// Do does work that hashes when it is its turn. It waits for that, and answers an Overloaded fault if it does not come; any other
// error is the work's.
func (p *Passwords) Do(ctx context.Context, work func(h Hasher) error) (err error) {
	refused := p.hashers.do(ctx, func(m *argon2id.Memory) { err = work(Hasher{p.dummy, m, p.spent}) })
	return cmp.Or(refused, err)
}

// Hash waits for its turn to hash a password, as Do does.
func (p *Passwords) Hash(ctx context.Context, password string) (hash string, err error) {
	err = p.Do(ctx, func(h Hasher) error {
		hash = h.Hash(password)
		return nil
	})
	return hash, err
}

// Hasher hashes for whom it is the turn.
type Hasher struct {
	dummy  string
	memory *argon2id.Memory
	spent  func(kibibytes uint32)
}

func (h Hasher) key(c params, password string, salt []byte, length int) []byte {
	if h.spent != nil {
		h.spent(c.memory)
	}
	return h.memory.Key([]byte(password), salt, c.passes, c.memory, c.lanes, uint32(length)) //nolint:gosec // parse bounds it
}

// Hash returns the password's hash as a PHC string.
func (h Hasher) Hash(password string) string {
	salt := make([]byte, saltLength)
	_, _ = rand.Read(salt) // crypto/rand never fails
	return current.format(salt, h.key(current, password, salt, keyLength))
}

// Verify tells whether the password is the one that was hashed; the empty hash, that of no account, fits none and costs as
// much as any other.
func (h Hasher) Verify(password, hash string) (bool, error) {
	known := hash != ""
	if !known {
		hash = h.dummy
	}
	fits, err := matcher(hash)
	return err == nil && fits(h, password) && known, err
}

// CheckHash tells whether Verify can do with a hash: argon2id as a PHC string, or bcrypt.
func CheckHash(hash string) error {
	_, err := matcher(hash)
	return err
}

// Outdated tells whether a hash is of another kind than those that Hash returns, or costs anything else: it should be replaced
// once the password is at hand. One that costs more is, too: the time that it takes tells that there is such an account.
func Outdated(hash string) bool {
	c, _, _, err := parse(hash)
	return err != nil || c != current
}

// matcher returns what tells whether a password is the one that was hashed.
func matcher(hash string) (fits func(h Hasher, password string) bool, err error) {
	if bcryptForm.MatchString(hash) {
		return func(_ Hasher, password string) bool { return fitsBcrypt(password, hash) }, nil
	}
	costs, salt, want, err := parse(hash)
	return func(h Hasher, password string) bool {
		return subtle.ConstantTimeCompare(h.key(costs, password, salt, len(want)), want) == 1
	}, err
}

// format writes a PHC string (https://github.com/P-H-C/phc-string-format).
func (c params) format(salt, key []byte) string {
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2id.Version, c.memory, c.passes, c.lanes, encode(salt), encode(key))
}

// parse reads a PHC string.
func parse(hash string) (c params, salt, key []byte, err error) {
	parts := strings.Split(hash, "$") // "", argon2id, v=…, m=…, salt, key
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2id.Version) {
		return c, nil, nil, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.passes, &c.lanes); err != nil {
		return c, nil, nil, errHash
	}
	if c.passes < 1 || c.lanes < 1 || c.memory < 8*uint32(c.lanes) ||
		c.memory > highest.memory || c.passes > highest.passes || c.lanes > highest.lanes {
		return c, nil, nil, errHash
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(parts[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(salt) < 8 || len(salt) > 64 || len(key) < 16 || len(key) > 64 {
		return c, nil, nil, errHash
	}
	if c.format(salt, key) != hash { // what Sscanf and base64 skip
		return c, nil, nil, errHash
	}
	return c, salt, key, nil
}
