package auth_test

import (
	"regexp"
	"strings"
	"testing"

	"postern/internal/auth"
)

func hashed(t *testing.T, passwords *auth.Passwords, password string) string {
	t.Helper()
	hash, err := passwords.Hash(t.Context(), password)
	if err != nil {
		t.Fatalf("Hash(%q) = %v", password, err)
	}
	return hash
}

func TestHashForm(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(auth.DefaultPool(nil))
	form := regexp.MustCompile(`^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$`)
	first, second := hashed(t, passwords, "correct horse battery staple"), hashed(t, passwords, "correct horse battery staple")
	if !form.MatchString(first) {
		t.Errorf("Hash() = %q, want it to match %v", first, form)
	}
	if salt, other := strings.Split(first, "$")[4], strings.Split(second, "$")[4]; salt == other {
		t.Errorf("two hashes of one password have the salt %q", salt)
	}
}

func TestVerifyPassword(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(auth.DefaultPool(nil))
	twin := strings.Repeat("0123456789ab", 6) // 72 bytes, where bcrypt stops
	long := strings.Repeat("p", 1<<20)
	for password, wrong := range map[string][]string{
		"correct horse battery staple": {"Correct horse battery staple", "correct horse battery staple ", ""},
		"пароль из многих слов 🐎🔋":     {"пароль из многих слов 🐎"},
		"before\x00after":              {"before\x00", "before"},
		twin + "a":                     {twin + "b", twin},
		long:                           {long[1:]},
	} {
		hash := hashed(t, passwords, password)
		if got, err := passwords.Verify(t.Context(), password, hash); !got || err != nil {
			t.Errorf("Verify(%.40q, its hash) = %v, %v, want true", password, got, err)
		}
		for _, attempt := range wrong {
			if got, err := passwords.Verify(t.Context(), attempt, hash); got || err != nil {
				t.Errorf("Verify(%.40q, hash of %.40q) = %v, %v, want false", attempt, password, got, err)
			}
		}
	}
}

// TestVerifyReference verifies a hash of argon2's reference implementation (its src/test.c).
func TestVerifyReference(t *testing.T) {
	t.Parallel()
	const hash = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for password, want := range map[string]bool{"password": true, "differentpassword": false} {
		if got, err := auth.NewPasswords(auth.DefaultPool(nil)).Verify(t.Context(), password, hash); got != want || err != nil {
			t.Errorf("Verify(%q, %q) = %v, %v, want %v", password, hash, got, err, want)
		}
	}
}

// TestCheckHashTakesWhatOthersMake hands in what PHP and argon2's libraries make by default, and the most that a hash may cost.
func TestCheckHashTakesWhatOthersMake(t *testing.T) {
	t.Parallel()
	for _, costs := range []string{"m=65536,t=4,p=1", "m=65536,t=3,p=4", "m=65536,t=4,p=4"} {
		hash := "$argon2id$v=19$" + costs + "$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
		if err := auth.CheckHash(hash); err != nil {
			t.Errorf("CheckHash(%q) = %v, want nil", hash, err)
		}
	}
}

func TestVerifyNoHashFitsNothing(t *testing.T) {
	t.Parallel()
	passwords := auth.NewPasswords(auth.DefaultPool(nil))
	for _, password := range []string{"", "password", string(make([]byte, 32))} {
		if got, err := passwords.Verify(t.Context(), password, ""); got || err != nil {
			t.Errorf("Verify(%q, no hash) = %v, %v, want false", password, got, err)
		}
	}
}

// TestVerifyRefusesHashes hands in hashes that are none, or that would cost the server its memory or its time. The context
// has ended: who gets as far as to wait for a slot answers that.
func TestVerifyRefusesHashes(t *testing.T) {
	t.Parallel()
	const salt, key = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	passwords := auth.NewPasswords(auth.DefaultPool(nil))
	for _, hash := range []string{
		" ", "x", "$", "$$$$$", "plain text",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt,
		"$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + key,
		"$argon2d$v=19$m=19456,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + key,
		"$argon2id$m=19456,t=2,p=1$" + salt + "$" + key,
		"$2$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"$2x$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"$2c$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"$1b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"$2b$03$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"$2b$15$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"$2b$31$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"$2b$99$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"$2b$-5$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"$2b$5$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWyy",
		"$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhW",
		"$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWyy",
		"$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhW+",
		"$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy\n",
		"x$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"$2b$10$",
		"x$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + key + "$",
		"$argon2id$v=19$m=19456,t=2,p=1,x=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1 $" + salt + "$" + key,
		"$argon2id$v=19$m=019456,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$t=2,m=19456,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=2$" + salt + "$" + key,
		"$argon2id$v=19$m=-1,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=0,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + key,
		"$argon2id$v=19$m=65537,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=4294967295,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=99999999999999999999,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=5,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=4294967295,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=2,p=5$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=2,p=257$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$c2hvcnQ$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$" + strings.Repeat("A", 88) + "$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHR$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$c29tZX\nNhbHQ$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ=$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$AAAA",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + strings.Repeat("A", 1<<20),
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + key + "\n",
	} {
		err := auth.CheckHash(hash)
		if err == nil {
			t.Errorf("CheckHash(%.90q) = nil, want an error", hash)
			continue // it may cost whatever it says
		}
		if strings.Contains(err.Error(), key) {
			t.Errorf("CheckHash(%.90q) = %v, which quotes the hash", hash, err)
		}
		if ok, err := passwords.Verify(t.Context(), "password", hash); ok || err == nil {
			t.Errorf("Verify(password, %.90q) = %v, %v, want an error", hash, ok, err)
		}
	}
}
