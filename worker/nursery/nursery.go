// Package nursery is the small process that workers are born in.
//
// The daemon starts one nursery and puts it into user, mount, network, ipc and
// uts namespaces of its own. There it gives itself an empty read-only root, an
// empty session keyring and an ipc namespace in which nothing can be made, and from
// then on makes a worker for each request that comes over its socket: a process in
// pid, cgroup and user namespaces of its own (and an ipc namespace, where the one they
// share cannot be closed), which inherits the rest. All the dear
// namespaces are so made once, and the daemon's memory, whose page tables the kernel
// would copy for every process born into a new user namespace, is no part of it.
//
// It promises that a worker is born in the cgroup it is asked for, has no
// environment, no descriptor but the three it is given, no capability and no
// session keyring of the daemon's, dies with the daemon, and is the daemon's own
// child; and that a request which failed leaves nothing but a dead child, whose pid
// is in the answer. It hears nothing from workers and trusts the daemon. It fails
// by ending: with a text on its socket before it was ready, and when its socket ends.
package nursery

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Name is the name (argv[0]) under which the worker program is a nursery. Its
// one argument is the name to give to workers.
const Name = "picloud-nursery"

// What a nursery is started with: the descriptors of its socket, a SOCK_SEQPACKET
// one, and of the worker program.
const (
	SocketFD  = 3
	ProgramFD = 4
)

// Main runs the nursery's life and gives the status to exit with.
func Main() int {
	// credentials are kept by thread, and what is born here has this one's
	runtime.LockOSThread()
	runtime.GOMAXPROCS(1)
	// not closed: the Go runtime may have some of its own by now
	err := unix.CloseRange(SocketFD, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC)
	var own Namespaces
	if err == nil {
		own, err = Enclose()
	}
	if err == nil && len(os.Args) != 2 {
		err = errors.New("the nursery was not told its workers' name")
	}
	if err != nil {
		unix.Write(SocketFD, []byte(err.Error()))
		return 1
	}
	b, err := newBirth(os.Args[1], own)
	if err != nil {
		unix.Write(SocketFD, []byte(err.Error()))
		return 1
	}
	if _, err := unix.Write(SocketFD, []byte(ready)); err != nil {
		return 1
	}
	var inbox Inbox
	for {
		request, err := inbox.Receive(SocketFD)
		if err != nil {
			return 1
		}
		if request == nil {
			return 0
		}
		answer := b.give(request)
		request.close()
		if err := answer.Send(SocketFD); err != nil {
			return 1
		}
	}
}

// Enclose makes what all workers share and inherit from the calling thread: the
// empty root, the empty session keyring, no_new_privs, and, where that can be, an ipc
// namespace in which nothing can be made. It gives the namespaces that each worker has
// to have for itself beside these.
func Enclose() (own Namespaces, err error) {
	own = atBirth
	if closeIPC() != nil { // as safe, and dearer
		own |= unix.CLONE_NEWIPC
	}
	if err := emptyRoot(); err != nil {
		return 0, err
	}
	if err := emptyKeyring(); err != nil {
		return 0, err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("prctl(PR_SET_NO_NEW_PRIVS): %w", err)
	}
	return own, nil
}

// emptyRoot puts the process into a file system without a file, in which none
// can be made, and takes every other mount out of its namespace. The new one is
// mounted over a directory that every system has; see pivot_root(2), the notes on
// pivot_root(".", ".").
func emptyRoot() error {
	const over = "/proc"
	err := unix.Mount("none", over, "tmpfs",
		unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "size=4k,nr_inodes=1,mode=555")
	if err != nil {
		return fmt.Errorf("mount of an empty root: %w", err)
	}
	if err := unix.Chdir(over); err != nil {
		return fmt.Errorf("chdir: %w", err)
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("umount of the old root: %w", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return fmt.Errorf("chdir: %w", err)
	}
	return nil
}

// emptyKeyring leaves the daemon's session keyring for one that holds no key
// and that nobody has a right to: all workers inherit it and none can leave a key in
// it. Where keyctl is not to be had, in a container or a kernel without keys,
// workers have none either. See session-keyring(7).
func emptyKeyring() error {
	id, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("keyctl(KEYCTL_JOIN_SESSION_KEYRING): %w", err)
	}
	if err := unix.KeyctlSetperm(id, 0); err != nil {
		return fmt.Errorf("keyctl(KEYCTL_SETPERM): %w", err)
	}
	return nil
}
