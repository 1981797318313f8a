package supervisor

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// seccompActionAvailable asks the kernel for an action a filter may return, see
// SECCOMP_GET_ACTION_AVAIL in seccomp(2).
func seccompActionAvailable(action *uint32) error {
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(action)))
	if errno != 0 {
		return errno
	}
	return nil
}
