//go:build unix

package auth_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"postern/internal/auth"
)

// TestKeyFileIsNoPipe reads and changes a named pipe that nobody writes to. Whoever waited for that is let go, to be told apart.
func TestKeyFileIsNoPipe(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func() error{
		"Read": func() error {
			_, err := auth.NewKeyFile(path).Read()
			return err
		},
		"Change": func() error { return auth.NewKeyFile(path).Change(create) },
	} {
		done := make(chan error, 1)
		go func() { done <- do() }()
		if err := lettingGo(path, done); err == nil || !strings.Contains(err.Error(), path+" is no regular file") {
			t.Errorf("%s(a named pipe) = %v, want that it is no regular file", name, err)
		}
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != os.ModeNamedPipe {
		t.Errorf("the pipe has become %v, %v", info, err)
	}
}

// lettingGo waits for an end, and opens a pipe for whoever waits for that instead.
func lettingGo(pipe string, done <-chan error) error {
	for {
		select {
		case err := <-done:
			return err
		default:
			runtime.Gosched()
		}
		if writer, err := os.OpenFile(pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil { // it has a reader
			_ = writer.Close()
		}
	}
}

// TestKeyFileIsNoFolder has what else can be opened and is no file.
func TestKeyFileIsNoFolder(t *testing.T) {
	t.Parallel()
	for _, path := range []string{t.TempDir(), os.DevNull} {
		file := auth.NewKeyFile(path)
		if _, err := file.Read(); err == nil || !strings.Contains(err.Error(), path+" is no regular file") {
			t.Errorf("Read(%s) = %v, want that it is no regular file", path, err)
		}
	}
}

// TestKeyFileByLink changes a file by a link to it, and by a relative one to that: they stay, and what they lead to is changed.
func TestKeyFileByLink(t *testing.T) {
	t.Parallel()
	path, file := keyFile(t, `{"keys":[`+publishedEdDSA+`]}`)
	folder := t.TempDir()
	link, far := filepath.Join(folder, "link.json"), filepath.Join(folder, "far.json")
	if err := os.Mkdir(filepath.Join(folder, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{link: path, far: "folder/../link.json"} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{link, far} {
		if err := auth.NewKeyFile(name).Change(create); err != nil {
			t.Fatalf("Change(by %s) = %v", name, err)
		}
		if set, err := file.Read(); err != nil || len(set.Keys()) != 2+i {
			t.Errorf("Read(what %s leads to) = %v, %v, want what was made, too", name, set, err)
		}
		if info, err := os.Lstat(name); err != nil || info.Mode().Type() != os.ModeSymlink {
			t.Errorf("Change(by %s) made the link %v, %v", name, info, err)
		}
	}
	if err := os.WriteFile(path+".lock", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := auth.NewKeyFile(link).Change(create); err == nil || !strings.Contains(err.Error(), path+".lock is there") {
		t.Errorf("Change(by a link, while another does) = %v, want that it is locked", err)
	}
}

// TestKeyFileByBrokenLink makes nothing where a link leads to nothing, or nowhere.
func TestKeyFileByBrokenLink(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	link, round := filepath.Join(folder, "link.json"), filepath.Join(folder, "round.json")
	for name, to := range map[string]string{link: filepath.Join(folder, "nothing"), round: round} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
		if err := auth.NewKeyFile(name).Change(create); err == nil || !strings.Contains(err.Error(), "link") {
			t.Errorf("Change(a link to %s) = %v, want that it leads nowhere", to, err)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 2 {
		t.Errorf("the folder has %v, %v, want the links alone", entries, err)
	}
}

// TestKeyFileKeepsItsOwner changes a file of somebody else's as root, and one's own as anybody.
func TestKeyFileKeepsItsOwner(t *testing.T) {
	t.Parallel()
	path, file := keyFile(t, `{"keys":[`+publishedEdDSA+`]}`)
	uid, gid := os.Getuid(), os.Getgid()
	if uid == 0 {
		uid, gid = 65534, 65533
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
	} else {
		t.Log("not root: the file of another user is not tested")
	}
	if err := file.Change(create); err != nil {
		t.Fatalf("Change() = %v", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if is, ok := info.Sys().(*syscall.Stat_t); !ok || int(is.Uid) != uid || int(is.Gid) != gid || info.Mode() != 0o600 {
		t.Errorf("Change() left a file with mode %v of %+v, want 600 of %d and %d", info.Mode(), info.Sys(), uid, gid)
	}
	if set, err := file.Read(); err != nil || len(set.Keys()) != 2 {
		t.Errorf("Read() = %v, %v, want two keys", set, err)
	}
}
