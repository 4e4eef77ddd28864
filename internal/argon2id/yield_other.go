//go:build !linux

package argon2id

import "runtime"

// yield leaves the processor to other goroutines.
func yield() { runtime.Gosched() }
