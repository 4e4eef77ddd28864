package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"postern/internal/config"
)

func TestSigningSecretIsMadeOnce(t *testing.T) {
	t.Parallel()
	c := config.Config{DataDir: filepath.Join(t.TempDir(), "not", "there", "yet")}
	file := filepath.Join(c.DataDir, "jwt_secret")
	secret, made, err := c.SigningSecret()
	if err != nil || made != file || len(secret) < 64 {
		t.Fatalf("SigningSecret() = %d bytes, made %q, %v, want 64 at least in %s", len(secret), made, err, file)
	}
	again, made, err := c.SigningSecret()
	if err != nil || made != "" || again != secret {
		t.Errorf("SigningSecret(again) = the same: %v, made %q, %v, want the same", again == secret, made, err)
	}
	for path, want := range map[string]os.FileMode{file: 0o600, c.DataDir: os.ModeDir | 0o700} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("the mode of %s = %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
	other := config.Config{DataDir: t.TempDir()}
	if another, _, err := other.SigningSecret(); err != nil || another == secret {
		t.Errorf("SigningSecret(in another folder) is the same: %v, %v, want another", another == secret, err)
	}
}

// TestSigningSecretInParallel starts many servers at once in one folder.
func TestSigningSecretInParallel(t *testing.T) {
	t.Parallel()
	c := config.Config{DataDir: t.TempDir()}
	const servers = 20
	secrets, makers := make([]config.Secret, servers), make([]string, servers)
	var done sync.WaitGroup
	for i := range servers {
		done.Go(func() {
			var err error
			if secrets[i], makers[i], err = c.SigningSecret(); err != nil {
				t.Errorf("SigningSecret() in parallel = %v, want nil", err)
			}
		})
	}
	done.Wait()
	made := 0
	for i := range servers {
		if secrets[i] != secrets[0] {
			t.Errorf("SigningSecret() in parallel differs, want one for all")
		}
		if makers[i] != "" {
			made++
		}
	}
	if made != 1 {
		t.Errorf("%d servers made the secret, want 1", made)
	}
	if entries, err := os.ReadDir(c.DataDir); err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v, want the secret alone", entries, err)
	}
}

func TestSigningSecretThatIsSet(t *testing.T) {
	t.Parallel()
	c := config.Config{DataDir: filepath.Join(t.TempDir(), "data"), JWTSecret: hunter2}
	if secret, made, err := c.SigningSecret(); secret != hunter2 || made != "" || err != nil {
		t.Errorf("SigningSecret(set) = %v, made %q, %v, want what is set", secret == hunter2, made, err)
	}
	if _, err := os.Stat(c.DataDir); !os.IsNotExist(err) {
		t.Errorf("SigningSecret(set) made the data directory: %v", err)
	}
}

func TestSigningSecretThatIsBad(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "\n", "hunter2\n", strings.Repeat(" ", 100), strings.Repeat("s", 31) + "\n"} {
		c := config.Config{DataDir: t.TempDir()}
		file := filepath.Join(c.DataDir, "jwt_secret")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		secret, _, err := c.SigningSecret()
		if err == nil || secret != "" || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("SigningSecret(file with %q) = %v, want an error that names the file and quotes nothing", content, err)
		}
		if kept, err := os.ReadFile(file); err != nil || string(kept) != content {
			t.Errorf("SigningSecret(file with %q) left %q, %v, want it untouched", content, kept, err)
		}
	}
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c := config.Config{DataDir: blocked}
	if _, _, err := c.SigningSecret(); err == nil || !strings.Contains(err.Error(), "secret for access tokens") {
		t.Errorf("SigningSecret(data directory is a file) = %v, want an error", err)
	}
}
