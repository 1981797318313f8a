package nursery

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// step names what the birth of a worker is made of, for errors.
type step uint32

const (
	stepPipe step = iota
	stepClone
	stepSession
	stepGroups
	stepGroup
	stepUser
	stepNamespace
	stepTasks
	stepDescriptors
	stepDeathSignal
	stepExec
)

func (s step) String() string {
	names := [...]string{"pipe2", "clone3", "setsid", "setgroups", "setresgid", "setresuid",
		"unshare(CLONE_NEWUSER)", "prlimit64(RLIMIT_NPROC)", "dup3", "prctl(PR_SET_PDEATHSIG)", "execveat"}
	if int(s) >= len(names) {
		return fmt.Sprint("step ", uint32(s))
	}
	return names[s]
}

// Namespaces are the flags of those that each worker gets at birth, see
// namespaces(7). What lives on after its processes belongs here. Its user namespace
// follows when it is who it is to be.
type Namespaces uint64

const atBirth Namespaces = unix.CLONE_NEWPID | unix.CLONE_NEWCGROUP

// MaxTasks bounds a worker's threads and processes, as far above what the Go
// runtime has as the daemon's own limit in cgroup v2. The kernel counts a user's by
// user namespace, and in a worker's the worker is all there is; in the daemon's
// it would be all the user's together.
const MaxTasks = 64

// CloneArgs is the kernel's struct clone_args, see clone(2).
type CloneArgs struct {
	Flags, PidFD, ChildTID, ParentTID, ExitSignal, Stack, StackSize, TLS, SetTID, SetTIDSize, Cgroup uint64
}

// CloneArgs asks for a worker: the daemon's child, in these namespaces of its own,
// in the cgroup of the request.
func (r *Request) CloneArgs(own Namespaces) CloneArgs {
	// CLONE_PARENT: the child is the daemon's. It gets the caller's own exit
	// signal, and clone3 wants none given. See clone(2).
	c := CloneArgs{Flags: unix.CLONE_PARENT | uint64(own)}
	if r.Cgroup >= 0 {
		c.Flags |= unix.CLONE_INTO_CGROUP
		c.Cgroup = uint64(r.Cgroup)
	}
	return c
}

// birth is all that a child needs between clone and exec, made before: in
// between it may use no memory of Go's and no stack that would have to grow.
type birth struct {
	own     Namespaces
	clone   CloneArgs
	empty   *byte // the empty path: the file is ProgramFD itself
	argv    [2]*byte
	envv    [1]*byte
	fds     [3]uintptr
	uid     uintptr
	gid     uintptr
	report  uintptr // the write end of a pipe that exec closes
	failure [8]byte // step and errno
	pause   unix.Timespec
	tasks   unix.Rlimit
}

func newBirth(workerName string, own Namespaces) (*birth, error) {
	argv0, err := unix.BytePtrFromString(workerName)
	if err != nil {
		return nil, fmt.Errorf("the workers' name: %w", err)
	}
	return &birth{own: own, empty: new(byte), argv: [2]*byte{argv0}, pause: unix.Timespec{Nsec: 5e6},
		tasks: unix.Rlimit{Cur: MaxTasks, Max: MaxTasks}}, nil
}

// give makes a worker.
func (b *birth) give(r *Request) Answer {
	var report [2]int
	if err := unix.Pipe2(report[:], unix.O_CLOEXEC); err != nil {
		return Answer{step: stepPipe, errno: err.(unix.Errno)}
	}
	defer unix.Close(report[0])
	b.clone = r.CloneArgs(b.own)
	b.fds = [3]uintptr{uintptr(r.Jobs), uintptr(r.Answers), uintptr(r.Answers)}
	b.uid, b.gid, b.report = uintptr(r.UID), uintptr(r.GID), uintptr(report[1])

	pid, errno := b.fork()
	runtime.KeepAlive(b)
	unix.Close(report[1])
	if errno != 0 {
		return Failed(errno)
	}
	a := Answer{PID: pid}
	var failure [len(b.failure)]byte
	n, err := unix.Read(report[0], failure[:])
	for err == unix.EINTR {
		n, err = unix.Read(report[0], failure[:])
	}
	if n == len(failure) {
		a.step = step(binary.NativeEndian.Uint32(failure[0:]))
		a.errno = unix.Errno(binary.NativeEndian.Uint32(failure[4:]))
	}
	return a
}

// fork makes the child and, in the child, the worker of it; it returns in the
// nursery only. The child is a copy with one thread, in which no lock of the Go
// runtime may be taken and no goroutine switched: it makes raw system calls, and
// its stack never grows (nosplit), as in the syscall package's own fork.
//
//go:nosplit
//go:norace
func (b *birth) fork() (pid int, errno unix.Errno) {
	r, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&b.clone)), unsafe.Sizeof(b.clone), 0)
	if errno != 0 || r != 0 {
		return int(r), errno
	}
	failed := stepSession
	_, _, errno = unix.RawSyscall(unix.SYS_SETSID, 0, 0, 0)
	if errno == 0 && b.uid != 0 {
		failed = stepGroups
		_, _, errno = unix.RawSyscall(SysSetgroups, 0, 0, 0)
		if errno == 0 {
			failed = stepGroup
			_, _, errno = unix.RawSyscall(SysSetresgid, b.gid, b.gid, b.gid)
		}
		if errno == 0 {
			failed = stepUser
			_, _, errno = unix.RawSyscall(SysSetresuid, b.uid, b.uid, b.uid)
		}
	}
	// A user namespace in which nobody is mapped: nothing in it can become
	// anybody, and it owns none of the others.
	if errno == 0 {
		failed = stepNamespace
		_, _, errno = unix.RawSyscall(unix.SYS_UNSHARE, unix.CLONE_NEWUSER, 0, 0)
	}
	if errno == 0 {
		failed = stepTasks
		_, _, errno = unix.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_NPROC, uintptr(unsafe.Pointer(&b.tasks)), 0, 0, 0)
	}
	for i := 0; i < len(b.fds) && errno == 0; i++ {
		failed = stepDescriptors
		_, _, errno = unix.RawSyscall(unix.SYS_DUP3, b.fds[i], uintptr(i), 0)
	}
	// after all that changes credentials, which would unset it
	if errno == 0 {
		failed = stepDeathSignal
		_, _, errno = unix.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0, 0)
	}
	// ETXTBSY: a program that has just been written may still be open for writing
	// in a process that is between fork and exec
	for try := 0; errno == 0 || errno == unix.ETXTBSY && try < 20; try++ {
		failed = stepExec
		_, _, errno = unix.RawSyscall6(unix.SYS_EXECVEAT, ProgramFD, uintptr(unsafe.Pointer(b.empty)),
			uintptr(unsafe.Pointer(&b.argv)), uintptr(unsafe.Pointer(&b.envv)), unix.AT_EMPTY_PATH, 0)
		unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&b.pause)), 0, 0)
	}
	*(*uint32)(unsafe.Pointer(&b.failure[0])) = uint32(failed)
	*(*uint32)(unsafe.Pointer(&b.failure[4])) = uint32(errno)
	unix.RawSyscall(unix.SYS_WRITE, b.report, uintptr(unsafe.Pointer(&b.failure)), unsafe.Sizeof(b.failure))
	for {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 1, 0, 0)
	}
}
