package account_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postern/internal/account"
	"postern/internal/store"
)

// TestNoSecretIsStored goes through a session's life, and looks for all that would let somebody in with the database's
// files: rows, free pages and the log of writes.
func TestNoSecretIsStored(t *testing.T) {
	t.Parallel()
	const nextPassword = "another one entirely"
	folder := t.TempDir()
	path := filepath.Join(folder, "postern.db")
	var log bytes.Buffer
	debug := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h := open(t, func(o *account.Options) {
		s, err := store.Open(t.Context(), store.Options{URL: path, Log: debug})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.Store = s
	})

	logins := []account.Login{h.signup(t, "Jane"), h.login(t, "Jane")}
	for range 3 {
		logins = append(logins, h.refresh(t, logins[len(logins)-1].Tokens.RefreshToken))
	}
	viewer := h.viewer(t, logins[len(logins)-1])
	if _, err := h.ChangePassword(t.Context(), viewer, account.ChangePasswordInput{CurrentPassword: password, NewPassword: nextPassword}); err != nil {
		t.Fatal(err)
	}
	if err := h.SetPassword(t.Context(), "jane@example.org", password); err != nil {
		t.Fatal(err)
	}

	stored := files(t, folder, map[string][]byte{
		"email": []byte("jane@example.org"), "password hash": []byte("$argon2id$"), "family's hash": familyHash(t, logins[0]),
	})
	secrets := secretsOf(t, logins)
	secrets["the password"], secrets["the next password"] = []byte(password), []byte(nextPassword)
	for name, secret := range secrets {
		if bytes.Contains(stored, secret) {
			t.Errorf("the database has %s in clear", name)
		}
		if bytes.Contains(log.Bytes(), secret) {
			t.Errorf("the log has %s in clear", name)
		}
	}
	if log.Len() == 0 || strings.Contains(log.String(), "jane@example.org") || strings.Contains(log.String(), "$argon2id$") {
		t.Errorf("the log of statements is %.300s…, want statements without their arguments", log.String())
	}
}

// secretsOf are the tokens of log-ins and their parts, in every form that somebody might store them in.
func secretsOf(t *testing.T, logins []account.Login) map[string][]byte {
	t.Helper()
	secrets := make(map[string][]byte)
	for i, login := range logins {
		access := login.Tokens.AccessToken
		secrets[fmt.Sprintf("access token %d", i)] = []byte(access)
		secrets[fmt.Sprintf("the signature of access token %d", i)] = []byte(access[strings.LastIndexByte(access, '.')+1:])
		both := raw(t, login.Tokens.RefreshToken)
		for part, secret := range map[string][]byte{"the whole": both, "the family": both[:32], "the secret": both[32:]} {
			name := fmt.Sprintf("%s of refresh token %d", part, i)
			secrets[name+", raw"] = secret
			secrets[name+", base64"] = []byte(base64.RawStdEncoding.EncodeToString(secret))
			secrets[name+", base64url"] = []byte(base64.RawURLEncoding.EncodeToString(secret))
			secrets[name+", hex"] = []byte(hex.EncodeToString(secret))
		}
	}
	return secrets
}

func familyHash(t *testing.T, login account.Login) []byte {
	t.Helper()
	sum := sha256.Sum256(raw(t, login.Tokens.RefreshToken)[:32])
	return sum[:]
}

// files is all that is in a folder. What must be in there tells that it is the right one.
func files(t *testing.T, folder string, must map[string][]byte) []byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, content...)
	}
	for what, content := range must {
		if !bytes.Contains(all, content) {
			t.Fatalf("%v have no %s: this test looks at the wrong files", names, what)
		}
	}
	return all
}
