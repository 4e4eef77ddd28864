package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Key is a pair of keys: the private one signs access tokens, the public one verifies them.
type Key struct {
	ID            string    // kid
	Algorithm     string    // alg: EdDSA, ES256 or RS256
	MadeAt        time.Time // iat: since when others can know the public one
	SignsFrom     time.Time // nbf: zero until it is said
	VerifiesUntil time.Time // exp: zero until another takes over

	private crypto.Signer
}

// String is the key's name: nothing private.
func (k Key) String() string { return k.ID }

// minRSABits is how long an RSA key must be (RFC 7518, section 3.3).
const minRSABits = 2048

// jwk is a JSON Web Key (RFC 7517, section 4): an elliptic curve's or RSA's (RFC 7518, section 6), or Ed25519's (RFC 8037,
// section 2). The times are those that the registry of JWK parameters has for keys, too (OpenID Federation 1.0).
type jwk struct {
	Type      string `json:"kty"`
	Use       string `json:"use,omitempty"`
	Algorithm string `json:"alg,omitempty"`
	ID        string `json:"kid,omitempty"`
	Curve     string `json:"crv,omitempty"`
	X         octets `json:"x,omitempty"`
	Y         octets `json:"y,omitempty"`
	N         octets `json:"n,omitempty"`
	E         octets `json:"e,omitempty"`
	D         octets `json:"d,omitempty"`
	P         octets `json:"p,omitempty"`
	Q         octets `json:"q,omitempty"`
	DP        octets `json:"dp,omitempty"`
	DQ        octets `json:"dq,omitempty"`
	QI        octets `json:"qi,omitempty"`
	MadeAt    int64  `json:"iat,omitempty"`
	NotBefore int64  `json:"nbf,omitempty"`
	Expires   int64  `json:"exp,omitempty"`
}

// octets are bytes in base64url, in the one form that they have.
type octets []byte

// MarshalText encodes them.
func (o octets) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, o), nil
}

// UnmarshalText decodes them.
func (o *octets) UnmarshalText(text []byte) (err error) {
	if bytes.ContainsAny(text, "\r\n") { // which the decoder skips
		return base64.CorruptInputError(0)
	}
	*o, err = base64.RawURLEncoding.Strict().DecodeString(string(text))
	return err
}

// newKey makes a key.
func newKey(algorithm string, now time.Time) (Key, error) {
	k := Key{Algorithm: algorithm, MadeAt: now}
	var err error
	switch algorithm {
	case jwt.SigningMethodEdDSA.Alg():
		_, k.private, err = ed25519.GenerateKey(rand.Reader)
	case jwt.SigningMethodES256.Alg():
		k.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case jwt.SigningMethodRS256.Alg():
		k.private, err = rsa.GenerateKey(rand.Reader, minRSABits)
	default:
		err = fmt.Errorf("no key can be made for %q", algorithm)
	}
	if err != nil {
		return Key{}, err
	}
	if k.ID = numbers(k.private).thumbprint(); strings.HasPrefix(k.ID, "-") { // a command would take it for a flag
		return newKey(algorithm, now)
	}
	return k, nil
}

// Errors of keys that cannot be used.
var (
	errPublicKey = errors.New("it is a public key: it has no d")
	errKeyKind   = errors.New("it is none of Ed25519 (OKP), P-256 (EC) and RSA")
	errKeyFit    = errors.New("its members do not fit one another")
	errKeyTime   = errors.New("iat, nbf and exp are whole seconds since 1970, each later than the one before")
)

// key reads a private key. Whatever is in it must follow from it.
func (j jwk) key() (Key, error) {
	if len(j.D) == 0 {
		return Key{}, errPublicKey
	}
	k := Key{ID: j.ID, Algorithm: j.Algorithm, MadeAt: moment(j.MadeAt), SignsFrom: moment(j.NotBefore), VerifiesUntil: moment(j.Expires)}
	var own string
	switch {
	case j.Type == "OKP" && j.Curve == "Ed25519" && len(j.D) == ed25519.SeedSize:
		own, k.private = jwt.SigningMethodEdDSA.Alg(), ed25519.NewKeyFromSeed(j.D)
	case j.Type == "EC" && j.Curve == "P-256":
		private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), j.D)
		if err != nil {
			return Key{}, errKeyFit
		}
		own, k.private = jwt.SigningMethodES256.Alg(), private
	case j.Type == "RSA":
		private, err := j.rsa()
		if err != nil {
			return Key{}, err
		}
		own, k.private = jwt.SigningMethodRS256.Alg(), private
	default:
		return Key{}, errKeyKind
	}
	found := numbers(k.private)
	if k.ID == "" {
		k.ID = found.thumbprint()
	}
	if k.Algorithm == "" {
		k.Algorithm = own
	}
	switch {
	case k.Algorithm != own:
		return Key{}, fmt.Errorf("alg is %q, and such a key is for %s", k.Algorithm, own)
	case j.Use != "" && j.Use != useSignature:
		return Key{}, fmt.Errorf("use is %q, and must be %s", j.Use, useSignature)
	case !found.sameNumbers(j):
		return Key{}, errKeyFit
	case !orderly(j.MadeAt, j.NotBefore, j.Expires):
		return Key{}, errKeyTime
	}
	return k, nil
}

func (j jwk) rsa() (*rsa.PrivateKey, error) {
	number := func(o octets) *big.Int { return new(big.Int).SetBytes(o) }
	n, e := number(j.N), number(j.E)
	if n.BitLen() < minRSABits {
		return nil, fmt.Errorf("it has %d bits, and needs %d at least", n.BitLen(), minRSABits)
	}
	const mostExponentBits = 31 // what crypto/rsa takes
	if e.BitLen() > mostExponentBits || len(j.P) == 0 || len(j.Q) == 0 {
		return nil, errKeyFit
	}
	private := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: n, E: int(e.Int64())},
		D:         number(j.D),
		Primes:    []*big.Int{number(j.P), number(j.Q)},
	}
	private.Precompute()
	if private.Validate() != nil {
		return nil, errKeyFit
	}
	return private, nil
}

// useSignature is what our keys are for (RFC 7517, section 4.2).
const useSignature = "sig"

// numbers is what a private key consists of, and nothing else.
func numbers(private crypto.Signer) jwk {
	switch private := private.(type) {
	case ed25519.PrivateKey:
		public, _ := private.Public().(ed25519.PublicKey)
		return jwk{Type: "OKP", Curve: "Ed25519", X: octets(public), D: private.Seed()}
	case *ecdsa.PrivateKey:
		d, _ := private.Bytes() // its curve is known
		point, _ := private.PublicKey.Bytes()
		x, y := point[1:1+len(d)], point[1+len(d):] // SEC 1, section 2.3.3: uncompressed
		return jwk{Type: "EC", Curve: "P-256", X: x, Y: y, D: d}
	case *rsa.PrivateKey:
		return jwk{
			Type: "RSA", N: private.N.Bytes(), E: big.NewInt(int64(private.E)).Bytes(), D: private.D.Bytes(),
			P: private.Primes[0].Bytes(), Q: private.Primes[1].Bytes(),
			DP: private.Precomputed.Dp.Bytes(), DQ: private.Precomputed.Dq.Bytes(), QI: private.Precomputed.Qinv.Bytes(),
		}
	default:
		return jwk{}
	}
}

func (j jwk) sameNumbers(other jwk) bool {
	theirs := []octets{other.X, other.Y, other.N, other.E, other.D, other.P, other.Q, other.DP, other.DQ, other.QI}
	for i, ours := range []octets{j.X, j.Y, j.N, j.E, j.D, j.P, j.Q, j.DP, j.DQ, j.QI} {
		if !bytes.Equal(ours, theirs[i]) {
			return false
		}
	}
	return true
}

// thumbprint is a key's name by its public numbers (RFC 7638, section 3).
func (j jwk) thumbprint() string {
	members := map[string]any{"kty": j.Type}
	if j.Curve != "" {
		members["crv"] = j.Curve
	}
	for name, value := range map[string]octets{"x": j.X, "y": j.Y, "n": j.N, "e": j.E} {
		if value != nil {
			members[name] = value
		}
	}
	text, _ := json.Marshal(members) // texts alone, in the order of their names, without spaces
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// privateJWK is the key as the file has it.
func (k Key) privateJWK() jwk {
	j := numbers(k.private)
	j.Use, j.Algorithm, j.ID = useSignature, k.Algorithm, k.ID
	j.MadeAt, j.NotBefore, j.Expires = seconds(k.MadeAt), seconds(k.SignsFrom), seconds(k.VerifiesUntil)
	return j
}

// publicJWK is what others may know of the key.
func (k Key) publicJWK() jwk {
	all := numbers(k.private)
	return jwk{
		Type: all.Type, Use: useSignature, Algorithm: k.Algorithm, ID: k.ID,
		Curve: all.Curve, X: all.X, Y: all.Y, N: all.N, E: all.E,
	}
}

// moment and seconds translate times of a key, zero being none.
func moment(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func seconds(moment time.Time) int64 {
	if moment.IsZero() {
		return 0
	}
	return moment.Unix()
}

// orderly tells whether times, of which each may be missing, are such, and come one after the other.
func orderly(times ...int64) bool {
	const most = 1<<40 - 1 // some ten thousand years
	last := int64(0)
	for _, t := range times {
		if t == 0 {
			continue
		}
		if t < last || t > most {
			return false
		}
		last = t
	}
	return true
}
