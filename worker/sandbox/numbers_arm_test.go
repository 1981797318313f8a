package sandbox

import "golang.org/x/sys/unix"

// Calls that go by another name here.
const (
	sysMmap  = unix.SYS_MMAP2
	sysFutex = unix.SYS_FUTEX_TIME64
)
