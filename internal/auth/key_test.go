package auth_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"postern/internal/auth"
)

// Keys that specifications publish: RFC 8037, appendix A.1; RFC 7515, appendix A.3.1; RFC 7517, appendix A.2.
const (
	publishedEdDSA = `{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
		"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`
	publishedES256 = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
		"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}`
	publishedRS256 = `{"kty":"RSA","alg":"RS256","e":"AQAB",
		"n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
		"d":"X4cTteJY_gn4FYPsXB8rdXix5vwsg1FLN5E3EaG6RJoVH-HLLKD9M7dx5oo7GURknchnrRweUkC7hT5fJLM0WbFAKNLWY2vv7B6NqXSzUvxT0_YSfqijwp3RTzlBaCxWp4doFk5N2o8Gy_nHNKroADIkJ46pRUohsXywbReAdYaMwFs9tv8d_cPVY3i07a3t8MN6TNwm0dSawm9v47UiCl3Sk5ZiG7xojPLu4sbg1U2jx4IBTNBznbJSzFHK66jT8bgkuqsk0GjskDJk19Z4qwjwbsnn4j2WBii3RL-Us2lGVkY8fkFzme1z0HbIkfz0Y6mqnOYtqc0X4jfcKoAC8Q",
		"p":"83i-7IvMGXoMXCskv73TKr8637FiO7Z27zv8oj6pbWUQyLPQBQxtPVnwD20R-60eTDmD2ujnMt5PoqMrm8RfmNhVWDtjjMmCMjOpSXicFHj7XOuVIYQyqVWlWEh6dN36GVZYk93N8Bc9vY41xy8B9RzzOGVQzXvNEvn7O0nVbfs",
		"q":"3dfOR9cuYq-0S-mkFLzgItgMEfFzB2q3hWehMuG0oCuqnb3vobLyumqjVZQO1dIrdwgTnCdpYzBcOfW5r370AFXjiWft_NGEiovonizhKpo9VVS78TzFgxkIdrecRezsZ-1kYd_s1qDbxtkDEgfAITAG9LUnADun4vIcb6yelxk",
		"dp":"G4sPXkc6Ya9y8oJW9_ILj4xuppu0lzi_H7VTkS8xj5SdX3coE0oimYwxIi2emTAue0UOa5dpgFGyBJ4c8tQ2VF402XRugKDTP8akYhFo5tAA77Qe_NmtuYZc3C3m3I24G2GvR5sSDxUyAN2zq8Lfn9EUms6rY3Ob8YeiKkTiBj0",
		"dq":"s9lAH9fggBsoFR8Oac2R_E2gw282rT2kGOAhvIllETE1efrA6huUUvMfBcMpn8lqeW6vzznYY5SSQF7pMdC_agI3nG8Ibp1BUb0JUiraRNqUfLhcQb_d9GF4Dh7e74WbRsobRonujTYN1xCaP6TO61jvWrX-L18txXw494Q_cgk",
		"qi":"GyM_p6JrXySiz1toFgKbWV-JdI3jQ4ypu9rbMWx3rQJBfmt0FoYzgUIZEVFEcOqwemRN81zoDAaa-Bk0KWNGDjJHZDdDmFhW3AN7lI-puxk_mHZGJ11rxyR8O55XLSe3SPmRfKwZI6yU24ZxvQKFYItdldUKGzO6Ia6zTKhAVRU"}`
)

// keyFile writes a file of keys as it is.
func keyFile(tb testing.TB, text string) (path string, file *auth.KeyFile) {
	tb.Helper()
	path = filepath.Join(tb.TempDir(), "keys.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path, auth.NewKeyFile(path)
}

// readKeys reads keys, each a JWK.
func readKeys(tb testing.TB, keys ...string) auth.KeySet {
	tb.Helper()
	_, file := keyFile(tb, `{"keys":[`+strings.Join(keys, ",")+`]}`)
	set, err := file.Read()
	if err != nil {
		tb.Fatalf("Read() = %v", err)
	}
	return set
}

// edit changes members of a JWK; nil takes one out.
func edit(tb testing.TB, key string, members object) string {
	tb.Helper()
	var o object
	if err := json.Unmarshal([]byte(key), &o); err != nil {
		tb.Fatal(err)
	}
	return o.with(members).String()
}

// TestKeysAreNamedByTheirThumbprints has the two that specifications tell: RFC 8037, appendix A.3; RFC 7638, section 3.1.
func TestKeysAreNamedByTheirThumbprints(t *testing.T) {
	t.Parallel()
	want := []auth.Key{
		{ID: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", Algorithm: "EdDSA"},
		{ID: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", Algorithm: "RS256"},
		{ID: "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U", Algorithm: "ES256"},
		{ID: "mine", Algorithm: "ES256", MadeAt: signedAt, SignsFrom: signedAt.Add(time.Hour), VerifiesUntil: signedAt.Add(2 * time.Hour)},
	}
	got := readKeys(t, publishedEdDSA, publishedRS256, publishedES256, edit(t, publishedES256, object{
		"kid": "mine", "alg": "ES256", "use": "sig", "iat": signedAt.Unix(), "nbf": signedAt.Unix() + 3600, "exp": signedAt.Unix() + 7200,
		"unknown": "ignored",
	})).Keys()
	if len(got) != len(want) {
		t.Fatalf("Keys() = %v, want %v", got, want)
	}
	for i, k := range got {
		read := auth.Key{ID: k.ID, Algorithm: k.Algorithm, MadeAt: k.MadeAt, SignsFrom: k.SignsFrom, VerifiesUntil: k.VerifiesUntil}
		if !reflect.DeepEqual(read, want[i]) {
			t.Errorf("key %d = %+v, want %+v", i, read, want[i])
		}
	}
}

// TestKeysThatCannotBeUsed hands in files of which one thing is wrong. What is said quotes none of them.
func TestKeysThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	set := func(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }
	ed := func(members object) string { return set(edit(t, publishedEdDSA, members)) }
	ec := func(members object) string { return set(edit(t, publishedES256, members)) }
	rs := func(members object) string { return set(edit(t, publishedRS256, members)) }
	const (
		fit, kind, read = "do not fit one another", "it is none of Ed25519 (OKP), P-256 (EC) and RSA", "cannot be read"
		other           = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
	)
	for name, test := range map[string]struct{ text, want string }{
		"empty":            {"", "no JWK Set"},
		"half":             {set(publishedEdDSA)[:80], "no JWK Set"},
		"null":             {"null", "no JWK Set"},
		"a list":           {"[" + publishedEdDSA + "]", "no JWK Set"},
		"no keys":          {"{}", "no JWK Set"},
		"keys null":        {`{"keys":null}`, "no JWK Set"},
		"keys an object":   {`{"keys":{}}`, "no JWK Set"},
		"a key by itself":  {publishedEdDSA, "no JWK Set"},
		"a null":           {set("null"), "it has no d"},
		"a text":           {set(`"key"`), read},
		"public":           {ed(object{"d": nil}), "it has no d"},
		"octets":           {set(`{"kty":"oct","k":"AAAA"}`), "it has no d"},
		"secret, with d":   {set(`{"kty":"oct","k":"AAAA","d":"AAAA"}`), kind},
		"X25519":           {ed(object{"crv": "X25519"}), kind},
		"Ed448":            {ed(object{"crv": "Ed448"}), kind},
		"P-384":            {ec(object{"crv": "P-384"}), kind},
		"no crv":           {ec(object{"crv": nil}), kind},
		"no kty":           {ec(object{"kty": nil}), kind},
		"kty a number":     {ec(object{"kty": 1}), read},
		"short seed":       {ed(object{"d": other[:40]}), kind},
		"another seed":     {ed(object{"d": other}), fit},
		"another x":        {ed(object{"x": other}), fit},
		"no x":             {ed(object{"x": nil}), fit},
		"a y too many":     {ed(object{"y": other}), fit},
		"another d":        {ec(object{"d": other}), fit},
		"d zero":           {ec(object{"d": strings.Repeat("A", 43)}), fit},
		"d beyond order":   {ec(object{"d": strings.Repeat("_", 42) + "8"}), fit},
		"d with a zero":    {ec(object{"d": "AI6bEJ5xkJi_mASH3x9dd-nLKWBuvtImO19XwhPfhPSy"}), fit},
		"another y":        {ec(object{"y": other[:42] + "4"}), fit},
		"padding":          {ec(object{"y": other + "="}), read},
		"line end":         {ec(object{"y": other + "\n"}), read},
		"loose bits":       {ec(object{"y": other[:42] + "1"}), read},
		"standard base64":  {ec(object{"y": strings.ReplaceAll(other, "_", "/")}), read},
		"alg of another":   {ec(object{"alg": "EdDSA"}), `alg is "EdDSA"`},
		"alg RS512":        {rs(object{"alg": "RS512"}), `alg is "RS512"`},
		"alg PS256":        {rs(object{"alg": "PS256"}), `alg is "PS256"`},
		"alg HS256":        {rs(object{"alg": "HS256"}), `alg is "HS256"`},
		"alg none":         {rs(object{"alg": "none"}), `alg is "none"`},
		"for encryption":   {rs(object{"use": "enc"}), `use is "enc"`},
		"no p":             {rs(object{"p": nil}), fit},
		"no dp":            {rs(object{"dp": nil}), fit},
		"dp and dq":        {rs(object{"dp": "AQAB"}), fit},
		"even n":           {rs(object{"n": "0vx7" + strings.Repeat("A", 338)}), fit},
		"short n":          {rs(object{"n": "0vx7" + strings.Repeat("A", 300)}), "needs 2048 at least"},
		"e beyond bounds":  {rs(object{"e": "AQABAQABAQAB"}), fit},
		"e of one":         {rs(object{"e": "AQ"}), fit},
		"n with a zero":    {rs(object{"n": "AAAA"}), "needs 2048 at least"},
		"iat a text":       {ed(object{"iat": "now"}), read},
		"iat in fractions": {ed(object{"iat": 1.5}), read},
		"iat negative":     {ed(object{"iat": -1}), "whole seconds"},
		"nbf before iat":   {ed(object{"iat": 2, "nbf": 1}), "whole seconds"},
		"exp before nbf":   {ed(object{"iat": 1, "nbf": 3, "exp": 2}), "whole seconds"},
		"exp in aeons":     {ed(object{"exp": 1 << 50}), "whole seconds"},
		"twice":            {set(publishedEdDSA, publishedEdDSA), "another has its kid"},
		"one kid for two":  {set(edit(t, publishedEdDSA, object{"kid": "a"}), edit(t, publishedES256, object{"kid": "a"})), "another has its kid"},
	} {
		path, file := keyFile(t, test.text)
		_, err := file.Read()
		switch {
		case err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), path):
			t.Errorf("Read(%s) = %v, want the file and %q", name, err, test.want)
		case strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), other) || strings.Contains(err.Error(), "nWGxne"):
			t.Errorf("Read(%s) = %v, want one line that quotes no key", name, err)
		}
	}
}

// TestPublicKeys looks at what others are given of the keys.
func TestPublicKeys(t *testing.T) {
	t.Parallel()
	old := edit(t, publishedES256, object{"kid": "old", "exp": signedAt.Unix()})
	tokens := newTokens(t, auth.TokenOptions{
		Keys: readKeys(t, publishedEdDSA, publishedES256, publishedRS256, old), Now: func() time.Time { return signedAt },
	})
	text, err := tokens.PublicKeys()
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Keys []object }
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatalf("PublicKeys() = %s, %v", text, err)
	}
	want := []object{
		{"kty": "OKP", "use": "sig", "alg": "EdDSA", "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "crv": "Ed25519"},
		{"kty": "EC", "use": "sig", "alg": "ES256", "kid": "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U", "crv": "P-256"},
		{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
	}
	for i, key := range []string{publishedEdDSA, publishedES256, publishedRS256} {
		var private object
		if err := json.Unmarshal([]byte(key), &private); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"x", "y", "n", "e"} {
			if private[name] != nil {
				want[i][name] = private[name]
			}
		}
	}
	if !reflect.DeepEqual(got.Keys, want) {
		t.Errorf("PublicKeys() = %s, want %v and nothing else", text, want)
	}
	none, err := tokensAt(t, signedAt).PublicKeys()
	if err != nil || strings.Join(strings.Fields(string(none)), "") != `{"keys":[]}` {
		t.Errorf("PublicKeys(a secret alone) = %s, %v, want an empty set", none, err)
	}
}
