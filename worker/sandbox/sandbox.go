// Package sandbox locks the process it is called in, for good.
//
// Lock finds the process in namespaces of its own, which package nursery made, and
// applies, in this order: every file descriptor beyond the pipe's is closed, the environment is found empty, core dumps and ptrace are switched
// off (not dumpable), capabilities are dropped, no_new_privs is set, Landlock
// denies the whole file system (and TCP, abstract sockets and signals as far as
// the kernel knows them), resource limits are lowered, and a seccomp allow-list
// comes last. All threads of the process are covered.
//
// It promises that when Lock returns nil every layer is in force, and that
// there is no weaker mode: the first layer that cannot be applied is an error,
// and the caller must end the process. There is no way back. After Lock only
// what the Go runtime needs to run on, reading descriptor 0 and writing
// descriptors 1 and 2 is possible; any other system call kills the process
// (SIGSYS).
package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// firstForeignFD follows stdin (jobs), stdout (answers) and stderr (the same
// pipe as stdout, for the Go runtime's last words).
const firstForeignFD = 3

// The Go runtime opens two descriptors of its own when it first needs a timer,
// which its memory scavenger does at a moment of its choice: an epoll instance and
// an event counter to interrupt it. They are the lowest free ones.
const (
	runtimeEpollFD = firstForeignFD
	runtimeEventFD = firstForeignFD + 1
	maxFDs         = firstForeignFD + 2
)

// WithoutNamespaces is the argument by which a worker is told that this machine
// has no namespaces for it, see Namespaces.
const WithoutNamespaces = "--without-namespaces"

// Namespaces tells Lock what to insist on.
type Namespaces int

const (
	// NamespacesRequired fails where the process is not in namespaces of its own.
	NamespacesRequired Namespaces = iota
	// NamespacesMissing is for a machine that has none; every other layer is required.
	NamespacesMissing
)

// Lock locks the calling process.
func Lock(n Namespaces) error {
	if err := unix.CloseRange(firstForeignFD, ^uint(0)>>1, 0); err != nil {
		return fmt.Errorf("close_range: %w", err)
	}
	if len(os.Environ()) != 0 {
		return errors.New("the environment is not empty")
	}
	if n != NamespacesMissing {
		if err := checkNamespaces(); err != nil {
			return fmt.Errorf("namespaces: %w", err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl(PR_SET_DUMPABLE): %w", err)
	}
	if err := dropCapabilities(); err != nil {
		return err
	}
	if err := allThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return fmt.Errorf("prctl(PR_SET_NO_NEW_PRIVS): %w", err)
	}
	if err := denyFiles(); err != nil {
		return err
	}
	if err := lowerResourceLimits(maxFDs); err != nil {
		return err
	}
	return installFilter()
}

// allThreads makes a system call on every thread of the process; those the
// runtime starts later inherit from the one that starts them. A program with cgo
// in it may have threads the runtime does not know, so there it always fails.
func allThreads(trap, a1, a2 uintptr) error {
	_, _, errno := syscall.AllThreadsSyscall6(trap, a1, a2, 0, 0, 0, 0)
	if errno == syscall.ENOTSUP {
		return errors.New("the program is built with cgo; build it with CGO_ENABLED=0")
	}
	if errno != 0 {
		return errno
	}
	return nil
}

// dropCapabilities empties the effective, permitted and inheritable sets of
// all threads. A process that never had any passes trivially.
func dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	err := allThreads(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none)))
	if err != nil {
		return fmt.Errorf("capset: %w", err)
	}
	return nil
}

// lowerResourceLimits closes ways to use what no other layer counts, and leaves
// fds descriptors.
func lowerResourceLimits(fds uint64) error {
	for _, l := range []struct {
		name     string
		resource int
		value    uint64
	}{
		{"RLIMIT_CORE", unix.RLIMIT_CORE, 0},
		{"RLIMIT_FSIZE", unix.RLIMIT_FSIZE, 0},
		{"RLIMIT_NOFILE", unix.RLIMIT_NOFILE, fds},
		{"RLIMIT_MEMLOCK", unix.RLIMIT_MEMLOCK, 0},
		{"RLIMIT_MSGQUEUE", unix.RLIMIT_MSGQUEUE, 0},
		// the first thread's stack, which RLIMIT_DATA does not count; Go's own are heap
		{"RLIMIT_STACK", unix.RLIMIT_STACK, 1 << 20},
	} {
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return fmt.Errorf("setrlimit(%s): %w", l.name, err)
		}
	}
	return nil
}

// installFilter loads the seccomp filter into all threads (TSYNC), which needs
// no_new_privs on the calling one.
func installFilter() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	f, err := allowList(runtime.GOARCH, os.Getpid())
	if err != nil {
		return err
	}
	return f.load()
}
