package zygote

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"picloud/worker/nursery"
)

// Between these two the calling goroutine is in a system call: the runtime takes
// its processor away and does without it. They are two of those that the runtime
// keeps for others' use, see go.dev/issue/67401.
//
//go:linkname entersyscall runtime.entersyscall
func entersyscall()

//go:linkname exitsyscall runtime.exitsyscall
func exitsyscall()

// quiet is how long a process pauses before it copies itself. After ten
// milliseconds in a system call the runtime has taken the only processor away;
// with no processor at work its monitor and all other threads go to sleep.
const quiet = 25e6 // ns

// fork copies the process while no other thread of it runs, and so none holds a
// lock, which nobody could release in the copy. It returns 0 in the copy, whose
// one thread is the calling one.
func fork(args nursery.CloneArgs) (pid int, errno unix.Errno) {
	f := &forkArgs{args, unix.Timespec{Nsec: quiet}}
	pid, errno = f.pauseAndClone()
	runtime.KeepAlive(f)
	return pid, errno
}

// forkArgs lie in the heap, where the kernel finds them whatever the stack does.
type forkArgs struct {
	clone nursery.CloneArgs
	pause unix.Timespec
}

// pauseAndClone calls nothing whose stack might have to grow: in a system call it
// cannot.
//
//go:nosplit
//go:norace
func (f *forkArgs) pauseAndClone() (pid int, errno unix.Errno) {
	entersyscall()
	unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&f.pause)), 0, 0)
	r, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&f.clone)), unsafe.Sizeof(f.clone), 0)
	exitsyscall()
	return int(r), errno
}

// split copies a process of one thread. No other can hold a lock, so there is
// nothing to wait for. It returns 0 in the copy.
func split(args *nursery.CloneArgs) (pid int, errno unix.Errno) {
	r, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(args)), unsafe.Sizeof(*args), 0)
	return int(r), errno
}
