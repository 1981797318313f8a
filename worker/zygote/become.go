package zygote

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"

	"picloud/worker/nursery"
	"picloud/worker/sandbox"
)

// wireOut is where a worker's answers go.
const wireOut = 1

// becoming is what turns a copy of the zygote into a worker, made before: what
// is written after the copy costs the copy a page of its own.
type becoming struct {
	uid, gid uintptr // 0 for who the zygote is
	tasks    unix.Rlimit
	name     *byte
	header   unix.CapUserHeader
	none     [2]unix.CapUserData
}

func newBecoming(user *sandbox.User) *becoming {
	b := &becoming{
		tasks:  unix.Rlimit{Cur: nursery.MaxTasks, Max: nursery.MaxTasks},
		name:   &[]byte(WorkerName + "\x00")[0],
		header: unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3},
	}
	if user != nil {
		b.uid, b.gid = uintptr(user.UID), uintptr(user.GID)
	}
	return b
}

// WorkerName is what ps shows of a worker; its arguments are the zygote's.
const WorkerName = "picloud-worker"

// become makes the calling process, a copy of the zygote, a locked worker.
func (b *becoming) become(r *nursery.Request, locks Locks) error {
	// first, so that what fails is said to who waits for this worker
	for fd, from := range []int{r.Jobs, r.Answers, r.Answers} {
		if err := call("dup3", unix.SYS_DUP3, uintptr(from), uintptr(fd), 0); err != nil {
			return err
		}
	}
	if err := call("setsid", unix.SYS_SETSID, 0, 0, 0); err != nil {
		return err
	}
	if b.uid != 0 {
		if err := call("setgroups", nursery.SysSetgroups, 0, 0, 0); err != nil {
			return err
		}
		if err := call("setresgid", nursery.SysSetresgid, b.gid, b.gid, b.gid); err != nil {
			return err
		}
		if err := call("setresuid", nursery.SysSetresuid, b.uid, b.uid, b.uid); err != nil {
			return err
		}
	}
	// A user namespace in which nobody is mapped: nothing in it can become
	// anybody, and it owns none of the others.
	if err := call("unshare(CLONE_NEWUSER)", unix.SYS_UNSHARE, unix.CLONE_NEWUSER, 0, 0); err != nil {
		return err
	}
	// who makes a user namespace has every capability in it; an exec by somebody
	// who is not mapped there would have taken them away
	if err := call("capset", unix.SYS_CAPSET, uintptr(unsafe.Pointer(&b.header)), uintptr(unsafe.Pointer(&b.none)), 0); err != nil {
		return err
	}
	if err := call("prlimit64(RLIMIT_NPROC)", unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NPROC, uintptr(unsafe.Pointer(&b.tasks))); err != nil {
		return err
	}
	// after all that changes credentials, which would unset it
	if err := call("prctl(PR_SET_PDEATHSIG)", unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0); err != nil {
		return err
	}
	if err := call("prctl(PR_SET_NAME)", unix.SYS_PRCTL, unix.PR_SET_NAME, uintptr(unsafe.Pointer(b.name)), 0); err != nil {
		return err
	}
	return locks.Worker()
}

// call makes a system call on the one thread there is. Some of package unix's make
// it on all that the runtime thinks it has, and would wait for those for ever.
func call(name string, trap, a1, a2, a3 uintptr) error {
	if _, _, errno := unix.RawSyscall6(trap, a1, a2, a3, 0, 0, 0); errno != 0 {
		return fmt.Errorf("%s: %w", name, errno)
	}
	return nil
}
