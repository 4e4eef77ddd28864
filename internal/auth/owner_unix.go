//go:build unix

package auth

import (
	"fmt"
	"os"
	"syscall"
)

// keepOwner gives a file to the owner and the group of the one that it is to replace: what root writes servers could not read.
// The group has no rights: that it could not be kept is no reason to fail.
func keepOwner(next *os.File, path string) error {
	before, err := os.Stat(path)
	if err != nil {
		return err
	}
	now, err := next.Stat()
	if err != nil {
		return err
	}
	was, _ := before.Sys().(*syscall.Stat_t)
	is, _ := now.Sys().(*syscall.Stat_t)
	if was.Uid == is.Uid && was.Gid == is.Gid {
		return nil
	}
	if err := next.Chown(int(was.Uid), int(was.Gid)); err != nil && was.Uid != is.Uid {
		return fmt.Errorf("keep the owner of %s: %w", path, err)
	}
	return nil
}
