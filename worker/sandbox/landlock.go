package sandbox

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// LandlockABI is the kernel's Landlock version, 0 where there is none or it is
// not enabled at boot. See landlock_create_ruleset(2).
func LandlockABI() int {
	abi, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return 0
	}
	return int(abi)
}

// landlockErrata is the set of bugs the kernel says are fixed in its Landlock,
// 0 where it cannot say. See LANDLOCK_CREATE_RULESET_ERRATA in
// https://docs.kernel.org/userspace-api/landlock.html
func landlockErrata() int {
	errata, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_ERRATA)
	if errno != 0 {
		return 0
	}
	return int(errata)
}

// threadSignals is the erratum about signals between threads of one process:
// without it (Linux 6.12 to 6.14, before their stable updates) their scope stops
// those too once threads have domains of their own. The Go runtime sends them to
// have all threads make a system call, and would wait for ever.
const threadSignals = 1 << 1

// ruleset is everything the given ABI can deny, but for what would break the
// process itself; the filter allows it no signal to another. A ruleset that handles a right
// and grants it nowhere denies it everywhere, so no rules follow.
// https://docs.kernel.org/userspace-api/landlock.html
func ruleset(abi, errata int) unix.LandlockRulesetAttr {
	const (
		abi1 = unix.LANDLOCK_ACCESS_FS_MAKE_SYM<<1 - 1 // the first thirteen rights
		abi2 = unix.LANDLOCK_ACCESS_FS_REFER
		abi3 = unix.LANDLOCK_ACCESS_FS_TRUNCATE
		abi5 = unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	)
	a := unix.LandlockRulesetAttr{Handled_access_fs: abi1}
	if abi >= 2 {
		a.Handled_access_fs |= abi2
	}
	if abi >= 3 {
		a.Handled_access_fs |= abi3
	}
	if abi >= 4 {
		a.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
	}
	if abi >= 5 {
		a.Handled_access_fs |= abi5
	}
	if abi >= 6 {
		a.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET
		if errata&threadSignals != 0 {
			a.Scoped |= unix.LANDLOCK_SCOPE_SIGNAL
		}
	}
	return a
}

// rulesetSize is how much of the attribute the ABI knows: the kernel refuses
// a longer one whose tail is not zero, and takes a shorter one.
func rulesetSize(abi int) uintptr {
	var a unix.LandlockRulesetAttr
	switch {
	case abi < 4:
		return unsafe.Offsetof(a.Handled_access_net)
	case abi < 6:
		return unsafe.Offsetof(a.Scoped)
	}
	return unsafe.Offsetof(a.Quiet_access_fs)
}

// denyFiles puts all threads into a Landlock domain that may do nothing.
func denyFiles() error {
	return enterDomain(func(fd uintptr) error {
		return allThreads(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0)
	})
}

// enterDomain makes the ruleset and has restrict apply it.
func enterDomain(restrict func(fd uintptr) error) error {
	fd, err := openRuleset()
	if err != nil {
		return err
	}
	defer unix.Close(int(fd))
	if err := restrict(fd); err != nil {
		return fmt.Errorf("landlock_restrict_self: %w", err)
	}
	return nil
}

// openRuleset makes the ruleset that denies all this kernel's Landlock can deny.
func openRuleset() (fd uintptr, err error) {
	abi := LandlockABI()
	if abi < 1 {
		return 0, errors.New("the kernel has no Landlock, or it is not enabled at boot")
	}
	attr := ruleset(abi, landlockErrata())
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET,
		uintptr(unsafe.Pointer(&attr)), rulesetSize(abi), 0)
	if errno != 0 {
		return 0, fmt.Errorf("landlock_create_ruleset: %w", errno)
	}
	return fd, nil
}
