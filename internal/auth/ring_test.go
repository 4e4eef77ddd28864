package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"hash"
	"maps"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postern/internal/auth"
)

// signer is one way to sign tokens, independently of the package under test: an algorithm, and the key's name.
type signer struct {
	alg, kid string
	sign     func(text string) []byte
}

// header is that of a good token.
func (s signer) header() object {
	if s.kid == "" {
		return object{"alg": s.alg, "typ": "at+jwt"}
	}
	return object{"alg": s.alg, "typ": "at+jwt", "kid": s.kid}
}

// forge signs a header and claims as they stand.
func (s signer) forge(header, claims string) string {
	text := encode([]byte(header)) + "." + encode([]byte(claims))
	return text + "." + encode(s.sign(text))
}

// good is a token that must be accepted.
func (s signer) good() string { return s.forge(s.header().String(), goodClaims.String()) }

// ring is keys of every kind, those that a Tokens knows and those of a stranger.
type ring struct {
	ed  ed25519.PrivateKey
	ec  *ecdsa.PrivateKey
	rsa *rsa.PrivateKey
}

func newRing() (r ring) {
	var errs [3]error
	_, r.ed, errs[0] = ed25519.GenerateKey(rand.Reader)
	r.ec, errs[1] = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	r.rsa, errs[2] = rsa.GenerateKey(rand.Reader, 2048)
	if errs != [3]error{} {
		panic(errs)
	}
	return r
}

// rings are made once, for RSA keys take their time.
var rings = sync.OnceValue(func() (both [2]ring) { return [2]ring{newRing(), newRing()} })

// hs256 signs with a secret.
func hs256(key []byte, newHash func() hash.Hash) func(string) []byte {
	return func(text string) []byte {
		mac := hmac.New(newHash, key)
		mac.Write([]byte(text))
		return mac.Sum(nil)
	}
}

func (r ring) eddsa(text string) []byte { return ed25519.Sign(r.ed, []byte(text)) }

// rs are the two numbers of a signature by ES256.
func (r ring) rs(text string) (one, other *big.Int) {
	digest := sha256.Sum256([]byte(text))
	one, other, err := ecdsa.Sign(rand.Reader, r.ec, digest[:])
	if err != nil {
		panic(err)
	}
	return one, other
}

func pair(one, other *big.Int) []byte {
	signature := make([]byte, 64)
	one.FillBytes(signature[:32])
	other.FillBytes(signature[32:])
	return signature
}

func (r ring) es256(text string) []byte { return pair(r.rs(text)) }

func (r ring) rs256(text string) []byte {
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, r.rsa, crypto.SHA256, digest[:])
	if err != nil {
		panic(err)
	}
	return signature
}

// signers are all ways to sign a good token.
func (r ring) signers() []signer {
	return []signer{
		{"HS256", "", hs256(secret, sha256.New)},
		{"EdDSA", "ed", r.eddsa},
		{"ES256", "ec", r.es256},
		{"RS256", "rsa", r.rs256},
	}
}

// tokensOfAll returns a Tokens that accepts every algorithm, by the first ring.
func tokensOfAll(tb testing.TB) *auth.Tokens {
	tb.Helper()
	r := rings()[0]
	numbers := func(n ...*big.Int) (all []string) {
		for _, number := range n {
			all = append(all, encode(number.Bytes()))
		}
		return all
	}
	d, err := r.ec.Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	point, err := r.ec.PublicKey.Bytes()
	if err != nil {
		tb.Fatal(err)
	}
	n := numbers(r.rsa.N, r.rsa.D, r.rsa.Primes[0], r.rsa.Primes[1], r.rsa.Precomputed.Dp, r.rsa.Precomputed.Dq, r.rsa.Precomputed.Qinv)
	keys := readKeys(tb,
		object{"kty": "OKP", "crv": "Ed25519", "kid": "ed", "d": encode(r.ed.Seed()), "x": encode(r.ed[32:])}.String(),
		object{"kty": "EC", "crv": "P-256", "kid": "ec", "d": encode(d), "x": encode(point[1:33]), "y": encode(point[33:])}.String(),
		object{
			"kty": "RSA", "kid": "rsa", "e": "AQAB", "n": n[0], "d": n[1], "p": n[2], "q": n[3], "dp": n[4], "dq": n[5], "qi": n[6],
		}.String(),
		edit(tb, publishedEdDSA, object{"kid": "gone", "exp": signedAt.Unix()}),
	)
	return newTokens(tb, auth.TokenOptions{
		Secret: secret, Previous: []byte("the secret that was there before"), Keys: keys,
		Issuer: "https://blog.example.org", Audience: "postern-api", ClientID: "postern-web",
		Now: func() time.Time { return signedAt },
	})
}

func TestVerifyGoodTokensOfAllKinds(t *testing.T) {
	t.Parallel()
	tokens := tokensOfAll(t)
	before := signer{"HS256", "", hs256([]byte("the secret that was there before"), sha256.New)}
	for _, s := range append(rings()[0].signers(), before) {
		for range 2 {
			if got, err := tokens.Verify(s.good()); err != nil || got.UserID != jane || got.SessionID != session || got.TokenID != "1" {
				t.Errorf("Verify(good, by %s) = %+v, %v", s.alg, got, err)
			}
		}
	}
}

// TestBadTokens hands in what nobody may be let in with: to Verify, and in a request, which goes on as an anonymous one.
func TestBadTokens(t *testing.T) {
	t.Parallel()
	tokens, bad := tokensOfAll(t), badTokens()
	if len(bad) < 200 {
		t.Fatalf("there are %d bad tokens, want 200 at least", len(bad))
	}
	t.Logf("%d bad tokens", len(bad))
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		want := auth.TokenInvalid
		if strings.Contains(name, ": expired at") || strings.Contains(name, ": expired long ago") {
			want = auth.TokenExpired
		}
		if got, err := tokens.Verify(bad[name]); err != want { //nolint:errorlint // the very reason
			t.Errorf("Verify(%s) = %+v, %v, want %v", name, got, err, want)
		}
		answer, caller := serve(t, tokens, editor, withToken(t, bad[name]))
		trimmed := strings.TrimLeft(bad[name], " ") // which a header may have more of
		if _, good := tokens.Verify(trimmed); good == nil {
			continue
		}
		if answer.Code != http.StatusOK || caller == nil || caller.Viewer != nil || answer.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("a request with %s is answered %d, by %+v, want an anonymous one", name, answer.Code, caller)
		}
	}
}

// TestVerifyRefusesEveryBit flips each bit of three good tokens.
func TestVerifyRefusesEveryBit(t *testing.T) {
	t.Parallel()
	tokens := tokensOfAll(t)
	for _, s := range rings()[0].signers()[:3] {
		good := []byte(s.good())
		for i := range good {
			for bit := range 8 {
				good[i] ^= 1 << bit
				if _, err := tokens.Verify(string(good)); err != auth.TokenInvalid { //nolint:errorlint // the very reason
					t.Errorf("Verify(by %s, bit %d of byte %d flipped) = %v, want TOKEN_INVALID", s.alg, bit, i, err)
				}
				good[i] ^= 1 << bit
			}
		}
		if _, err := tokens.Verify(string(good)); err != nil {
			t.Errorf("Verify(by %s, as it was) = %v", s.alg, err)
		}
	}
}

// TestTokensByES256HaveTwins makes another good signature of a good one, as anybody can (SEC 1, section 4.1.4): its text is
// another, what it claims is not.
func TestTokensByES256HaveTwins(t *testing.T) {
	t.Parallel()
	tokens, r := tokensOfAll(t), rings()[0]
	var texts [2]string
	text := encode([]byte(signer{"ES256", "ec", nil}.header().String())) + "." + encode([]byte(goodClaims.String()))
	one, other := r.rs(text)
	texts[0] = text + "." + encode(pair(one, other))
	texts[1] = text + "." + encode(pair(one, new(big.Int).Sub(elliptic.P256().Params().N, other)))
	var claims [2]auth.Claims
	for i, token := range texts {
		var err error
		if claims[i], err = tokens.Verify(token); err != nil {
			t.Errorf("Verify(twin %d) = %v", i, err)
		}
	}
	if claims[0] != claims[1] || texts[0] == texts[1] {
		t.Errorf("the twins claim %+v and %+v, want the same", claims[0], claims[1])
	}
}
