package auth_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"postern/internal/auth"
	"postern/internal/id"
)

// A user, a session and a moment that all tests of tokens share.
var (
	signedAt = time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
	jane     = id.ParseAny("user_01kg9h1s00e008v66kwzjqnbyc").User()
	session  = id.ParseAny("session_01kg9h1s00e00ba54d85m2eg75").Session()
	secret   = bytes.Repeat([]byte("k"), auth.MinSecretLength)
)

// tokensAt returns a Tokens whose clock stands still.
func tokensAt(tb testing.TB, now time.Time) *auth.Tokens {
	tb.Helper()
	return newTokens(tb, auth.TokenOptions{
		Secret: secret, Issuer: "https://blog.example.org", Audience: "postern-api", ClientID: "postern-web",
		Now: func() time.Time { return now },
	})
}

func newTokens(tb testing.TB, o auth.TokenOptions) *auth.Tokens {
	tb.Helper()
	tokens, err := auth.NewTokens(o)
	if err != nil {
		tb.Fatalf("NewTokens() = %v", err)
	}
	return tokens
}

func sign(tb testing.TB, tokens *auth.Tokens) string {
	tb.Helper()
	token, _, err := tokens.Sign(jane, session)
	if err != nil {
		tb.Fatalf("Sign() = %v", err)
	}
	return token
}

func TestSignShape(t *testing.T) {
	t.Parallel()
	token, expiresAt, err := tokensAt(t, signedAt.Add(700*time.Millisecond)).Sign(jane, session)
	if err != nil {
		t.Fatalf("Sign() = %v", err)
	}
	if want := signedAt.Add(10 * time.Minute); !expiresAt.Equal(want) {
		t.Errorf("Sign() expires at %v, want %v", expiresAt, want)
	}
	header, claims := decode(t, token)
	if want := map[string]any{"alg": "HS256", "typ": "at+jwt"}; !reflect.DeepEqual(header, want) {
		t.Errorf("header = %v, want %v", header, want)
	}
	jti, _ := claims["jti"].(string)
	if _, err := uuid.Parse(jti); err != nil {
		t.Errorf("jti = %v, want a UUID", claims["jti"])
	}
	delete(claims, "jti")
	want := map[string]any{
		"iss": "https://blog.example.org", "aud": []any{"postern-api"}, "client_id": "postern-web",
		"sub": jane.String(), "sid": session.String(),
		"iat": json.Number("1769846400"), "nbf": json.Number("1769846400"), "exp": json.Number("1769847000"),
	}
	if !reflect.DeepEqual(claims, want) {
		t.Errorf("claims = %v, want %v and nothing else", claims, want)
	}
}

// decode reads a token without believing it.
func decode(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("%q has %d parts, want 3", token, len(parts))
	}
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil {
			t.Fatalf("part %d: %v", i, err)
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(into); err != nil {
			t.Fatalf("part %d: %v", i, err)
		}
	}
	return header, claims
}

func TestSignNamesEachTokenAnew(t *testing.T) {
	t.Parallel()
	tokens := tokensAt(t, signedAt)
	_, first := decode(t, sign(t, tokens))
	_, second := decode(t, sign(t, tokens))
	if first["jti"] == second["jti"] {
		t.Errorf("two tokens have the jti %v", first["jti"])
	}
}

func TestVerifyReadsWhatWasSigned(t *testing.T) {
	t.Parallel()
	tokens := tokensAt(t, signedAt)
	token := sign(t, tokens)
	_, claims := decode(t, token)
	want := auth.Claims{
		UserID: jane, SessionID: session, TokenID: claims["jti"].(string),
		IssuedAt: signedAt, ExpiresAt: signedAt.Add(auth.AccessTokenLife),
	}
	got, err := tokens.Verify(token)
	got.IssuedAt, got.ExpiresAt = got.IssuedAt.UTC(), got.ExpiresAt.UTC()
	if err != nil || got != want {
		t.Errorf("Verify(token) = %+v, %v, want %+v", got, err, want)
	}
}

func TestVerifyWhenClocksDiffer(t *testing.T) {
	t.Parallel()
	token := sign(t, tokensAt(t, signedAt))
	for _, test := range []struct {
		after time.Duration
		want  error
	}{
		{-6 * time.Second, auth.TokenInvalid}, // not yet
		{-5 * time.Second, nil},
		{0, nil},
		{auth.AccessTokenLife, nil},
		{auth.AccessTokenLife + 4*time.Second, nil},
		{auth.AccessTokenLife + 6*time.Second, auth.TokenExpired},
		{1000 * time.Hour, auth.TokenExpired},
	} {
		if _, err := tokensAt(t, signedAt.Add(test.after)).Verify(token); err != test.want { //nolint:errorlint // the very reason
			t.Errorf("Verify(token) %v after it was signed = %v, want %v", test.after, err, test.want)
		}
	}
}

// TestVerifyRefusesEveryFlip changes each character of a good token to others: two of the alphabet, padding, and a newline,
// which base64 decoders skip; the last one, some bits of which mean nothing, to all there are.
func TestVerifyRefusesEveryFlip(t *testing.T) {
	t.Parallel()
	tokens := tokensAt(t, signedAt)
	token := sign(t, tokens)
	for i := range token {
		others := []byte{token[i] ^ 1, token[i] ^ 2, '=', '\n'}
		if i == len(token)-1 {
			others = []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
		}
		for _, c := range others {
			flipped := token[:i] + string(rune(c)) + token[i+1:]
			if _, err := tokens.Verify(flipped); c != token[i] && err != auth.TokenInvalid { //nolint:errorlint // the very reason
				t.Errorf("Verify(token with %q for %q at %d) = %v, want TOKEN_INVALID", c, token[i], i, err)
			}
		}
	}
}

func TestVerifyRefusesWhatIsAddedOrCut(t *testing.T) {
	t.Parallel()
	tokens := tokensAt(t, signedAt)
	token := sign(t, tokens)
	header, rest, _ := strings.Cut(token, ".")
	claims, signature, _ := strings.Cut(rest, ".")
	bad := map[string]string{
		"nothing":              "",
		"dots":                 "..",
		"one part":             header,
		"two parts":            header + "." + claims,
		"no signature":         header + "." + claims + ".",
		"no claims":            header + ".." + signature,
		"four parts":           token + "." + signature,
		"a dot at the end":     token + ".",
		"a space":              token + " ",
		"a space before":       " " + token,
		"padding":              token + "=",
		"a line feed":          token + "\n",
		"CR LF":                token + "\r\n",
		"CR LF in signature":   header + "." + claims + "." + signature[:9] + "\r\n" + signature[9:],
		"line feed in header":  header[:3] + "\n" + token[3:],
		"a NUL":                token + "\x00",
		"twice":                token + token,
		"signature cut":        token[:len(token)-1],
		"standard base64":      strings.ReplaceAll(strings.ReplaceAll(token, "-", "+"), "_", "/") + "+",
		"longer than 4 KB":     token + strings.Repeat("A", 4096),
		"8 MB of header":       strings.Repeat("A", 8<<20) + "." + claims + "." + signature,
		"a JWE's five parts":   token + "." + claims + "." + signature,
		"the JSON form of JWS": `{"payload":"` + claims + `","protected":"` + header + `","signature":"` + signature + `"}`,
	}
	for _, name := range slices.Sorted(maps.Keys(bad)) {
		if _, err := tokens.Verify(bad[name]); err != auth.TokenInvalid { //nolint:errorlint // the very reason
			t.Errorf("Verify(token with %s) = %v, want TOKEN_INVALID", name, err)
		}
	}
}

func TestNewTokensRefusesShortSecrets(t *testing.T) {
	t.Parallel()
	for length, good := range map[int]bool{0: false, 1: false, 31: false, 32: true, 33: true, 64: true, 4096: true} {
		_, err := auth.NewTokens(auth.TokenOptions{Secret: make([]byte, length), Now: time.Now})
		if (err == nil) != good {
			t.Errorf("NewTokens(secret of %d bytes) = %v, want an error: %v", length, err, !good)
		}
	}
	secret := []byte("a secret that is short")
	if _, err := auth.NewTokens(auth.TokenOptions{Secret: secret, Now: time.Now}); strings.Contains(err.Error(), string(secret)) {
		t.Errorf("NewTokens(short secret) = %v, which quotes the secret", err)
	}
}
