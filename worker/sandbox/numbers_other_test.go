//go:build !arm

package sandbox

import "golang.org/x/sys/unix"

// Calls that go by another name on arm.
const (
	sysMmap  = unix.SYS_MMAP
	sysFutex = unix.SYS_FUTEX
)
