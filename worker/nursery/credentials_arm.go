package nursery

import "golang.org/x/sys/unix"

// The calls that change who a thread is. Those without a number behind their
// name take ids of 16 bits here: of user 65536 they would make root.
const (
	SysSetgroups = unix.SYS_SETGROUPS32
	SysSetresgid = unix.SYS_SETRESGID32
	SysSetresuid = unix.SYS_SETRESUID32
)
