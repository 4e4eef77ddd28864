package auth_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"postern/internal/auth"
)

// pairOfTokens are a token by a key, ES256's, that ends after 300 s, and one by a secret, with the options of a Tokens that takes
// both, and has another key, EdDSA's.
func pairOfTokens(tb testing.TB, now *time.Time) (o auth.TokenOptions, byES256, bySecret string) {
	tb.Helper()
	o = auth.TokenOptions{
		Secret: secret, Issuer: "https://blog.example.org", Audience: "postern-api", ClientID: "postern-web",
		Now: func() time.Time { return *now },
	}
	bySecret = sign(tb, newTokens(tb, o))
	ends := object{"nbf": 2, "exp": now.Unix() + 300}
	o.Keys = readKeys(tb, edit(tb, publishedEdDSA, object{"nbf": 1}), edit(tb, publishedES256, ends))
	return o, sign(tb, newTokens(tb, o)), bySecret
}

// sees returns a Tokens that has seen tokens, which are good.
func sees(tb testing.TB, o auth.TokenOptions, good ...string) *auth.Tokens {
	tb.Helper()
	tokens := newTokens(tb, o)
	for _, token := range good {
		if _, err := tokens.Verify(token); err != nil {
			tb.Fatalf("Verify(good) = %v", err)
		}
	}
	return tokens
}

// TestTokensEndWithTheirKey asks for tokens by a key that ends before them and by a secret that does not, at all times that
// matter: whether they were seen before or not, the answer is the same.
func TestTokensEndWithTheirKey(t *testing.T) {
	t.Parallel()
	now := signedAt
	o, byES256, bySecret := pairOfTokens(t, &now)
	seen := sees(t, o, byES256, bySecret)
	const both = nameEdDSA + " " + nameES256
	for _, test := range []struct {
		after         time.Duration
		es256, secret error
		published     string
	}{
		{-6 * time.Second, auth.TokenInvalid, auth.TokenInvalid, both},
		{-5 * time.Second, nil, nil, both},
		{0, nil, nil, both},
		{299 * time.Second, nil, nil, both},
		{300*time.Second - 1, nil, nil, both},
		{300 * time.Second, auth.TokenInvalid, nil, nameEdDSA},
		{301 * time.Second, auth.TokenInvalid, nil, nameEdDSA},
		{605*time.Second - 1, auth.TokenInvalid, nil, nameEdDSA},
		{605 * time.Second, auth.TokenInvalid, auth.TokenExpired, nameEdDSA},
		{time.Hour, auth.TokenInvalid, auth.TokenExpired, nameEdDSA},
	} {
		now = signedAt.Add(test.after)
		for name, tokens := range map[string]*auth.Tokens{"seen": seen, "unseen": newTokens(t, o)} {
			if _, err := tokens.Verify(byES256); err != test.es256 { //nolint:errorlint // the very reason
				t.Errorf("Verify(%s, by ES256) after %v = %v, want %v", name, test.after, err, test.es256)
			}
			if _, err := tokens.Verify(bySecret); err != test.secret { //nolint:errorlint // the very reason
				t.Errorf("Verify(%s, by the secret) after %v = %v, want %v", name, test.after, err, test.secret)
			}
			if got := published(t, tokens); got != test.published {
				t.Errorf("PublicKeys() after %v = %s, want %s", test.after, got, test.published)
			}
		}
	}
}

// published are the names of the keys that others are given.
func published(t *testing.T, tokens *auth.Tokens) string {
	t.Helper()
	text, err := tokens.PublicKeys()
	var set struct{ Keys []struct{ Kid string } }
	if err == nil {
		err = json.Unmarshal(text, &set)
	}
	if err != nil {
		t.Fatalf("PublicKeys() = %s, %v", text, err)
	}
	names := make([]string, len(set.Keys))
	for i, k := range set.Keys {
		names[i] = k.Kid
	}
	return strings.Join(names, " ")
}

// TestSeenTokensEndWithARetiredKey takes a key out at once: what it verified before is verified anew.
func TestSeenTokensEndWithARetiredKey(t *testing.T) {
	t.Parallel()
	now := signedAt
	o, byES256, bySecret := pairOfTokens(t, &now)
	seen := sees(t, o, byES256, bySecret)
	if err := seen.SetKeys(readKeys(t, edit(t, publishedEdDSA, object{"nbf": 1}))); err != nil {
		t.Fatal(err)
	}
	if _, err := seen.Verify(byES256); err != auth.TokenInvalid { //nolint:errorlint // the very reason
		t.Errorf("Verify(seen, its key is retired) = %v, want TOKEN_INVALID", err)
	}
	if _, err := seen.Verify(bySecret); err != nil {
		t.Errorf("Verify(seen, another key is retired) = %v", err)
	}
}

func TestSetKeysRefusesToSignNothing(t *testing.T) {
	t.Parallel()
	o := auth.TokenOptions{Keys: readKeys(t, publishedEdDSA), Now: func() time.Time { return signedAt }}
	tokens := newTokens(t, o)
	token := sign(t, tokens)
	expired := readKeys(t, edit(t, publishedEdDSA, object{"exp": signedAt.Unix()}))
	for _, keys := range []auth.KeySet{{}, expired} {
		if err := tokens.SetKeys(keys); err == nil {
			t.Errorf("SetKeys(%v) = nil, want an error: nothing would sign", keys)
		}
	}
	if _, err := auth.NewTokens(auth.TokenOptions{Previous: secret, Now: o.Now}); err == nil {
		t.Error("NewTokens(a previous secret alone) = nil, want an error")
	}
	if header, _ := decode(t, token); header["kid"] != nameEdDSA {
		t.Errorf("kid = %v, want the keys to stay as they were", header["kid"])
	}
}

func TestPreviousSecret(t *testing.T) {
	t.Parallel()
	o := auth.TokenOptions{
		Secret: secret, Issuer: "https://blog.example.org", Audience: "postern-api", ClientID: "postern-web",
		Now: func() time.Time { return signedAt },
	}
	before := sign(t, newTokens(t, o))
	o.Secret, o.Previous = []byte("another secret of thirty-two bytes"), secret
	both := newTokens(t, o)
	after := sign(t, both)
	o.Previous = nil
	alone := newTokens(t, o)
	for _, test := range []struct {
		name   string
		tokens *auth.Tokens
		token  string
		want   error
	}{
		{"the old one's, while it is set", both, before, nil},
		{"the new one's, while both are set", both, after, nil},
		{"the old one's, once it is gone", alone, before, auth.TokenInvalid},
		{"the new one's, alone", alone, after, nil},
	} {
		if _, err := test.tokens.Verify(test.token); err != test.want { //nolint:errorlint // the very reason
			t.Errorf("Verify(%s) = %v, want %v", test.name, err, test.want)
		}
	}
	for _, short := range [][]byte{make([]byte, 1), make([]byte, auth.MinSecretLength-1)} {
		o.Previous = short
		if _, err := auth.NewTokens(o); err == nil {
			t.Errorf("NewTokens(a previous secret of %d bytes) = nil, want an error", len(short))
		}
	}
}
