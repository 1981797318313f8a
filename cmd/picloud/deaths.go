package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ignoreDeaths keeps the end of a worker's process from interrupting the daemon: who
// has a worker waits for it. The Go runtime has a handler for SIGCHLD, as for all
// signals, which does nothing; for each call the kernel would wake a thread to run it.
// The signal's default is to do nothing without that, and to leave the child to be
// waited for, see signal(7) and, for what ignoring it would do, wait(2).
func ignoreDeaths() error {
	var byDefault [4]uint64 // the kernel's struct sigaction, all zero; not smaller than any architecture's
	const maskSize = 8
	if _, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(unix.SIGCHLD), uintptr(unsafe.Pointer(&byDefault)), 0, maskSize, 0, 0); errno != 0 {
		return fmt.Errorf("rt_sigaction(SIGCHLD): %w", errno)
	}
	return nil
}
