package auth_test

import (
	"testing"
	"time"

	"postern/internal/auth"
)

// TestVerifySeenTokens asks again for tokens that were good once: the answer is what it would be for one never seen.
func TestVerifySeenTokens(t *testing.T) {
	t.Parallel()
	now := signedAt
	clock := func() time.Time { return now }
	o := auth.TokenOptions{Issuer: "https://blog.example.org", Audience: "postern-api", ClientID: "postern-web", Now: clock}
	o.Secret = secret
	o.Keys = readKeys(t, edit(t, publishedEdDSA, object{"nbf": 1}), edit(t, publishedES256, object{"nbf": 2, "exp": signedAt.Unix() + 300}))
	byES256 := sign(t, newTokens(t, o))
	keys := o.Keys
	o.Keys = auth.KeySet{}
	bySecret := sign(t, newTokens(t, o))
	o.Keys = keys
	seen := newTokens(t, o)
	for _, token := range []string{byES256, bySecret} {
		for range 2 {
			if _, err := seen.Verify(token); err != nil {
				t.Fatalf("Verify(good) = %v", err)
			}
		}
	}
	for _, after := range []time.Duration{
		0, 299 * time.Second, 300 * time.Second, 604 * time.Second, 605 * time.Second, 606 * time.Second, time.Hour, -5 * time.Second, -6 * time.Second,
	} {
		now = signedAt.Add(after)
		for name, token := range map[string]string{"ES256": byES256, "HS256": bySecret} {
			want, wantErr := newTokens(t, o).Verify(token)
			if got, err := seen.Verify(token); got != want || err != wantErr { //nolint:errorlint // the very reason
				t.Errorf("Verify(seen, by %s) after %v = %+v, %v, want %+v, %v", name, after, got, err, want, wantErr)
			}
		}
	}

	now = signedAt
	retired, err := keys.Retire(nameES256, now, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := seen.SetKeys(retired); err != nil {
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
