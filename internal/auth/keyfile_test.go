package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"postern/internal/auth"
)

// create is a change that makes a key.
func create(set auth.KeySet) (auth.KeySet, error) {
	set, _, err := set.Create("EdDSA", signedAt, true)
	return set, err
}

func TestKeyFileIsMadeAndChanged(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "not", "there", "yet", "keys.json")
	file := auth.NewKeyFile(path)
	if _, err := file.Read(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read(no file) = %v, want %v", err, fs.ErrNotExist)
	}
	for i, algorithm := range []string{"EdDSA", "ES256", "RS256"} {
		var want auth.KeySet
		err := file.Change(func(set auth.KeySet) (_ auth.KeySet, err error) {
			want, _, err = set.Create(algorithm, signedAt, true)
			return want, err
		})
		if err != nil {
			t.Fatalf("Change() = %v", err)
		}
		got, err := auth.NewKeyFile(path).Read()
		if err != nil || got.String() != want.String() || len(got.Keys()) != i+1 {
			t.Errorf("Read() = %v, %v, want %v", got, err, want)
		}
		// What was written is what was made.
		o := auth.TokenOptions{Keys: want, Issuer: "i", Audience: "a", ClientID: "c", Now: func() time.Time { return signedAt }}
		token := sign(t, newTokens(t, o))
		o.Keys = got
		if _, err := newTokens(t, o).Verify(token); err != nil {
			t.Errorf("Verify(by what was read, signed by what was written) = %v", err)
		}
	}
	for entry, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): os.ModeDir | 0o700} {
		if info, err := os.Stat(entry); err != nil || info.Mode() != want {
			t.Errorf("the mode of %s = %v, %v, want %v", entry, info.Mode(), err, want)
		}
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		t.Errorf("the folder has %v, %v, want the keys alone", entries, err)
	}
}

func TestKeyFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	for mode, good := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o644: false, 0o620: false, 0o601: false} {
		path, file := keyFile(t, `{"keys":[`+publishedEdDSA+`]}`)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := file.Read()
		if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("Read(mode %o) = %v, want it: %v", mode, err, good)
		}
		if err := file.Change(create); (err == nil) != good {
			t.Errorf("Change(mode %o) = %v, want it: %v", mode, err, good)
		}
	}
}

// TestKeyFileAsItWas has changes that fail: the file and the folder stay as they were.
func TestKeyFileAsItWas(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	refuse := func(auth.KeySet) (auth.KeySet, error) { return auth.KeySet{}, refused }
	for text, test := range map[string]struct {
		change func(auth.KeySet) (auth.KeySet, error)
		want   string
	}{
		`{"keys":[` + publishedEdDSA + `]}`: {refuse, "refused"},
		`{"keys":[`:                         {create, "no JWK Set"},
		``:                                  {create, "no JWK Set"},
	} {
		path, file := keyFile(t, text)
		if err := file.Change(test.change); err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Change(%q) = %v, want one line with %q", text, err, test.want)
		}
		if kept, err := os.ReadFile(path); err != nil || string(kept) != text {
			t.Errorf("Change(%q) left %q, %v", text, kept, err)
		}
		if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
			t.Errorf("Change(%q) left %v, %v, want the keys alone", text, entries, err)
		}
	}
	path, file := keyFile(t, `{"keys":[`+publishedEdDSA+`]}`)
	if err := os.WriteFile(path+".lock", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := file.Change(create); err == nil || !strings.Contains(err.Error(), path+".lock is there") {
		t.Errorf("Change(while another does) = %v, want that it is locked", err)
	}
	if _, err := os.Stat(path + ".lock"); err != nil {
		t.Errorf("Change(while another does) took the lock away: %v", err)
	}
}

// TestKeyFileInParallel changes and reads one file at once: nobody's change is lost, and nobody reads a part of one.
func TestKeyFileInParallel(t *testing.T) {
	t.Parallel()
	path, _ := keyFile(t, `{"keys":[]}`)
	const writers, each = 4, 5
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for range writers {
		writing.Go(func() {
			for made := 0; made < each; {
				if err := auth.NewKeyFile(path).Change(create); err == nil {
					made++
				} else if !strings.Contains(err.Error(), ".lock is there") {
					t.Errorf("Change() = %v", err)
					return
				}
			}
		})
	}
	reading.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if _, err := auth.NewKeyFile(path).Read(); err != nil {
				t.Errorf("Read(while others change) = %v", err)
			}
		}
	})
	writing.Wait()
	close(done)
	reading.Wait()
	if set, err := auth.NewKeyFile(path).Read(); err != nil || len(set.Keys()) != writers*each {
		t.Errorf("Read() = %v, %v, want %d keys", set, err, writers*each)
	}
}

// watched is a file that is being watched, in a bubble of its own.
type watched struct {
	t    *testing.T
	path string

	mu    sync.Mutex
	taken []string
	log   bytes.Buffer
}

// Write logs a line.
func (w *watched) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(line)
}

// watch runs a test while a file with one key is watched by what takes up all but an empty set.
func watch(t *testing.T, test func(w *watched)) {
	t.Helper()
	path, file := keyFile(t, `{"keys":[`+publishedEdDSA+`]}`)
	if _, err := file.Read(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := &watched{t: t, path: path}
		ctx, stop := context.WithCancel(t.Context())
		defer synctest.Wait()
		defer stop()
		go file.Watch(ctx, func(set auth.KeySet) error {
			if len(set.Keys()) == 0 {
				return errors.New("nothing signs")
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.taken = append(w.taken, set.String())
			return nil
		}, slog.New(slog.NewJSONHandler(w, nil)))
		test(w)
	})
}

// after waits for two rounds, and compares what was taken up, and logged, since the last time.
func (w *watched) after(what, taken, logged string) {
	w.t.Helper()
	<-time.After(2 * time.Second)
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if got := strings.Join(w.taken, ", "); got != taken {
		w.t.Errorf("after %s: took up %q, want %q", what, got, taken)
	}
	var lines []string
	for line := range strings.Lines(w.log.String()) {
		var l struct{ Level, Msg, Error string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			w.t.Fatal(err)
		}
		lines = append(lines, l.Level)
		if strings.Contains(line, "nWGxne") || strings.Contains(line, "jpsQnn") {
			w.t.Errorf("the log has a key: %s", line)
		}
	}
	if got := strings.Join(lines, " "); got != logged {
		w.t.Errorf("after %s: logged %s, want %s", what, w.log.String(), logged)
	}
	w.taken = nil
	w.log.Reset()
}

func (w *watched) write(text string) {
	w.t.Helper()
	if err := os.WriteFile(w.path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

const (
	nameEdDSA = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
	nameES256 = "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"
)

// TestWatch changes a file in all ways. It counts rounds by the bubble's clock.
func TestWatch(t *testing.T) {
	t.Parallel()
	watch(t, func(w *watched) {
		both := `{"keys":[` + publishedEdDSA + `,` + publishedES256 + `]}`
		w.after("nothing", "", "")
		w.write(both)
		w.after("a change in place", nameEdDSA+" "+nameES256, "INFO")
		w.write(both)
		w.after("writing the same", "", "")
		w.write(both[:len(both)/2])
		w.after("half of a change", "", "ERROR")
		w.after("no more of it", "", "")
		w.write(both[:len(both)/2+1])
		w.after("a little more of it", "", "")
		w.write(`{"keys":[` + publishedES256 + `]}`)
		w.after("all of it", nameES256, "INFO")
		w.write("")
		w.after("emptying the file", "", "ERROR")
		w.write(`{"keys":[]}`)
		w.after("a set that is refused", "", "ERROR")
		if err := os.Remove(w.path); err != nil {
			t.Fatal(err)
		}
		w.after("removing it", "", "ERROR")
		w.write(both)
		w.after("its return", nameEdDSA+" "+nameES256, "INFO")
		if err := os.Chmod(w.path, 0o644); err != nil {
			t.Fatal(err)
		}
		w.after("opening it to all", "", "ERROR")
		if err := os.Chmod(w.path, 0o600); err != nil {
			t.Fatal(err)
		}
		w.after("closing it", "", "")
		if err := auth.NewKeyFile(w.path).Change(func(set auth.KeySet) (auth.KeySet, error) {
			return set.Retire(nameEdDSA, signedAt, false, true)
		}); err != nil {
			t.Fatal(err)
		}
		w.after("a change by command", nameES256, "INFO")
	})
}
