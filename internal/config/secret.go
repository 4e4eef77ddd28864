package config

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// SigningSecret is what access tokens are signed with: the one that is set, or development's own, which is made once and
// kept in the data directory. If it was made just now, made is the file. Where there are keys, there need be none.
func (c *Config) SigningSecret() (secret Secret, made string, err error) {
	if c.JWTSecret != "" || c.JWTKeys != "" {
		return c.JWTSecret, "", nil
	}
	path := filepath.Join(c.DataDir, "jwt_secret")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		switch err := makeSecret(path); {
		case err == nil:
			made = path
		case !errors.Is(err, fs.ErrExist): // another server was faster
			return "", "", fmt.Errorf("make the secret for access tokens: %w", err)
		}
	}
	kept, err := os.ReadFile(path) //nolint:gosec // the path is a setting
	if err != nil {
		return "", "", fmt.Errorf("read the secret for access tokens: %w", err)
	}
	secret = Secret(strings.TrimSpace(string(kept)))
	if len(secret) < minSecret {
		return "", "", fmt.Errorf("the secret in %s has %d bytes, and needs %d at least: delete the file to have it made anew", path, len(secret), minSecret)
	}
	return secret, made, nil
}

// makeSecret makes the file as a whole: nobody ever sees a part of it, and of several servers one wins.
func makeSecret(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	fresh := make([]byte, 48)
	_, _ = rand.Read(fresh)                                             // crypto/rand never fails
	temporary, err := os.CreateTemp(filepath.Dir(path), "jwt_secret.*") // its mode is 0600
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temporary.Name()) }()
	_, err = temporary.WriteString(base64.RawStdEncoding.EncodeToString(fresh) + "\n")
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	return os.Link(temporary.Name(), path)
}
