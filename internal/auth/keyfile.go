package auth

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// KeyFile is a file with a private JWK Set (RFC 7517, section 5) that is nobody else's to read. Servers read it while commands
// change it.
type KeyFile struct {
	path string
	text []byte // as it was read last
}

// NewKeyFile returns a KeyFile. It touches nothing.
func NewKeyFile(path string) *KeyFile { return &KeyFile{path: path} }

// Read reads the keys.
func (f *KeyFile) Read() (KeySet, error) {
	text, err := f.load()
	if err != nil {
		return KeySet{}, err
	}
	return f.parse(text)
}

func (f *KeyFile) parse(text []byte) (KeySet, error) {
	set, err := parseKeySet(text)
	if err != nil {
		return KeySet{}, fmt.Errorf("%s: %w", f.path, err)
	}
	f.text = text
	return set, nil
}

// load reads the file as it is, unless others could, too.
func (f *KeyFile) load() ([]byte, error) {
	const most = 1 << 20
	file, err := os.OpenFile(f.path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a named pipe would wait for somebody to write
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	const others = 0o077
	mode := info.Mode()
	if !mode.IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", f.path)
	}
	if mode.Perm()&others != 0 {
		return nil, fmt.Errorf("%s is not its owner's alone (mode %04o): chmod 600 it", f.path, mode.Perm())
	}
	return io.ReadAll(io.LimitReader(file, most)) // what is longer is no JSON then
}

// Change replaces the keys by what a function makes of them, all at once: whoever reads the file finds those before or those
// after. A file that is not there has none. Its owner and its group stay; of a link, the file that it leads to is replaced.
func (f *KeyFile) Change(change func(KeySet) (KeySet, error)) error {
	path, err := target(f.path)
	if err != nil {
		return err
	}
	return NewKeyFile(path).replace(change)
}

// target is the file that a path leads to. Nothing is made where a link leads to nothing: who may write the link is not always
// who may write there.
func target(path string) (string, error) {
	found, err := filepath.EvalSymlinks(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return found, err
	}
	if _, err := os.Lstat(path); err == nil {
		return "", fmt.Errorf("%s is a link to what is not there", path)
	}
	return path, nil
}

// replace writes the new file beside the old one under a name that one change at a time can have, as git does.
func (f *KeyFile) replace(change func(KeySet) (KeySet, error)) error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return err
	}
	next, err := os.OpenFile(f.path+".lock", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s.lock is there: the keys are being changed; if no command does so any more, delete it", f.path)
	}
	if err != nil {
		return err
	}
	err = errors.Join(f.write(next, change), next.Close())
	if err == nil {
		err = os.Rename(next.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return syncFolder(filepath.Dir(f.path))
}

// write writes what a change makes of the keys.
func (f *KeyFile) write(next *os.File, change func(KeySet) (KeySet, error)) error {
	set, err := f.Read()
	switch {
	case err == nil:
		err = keepOwner(next, f.path)
	case errors.Is(err, fs.ErrNotExist):
		err = nil
	}
	if err != nil {
		return err
	}
	if set, err = change(set); err != nil {
		return err
	}
	text, err := encodeKeys(set.keys, Key.privateJWK)
	if err != nil {
		return err
	}
	if _, err := next.Write(text); err != nil {
		return err
	}
	return next.Sync()
}

// syncFolder makes it last that a file has another name.
func syncFolder(path string) error {
	folder, err := os.Open(path) //nolint:gosec // the path is a setting
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// keyRound is how often Watch looks at the file.
const keyRound = time.Second

// Watch hands over the keys whenever the file has others than were read last, until ctx ends. While it cannot be read, or take
// refuses what is in it, the keys stay as they are; it says so once.
func (f *KeyFile) Watch(ctx context.Context, take func(KeySet) error, log *slog.Logger) {
	ticker := time.NewTicker(keyRound)
	defer ticker.Stop()
	said := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		set, changed, err := f.look()
		if changed {
			err = take(set)
		}
		switch {
		case err == nil && changed:
			log.InfoContext(ctx, "took up the keys", "keys", set.String())
			said = ""
		case err == nil:
			said = ""
		case err.Error() != said:
			log.ErrorContext(ctx, "the keys stay as they were", "error", err)
			said = err.Error()
		}
	}
}

// look reads the keys if the file is another than was read last.
func (f *KeyFile) look() (set KeySet, changed bool, err error) {
	text, err := f.load()
	if err != nil || bytes.Equal(text, f.text) {
		return KeySet{}, false, err
	}
	set, err = f.parse(text)
	return set, err == nil, err
}
