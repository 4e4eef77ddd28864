package account

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/netip"
	"strings"
	"testing"
	"time"

	"postern/internal/auth"
	"postern/internal/id"
)

func TestParseRefreshToken(t *testing.T) {
	t.Parallel()
	token := newRefreshToken()
	text := token.String()
	if len(text) != 86 || strings.ContainsAny(text, "+/=") {
		t.Errorf("String() = %q, want 86 characters that need no quoting anywhere", text)
	}
	parsed, ok := parseRefreshToken(text)
	if !ok || !bytes.Equal(parsed.family, token.family) || !bytes.Equal(parsed.secret, token.secret) {
		t.Errorf("parseRefreshToken(%q) = %v, %v, want %v", text, parsed, ok, token)
	}
	both := append(bytes.Clone(token.family), token.secret...)
	for name, bad := range map[string]string{
		"empty":           "",
		"a byte short":    base64.RawURLEncoding.EncodeToString(both[1:]),
		"a byte long":     base64.RawURLEncoding.EncodeToString(append(both, 0)),
		"the family":      base64.RawURLEncoding.EncodeToString(token.family),
		"padded":          text + "==",
		"standard base64": "+/" + text[2:],
		"spare bits":      text[:85] + "B", // 86 characters hold four bits more than 64 bytes
		"a space":         text + " ",
		"a line end":      text + "\n",
		"a line end in":   text[:40] + "\r\n" + text[40:],
		"twice":           text + text,
		"a JWT":           "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
	} {
		if got, ok := parseRefreshToken(bad); ok {
			t.Errorf("parseRefreshToken(%s, %q) = %v, want none", name, bad, got)
		}
	}
}

// FuzzParseRefreshToken looks for a second way to write a token.
func FuzzParseRefreshToken(f *testing.F) {
	text := refreshToken{family: make([]byte, 32), secret: bytes.Repeat([]byte{0xff}, 32)}.String()
	for _, seed := range []string{text, text + "\n", text + "=", text[:85] + "x", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if token, ok := parseRefreshToken(text); ok && token.String() != text {
			t.Errorf("parseRefreshToken(%q) = that of %q, want one spelling only", text, token)
		}
	})
}

func TestRefreshTokensFollowFromTokenAndNonce(t *testing.T) {
	t.Parallel()
	token, nonce := newRefreshToken(), random()
	next := token.next(nonce)
	if again := token.next(bytes.Clone(nonce)); !bytes.Equal(next.secret, again.secret) {
		t.Error("next(nonce) differs from next(nonce), want the same")
	}
	if !bytes.Equal(next.family, token.family) {
		t.Error("next(nonce) is of another family")
	}
	other := newRefreshToken()
	other.family = token.family
	for name, secret := range map[string][]byte{
		"the token itself":        token.secret,
		"that of another nonce":   token.next(random()).secret,
		"that of another token":   other.next(nonce).secret,
		"the nonce":               nonce,
		"the hash of the token":   hash(token.secret),
		"that of the stored hash": refreshToken{token.family, hash(token.secret)}.next(nonce).secret, // what a thief of the database has
	} {
		if bytes.Equal(next.secret, secret) {
			t.Errorf("next(nonce) is %s", name)
		}
	}
}

// TestSessionStateKeepsHashesOnly checks that what is stored makes no token.
func TestSessionStateKeepsHashesOnly(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
	client := auth.Client{Address: netip.MustParseAddr("2001:db8::1"), UserAgent: "curl/8"}
	state, token := openSession(id.NewUser(now), client, now)
	if *state.IPAddress != "2001:db8::1" || *state.UserAgent != "curl/8" {
		t.Errorf("openSession() = %q, %q, want the client's address and agent", *state.IPAddress, *state.UserAgent)
	}
	state, token = state.rotate(token, now)
	for name, stored := range map[string][]byte{
		"Family": state.Family, "Current": state.Current, "Previous": state.Previous, "Nonce": state.Nonce,
	} {
		if len(stored) != sha256.Size || bytes.Equal(stored, token.family) || bytes.Equal(stored, token.secret) {
			t.Errorf("%s = %x, want 32 bytes that are no part of the token", name, stored)
		}
	}
	if nobody, _ := openSession(id.NewUser(now), auth.Client{}, now); nobody.IPAddress != nil || nobody.UserAgent != nil {
		t.Errorf("openSession(no client) = %v, %v, want nil", nobody.IPAddress, nobody.UserAgent)
	}
}
