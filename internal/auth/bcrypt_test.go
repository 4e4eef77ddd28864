package auth_test

import (
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"postern/internal/auth"
)

// TestVerifyBcryptReference verifies hashes of crypt_blowfish's own tests (its wrapper.c), of each version that is taken.
func TestVerifyBcryptReference(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(auth.DefaultPool(nil))
	for hash, password := range map[string]string{
		"$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW": "U*U",
		"$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW": "U*U",
		"$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW": "U*U",
		"$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK": "U*U*",
		"$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a": "U*U*U",
		"$2y$05$/OK.fbVrR/bpIqNJ5ianF.Sa7shbm4.OzKpvFnX1pQLmQW96oUlCq": "\xa3",
		"$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy": "",
	} {
		if err := auth.CheckHash(hash); err != nil {
			t.Errorf("CheckHash(%q) = %v, want nil", hash, err)
		}
		if got, err := passwords.Verify(t.Context(), password, hash); !got || err != nil {
			t.Errorf("Verify(%q, %q) = %v, %v, want true", password, hash, got, err)
		}
		if got, err := passwords.Verify(t.Context(), password+"!", hash); got || err != nil {
			t.Errorf("Verify(%q, %q) = %v, %v, want false", password+"!", hash, got, err)
		}
	}
}

// TestVerifyBcryptHasNoTwins tries passwords that bcrypt takes for the same: none but the one that all of the hash is made of
// is taken.
func TestVerifyBcryptHasNoTwins(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(auth.DefaultPool(nil))
	longest := strings.Repeat("0123456789ab", 6) // 72 bytes
	for password, twins := range map[string][]string{
		longest:      {longest + "a", longest + "b", longest + "\x00", longest + longest},
		longest[:71]: {longest[:71] + "\x00", longest[:71] + "\x00a"},
		"abc":        {"abc\x00abc", "abc\x00abc\x00abc"},
		"äö":         {"äö\x00äö"},
	} {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := passwords.Verify(t.Context(), password, string(hash)); !got || err != nil {
			t.Errorf("Verify(%q, its hash) = %v, %v, want true", password, got, err)
		}
		for _, twin := range twins {
			if bcrypt.CompareHashAndPassword(hash, []byte(twin)) != nil {
				t.Errorf("%q is no twin of %q", twin, password)
			}
			if got, err := passwords.Verify(t.Context(), twin, string(hash)); got || err != nil {
				t.Errorf("Verify(%q, hash of %q) = %v, %v, want false", twin, password, got, err)
			}
		}
	}
}

func TestOutdated(t *testing.T) {
	t.Parallel()
	const salt, key = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for hash, want := range map[string]bool{
		hashed(t, auth.NewPasswords(auth.DefaultPool(nil)), "password"): false,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + key:            false,
		"$argon2id$v=19$m=19457,t=2,p=1$" + salt + "$" + key:            true,
		"$argon2id$v=19$m=19456,t=3,p=1$" + salt + "$" + key:            true,
		"$argon2id$v=19$m=19456,t=2,p=2$" + salt + "$" + key:            true,
		"$argon2id$v=19$m=65536,t=3,p=4$" + salt + "$" + key:            true,
		"$argon2id$v=19$m=19455,t=2,p=1$" + salt + "$" + key:            true,
		"$argon2id$v=19$m=65536,t=1,p=1$" + salt + "$" + key:            true,
		"$2b$14$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy":  true,
	} {
		if got := auth.Outdated(hash); got != want {
			t.Errorf("Outdated(%q) = %v, want %v", hash, got, want)
		}
	}
}
