package auth_test

import (
	"testing"
	"time"

	"postern/internal/auth"
)

// BenchmarkVerify verifies a token that was seen before, and those of each algorithm that were not.
func BenchmarkVerify(b *testing.B) {
	b.Run("seen", func(b *testing.B) {
		tokens := tokensAt(b, signedAt)
		token := sign(b, tokens)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := tokens.Verify(token); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, algorithm := range []string{"HS256", "EdDSA", "ES256", "RS256"} {
		b.Run(algorithm, func(b *testing.B) {
			tokens, keys := tokensOf(b, algorithm)
			unseen := make([]string, 1000)
			for i := range unseen {
				unseen[i] = sign(b, tokens)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i = (i + 1) % len(unseen) {
				if i == 0 {
					if err := tokens.SetKeys(keys); err != nil { // which forgets what was seen
						b.Fatal(err)
					}
				}
				if _, err := tokens.Verify(unseen[i]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// tokensOf returns a Tokens that signs with an algorithm.
func tokensOf(tb testing.TB, algorithm string) (*auth.Tokens, auth.KeySet) {
	tb.Helper()
	o := auth.TokenOptions{
		Issuer: "https://blog.example.org", Audience: "postern-api", ClientID: "postern-web",
		Now: func() time.Time { return signedAt },
	}
	if algorithm == "HS256" {
		o.Secret = secret
		return newTokens(tb, o), o.Keys
	}
	keys, _, err := o.Keys.Create(algorithm, signedAt, true)
	if err != nil {
		tb.Fatal(err)
	}
	o.Keys = keys
	return newTokens(tb, o), keys
}
