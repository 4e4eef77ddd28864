package main

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keyPair is a private key as a file of keys has it.
type keyPair struct{ Kty, Crv, X, D string }

// learnKeys makes what is private in a file of keys secret, and returns the first. Of an Ed25519 key programs keep both halves in
// one: a part of the first, a multiple of three bytes, is found in that, too, however it is written.
func (w *witness) learnKeys(t *testing.T, file string) keyPair {
	t.Helper()
	text, err := os.ReadFile(file)
	var set struct{ Keys []keyPair }
	if err == nil {
		err = json.Unmarshal(text, &set)
	}
	if err != nil || len(set.Keys) == 0 {
		t.Fatalf("%s: %v", file, err)
	}
	const whole = 40 // letters, which are 30 of 32 bytes
	for _, k := range set.Keys {
		if _, err := base64.RawURLEncoding.DecodeString(k.D); err != nil || len(k.D) <= whole {
			t.Fatalf("the private key is %q, %v", k.D, err)
		}
		w.secret(k.D, "a private key")
		w.secret(k.D[:whole], "most of a private key")
	}
	return set.Keys[0]
}

// makeKey has a key sign rather than the secret, by the command.
func (w *witness) makeKey(t *testing.T, env environment) {
	t.Helper()
	env["JWT_KEYS"] = filepath.Join(env["DATA_DIR"], "keys.json")
	w.command(t, env, "", "keys", "create")
	w.command(t, env, "", "keys", "rotate", "--lead=0s")
	w.learnKeys(t, env["JWT_KEYS"])
}

// changeKeys has another key sign, and then gives the server and the command files that they refuse. Each time it waits until the
// server has said so.
func (w *witness) changeKeys(t *testing.T, env environment) {
	t.Helper()
	file := env["JWT_KEYS"]
	next := func(want string) {
		t.Helper()
		if line := <-w.news; !strings.Contains(line, want) {
			t.Errorf("the server says %q of its keys, want %q", line, want)
		}
	}
	w.command(t, env, "", "keys", "create", "--algorithm=ES256")
	next("took up the keys")
	w.command(t, env, "", "keys", "rotate", "--lead=0s")
	next("took up the keys")
	k := w.learnKeys(t, file)

	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	mixed := `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"` + strings.Repeat("A", 43) + `","d":"` + k.D + `"}]}`
	for _, test := range []struct{ text, want string }{
		{string(good[:len(good)-9]), "no JWK Set"},
		{mixed, "do not fit"},
		{strings.Replace(mixed, `"OKP"`, `["`+k.D+`"]`, 1), "cannot be read"},
		{strings.Replace(mixed, `"OKP"`, `"`+k.D+`"`, 1), "none of Ed25519"},
	} {
		replaceFile(t, file, test.text)
		next(test.want)
		for _, command := range []string{"list", "create", "rotate"} {
			w.command(t, env, "", "keys", command)
		}
	}
}

// replaceFile writes a file as a whole, so that nobody reads a part of it.
func replaceFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}
