//go:build unix

package store

import "syscall"

// walIndex is the head of SQLite's wal-index, two copies of 48 bytes: each commit, of whichever process, changes it before anybody
// can read what was committed (https://www.sqlite.org/walformat.html#the_wal_index_file_format).
type walIndex struct {
	file int
	seen [96]byte
}

// openWALIndex opens the wal-index of a database that is open; nil if it has none. It is never closed: that would release all locks
// that this process has on the file, SQLite's own.
func openWALIndex(database string) *walIndex {
	file, err := syscall.Open(database+"-shm", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	return &walIndex{file: file}
}

// changed tells whether anything may have been committed since the last time it was asked.
func (w *walIndex) changed() bool {
	if w == nil {
		return true
	}
	var head [96]byte
	n, err := syscall.Pread(w.file, head[:], 0)
	if err != nil || n < len(head) {
		return true
	}
	changed := head != w.seen
	w.seen = head
	return changed
}
