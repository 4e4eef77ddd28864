//go:build !linux

package argon2id

import "runtime"

// pause leaves the processor to other goroutines.
func pause() { runtime.Gosched() }
