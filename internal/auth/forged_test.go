package auth_test

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"hash"
	"maps"
	"strings"
	"testing"

	"postern/internal/auth"
)

// object is JSON that a test takes members out of, by nil, and puts others into.
type object map[string]any

func (o object) with(members object) object {
	changed := maps.Clone(o)
	maps.Copy(changed, members)
	return changed
}

func (o object) String() string {
	present := maps.Clone(o)
	maps.DeleteFunc(present, func(_ string, value any) bool { return value == nil })
	text, err := json.Marshal(present)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// What makes a good token, independently of the package under test.
var (
	goodHeader = object{"alg": "HS256", "typ": "at+jwt"}
	goodClaims = object{
		"iss": "https://blog.example.org", "aud": "postern-api", "client_id": "postern-web", "jti": "1",
		"sub": jane.String(), "sid": session.String(),
		"iat": signedAt.Unix(), "nbf": signedAt.Unix(), "exp": signedAt.Unix() + 600,
	}
)

func encode(part []byte) string { return base64.RawURLEncoding.EncodeToString(part) }

// forge signs a header and claims as they stand.
func forge(header, claims string, newHash func() hash.Hash, key []byte) string {
	text := encode([]byte(header)) + "." + encode([]byte(claims))
	mac := hmac.New(newHash, key)
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

func forgeGood(header, claims string) string { return forge(header, claims, sha256.New, secret) }

func TestVerifyClaims(t *testing.T) {
	t.Parallel()
	const expired, invalid = auth.TokenExpired, auth.TokenInvalid
	long := object{"iat": signedAt.Unix() - 1000, "nbf": signedAt.Unix() - 1000, "exp": signedAt.Unix() - 400}
	for _, test := range []struct {
		name   string
		claims object
		want   error
	}{
		{"good", nil, nil},
		{"good for several audiences", object{"aud": []string{"another", "postern-api"}}, nil},
		{"no iss", object{"iss": nil}, invalid},
		{"no aud", object{"aud": nil}, invalid},
		{"no sub", object{"sub": nil}, invalid},
		{"no sid", object{"sid": nil}, invalid},
		{"no jti", object{"jti": nil}, invalid},
		{"no iat", object{"iat": nil}, invalid},
		{"no nbf", object{"nbf": nil}, invalid},
		{"no exp", object{"exp": nil}, invalid},
		{"no client_id", object{"client_id": nil}, invalid},
		{"empty jti", object{"jti": ""}, invalid},
		{"another iss", object{"iss": "https://blog.example.com"}, invalid},
		{"iss with a slash", object{"iss": "https://blog.example.org/"}, invalid},
		{"another aud", object{"aud": "postern"}, invalid},
		{"aud in other case", object{"aud": "Postern-API"}, invalid},
		{"empty auds", object{"aud": []string{}}, invalid},
		{"aud an object", object{"aud": object{"postern-api": true}}, invalid},
		{"sub a session", object{"sub": session.String()}, invalid},
		{"sid a user", object{"sid": jane.String()}, invalid},
		{"sub a bare UUID", object{"sub": jane.UUID.String()}, invalid},
		{"sub a number", object{"sub": 1}, invalid},
		{"sub of nobody", object{"sub": "user_00000000000000000000000000"}, invalid},
		{"nbf to come", object{"nbf": signedAt.Unix() + 6}, invalid},
		{"iat to come", object{"iat": signedAt.Unix() + 6}, invalid},
		{"exp 601 s after iat", object{"exp": signedAt.Unix() + 601}, invalid},
		{"exp in the year 9999", object{"exp": 253402300799}, invalid},
		{"exp before iat", object{"exp": signedAt.Unix() - 1}, invalid},
		{"exp beyond any integer", object{"exp": json.Number("1e300")}, invalid},
		{"exp negative", object{"exp": -1}, invalid},
		{"expired", long, expired},
		{"expired, another iss", long.with(object{"iss": "x"}), invalid},
		{"expired, another aud", long.with(object{"aud": "x"}), invalid},
		{"expired, no sub", long.with(object{"sub": nil}), invalid},
		{"expired, no sid", long.with(object{"sid": nil}), invalid},
		{"expired, no jti", long.with(object{"jti": nil}), invalid},
		{"expired, no iat", long.with(object{"iat": nil}), invalid},
		{"expired, too long a life", long.with(object{"iat": 1, "nbf": 1}), invalid},
		{"expired, nbf to come", long.with(object{"nbf": signedAt.Unix() + 60}), invalid},
	} {
		claims := goodClaims.with(test.claims)
		_, err := tokensAt(t, signedAt).Verify(forgeGood(goodHeader.String(), claims.String()))
		if err != test.want { //nolint:errorlint // the very reason
			t.Errorf("Verify(%s) = %v, want %v", test.name, err, test.want)
		}
	}
}

func TestVerifyHeaders(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		header string
		want   error
	}{
		{"good", goodHeader.String(), nil},
		{"the type in full", goodHeader.with(object{"typ": "application/at+jwt"}).String(), nil},
		{"typ JWT", goodHeader.with(object{"typ": "JWT"}).String(), auth.TokenInvalid},
		{"no typ", goodHeader.with(object{"typ": nil}).String(), auth.TokenInvalid},
		{"typ a number", goodHeader.with(object{"typ": 1}).String(), auth.TokenInvalid},
		{"typ a list", goodHeader.with(object{"typ": []string{"at+jwt"}}).String(), auth.TokenInvalid},
		{"crit", goodHeader.with(object{"crit": []string{"exp"}}).String(), auth.TokenInvalid},
		{"crit null", `{"alg":"HS256","typ":"at+jwt","crit":null}`, auth.TokenInvalid},
		{"no alg", goodHeader.with(object{"alg": nil}).String(), auth.TokenInvalid},
		{"alg none", goodHeader.with(object{"alg": "none"}).String(), auth.TokenInvalid},
		{"alg None", goodHeader.with(object{"alg": "None"}).String(), auth.TokenInvalid},
		{"alg hs256", goodHeader.with(object{"alg": "hs256"}).String(), auth.TokenInvalid},
		{"alg HS384", goodHeader.with(object{"alg": "HS384"}).String(), auth.TokenInvalid},
		{"alg RS256", goodHeader.with(object{"alg": "RS256"}).String(), auth.TokenInvalid},
		{"alg a number", goodHeader.with(object{"alg": 256}).String(), auth.TokenInvalid},
		{"null", `null`, auth.TokenInvalid},
		{"a list", `["alg","HS256"]`, auth.TokenInvalid},
		{"empty", ``, auth.TokenInvalid},
		{"trailing data", goodHeader.String() + `{}`, auth.TokenInvalid},
		{"two algs", `{"alg":"none","typ":"at+jwt","alg":"HS256"}`, auth.TokenInvalid},
		{"two typs", `{"alg":"HS256","typ":"JWT","typ":"at+jwt"}`, auth.TokenInvalid},
	} {
		_, err := tokensAt(t, signedAt).Verify(forgeGood(test.header, goodClaims.String()))
		if err != test.want { //nolint:errorlint // the very reason
			t.Errorf("Verify(header %s) = %v, want %v", test.name, err, test.want)
		}
	}
}

// TestVerifyRefusesAmbiguousClaims hands in JSON that two parsers read differently (RFC 8725, section 2.4, 3.10): a member
// that stands there twice, and one whose name differs in case from a claim's, which Go's decoder takes for the claim.
func TestVerifyRefusesAmbiguousClaims(t *testing.T) {
	t.Parallel()
	body := strings.TrimSuffix(goodClaims.String(), "}")
	other := `"` + strings.Replace(jane.String(), "user_", "user_0", 1)[:len(jane.String())] + `"`
	for _, claims := range []string{
		body + `,"sub":` + other + `}`,
		body + `,"SUB":` + other + `}`,
		body + `,"ſub":` + other + `}`,
		body + `,"s\u0075b":` + other + `}`,
		strings.Replace(goodClaims.String(), `"sub":`, `"Sub":`, 1),
		strings.Replace(goodClaims.String(), `"exp":`, `"EXP":1,"exp":`, 1),
		body + `,"Client_ID":"another"}`,
		body + `,"exp":9999999999,"exp":` + json.Number("1769847000").String() + `}`,
		body + `} {}`,
		`[` + goodClaims.String() + `]`,
		`null`,
		`"` + "claims" + `"`,
		``,
	} {
		if got, err := tokensAt(t, signedAt).Verify(forgeGood(goodHeader.String(), claims)); err != auth.TokenInvalid { //nolint:errorlint // the very reason
			t.Errorf("Verify(claims %s) = %v, %v, want TOKEN_INVALID", claims, got, err)
		}
	}
}

func TestVerifyKeepsUnknownClaims(t *testing.T) {
	t.Parallel()
	claims := goodClaims.with(object{"scope": "everything", "nested": object{"SUB": "x", "a": []any{object{"a": 1}}}})
	if _, err := tokensAt(t, signedAt).Verify(forgeGood(goodHeader.String(), claims.String())); err != nil {
		t.Errorf("Verify(claims that nobody knows) = %v, want nil: they are ignored (RFC 7519, section 4)", err)
	}
}

func TestVerifyRefusesLongTokens(t *testing.T) {
	t.Parallel()
	for padding, want := range map[int]error{2000: nil, 4096: auth.TokenInvalid, 1 << 20: auth.TokenInvalid} {
		token := forgeGood(goodHeader.String(), goodClaims.with(object{"padding": strings.Repeat("a", padding)}).String())
		if _, err := tokensAt(t, signedAt).Verify(token); err != want { //nolint:errorlint // the very reason
			t.Errorf("Verify(well signed, of %d bytes) = %v, want %v", len(token), err, want)
		}
	}
}

func TestVerifyRefusesOtherSignatures(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	header := func(alg string) string { return goodHeader.with(object{"alg": alg}).String() }
	unsigned := encode([]byte(header("RS256"))) + "." + encode([]byte(goodClaims.String()))
	digest := sha256.Sum256([]byte(unsigned))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	gone := goodClaims.with(object{"iat": 1, "nbf": 1, "exp": 601})
	for name, token := range map[string]string{
		"another secret":             forge(header("HS256"), goodClaims.String(), sha256.New, bytes.Repeat([]byte("l"), 32)),
		"the secret and a NUL":       forge(header("HS256"), goodClaims.String(), sha256.New, append([]byte("k"), secret...)),
		"no secret":                  forge(header("HS256"), goodClaims.String(), sha256.New, nil),
		"HS512 by its name":          forge(header("HS512"), goodClaims.String(), sha512.New, secret),
		"HS512 by the name of HS256": forge(header("HS256"), goodClaims.String(), sha512.New, secret),
		"RS256":                      unsigned + "." + encode(signature),
		"none, unsigned":             encode([]byte(header("none"))) + "." + encode([]byte(goodClaims.String())) + ".",
		"expired, another secret":    forge(header("HS256"), gone.String(), sha256.New, bytes.Repeat([]byte("l"), 32)),
		"expired, unsigned":          encode([]byte(header("none"))) + "." + encode([]byte(gone.String())) + ".",
	} {
		if _, err := tokensAt(t, signedAt).Verify(token); err != auth.TokenInvalid { //nolint:errorlint // the very reason
			t.Errorf("Verify(signed with %s) = %v, want TOKEN_INVALID", name, err)
		}
	}
}

// FuzzVerify looks for a token that is taken for good, or for expired, and was not signed.
func FuzzVerify(f *testing.F) {
	tokens := tokensOfAll(f)
	want := map[string]error{forgeGood(goodHeader.String(), goodClaims.with(object{"iat": 1, "nbf": 1, "exp": 601}).String()): auth.TokenExpired}
	for _, s := range rings()[0].signers() {
		want[s.good()] = nil
	}
	for token := range want {
		for _, seed := range []string{token, token + "\n", token + "=", strings.ToUpper(token), token[:len(token)-1] + "A"} {
			f.Add(seed)
		}
	}
	for _, seed := range []string{"", "..", "a.b.c", "e30.e30.", "bnVsbA.bnVsbA.bnVsbA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, token string) {
		wanted, known := want[token]
		if !known {
			wanted = auth.TokenInvalid
		}
		if _, err := tokens.Verify(token); err != wanted { //nolint:errorlint // the very reason
			t.Errorf("Verify(%q) = %v, want %v", token, err, wanted)
		}
	})
}
