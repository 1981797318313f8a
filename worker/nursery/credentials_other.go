//go:build !arm

package nursery

import "golang.org/x/sys/unix"

// The calls that change who a thread is, with ids of 32 bits.
const (
	SysSetgroups = unix.SYS_SETGROUPS
	SysSetresgid = unix.SYS_SETRESGID
	SysSetresuid = unix.SYS_SETRESUID
)
