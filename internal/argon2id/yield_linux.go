package argon2id

import (
	"runtime"
	"syscall"
)

// yield leaves the processor to others who want it: goroutines, and threads, which Linux would otherwise have wait for some
// milliseconds.
func yield() {
	runtime.Gosched()
	_, _, _ = syscall.Syscall(syscall.SYS_SCHED_YIELD, 0, 0, 0)
}
