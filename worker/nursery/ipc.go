package nursery

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// closeIPC makes an ipc namespace one in which nothing can be made: no shared memory,
// semaphores or queues of System V, see sysvipc(7), and no queue of POSIX, see
// mq_overview(7). The calling process must be the first of the namespace, and may
// share it then with workers: there is nothing that one could leave to another. Who is
// root in it could open it again; a worker has no /proc to do that by.
//
// That is an error where the kernel lets only the machine's root set a namespace's
// limits (before Linux 6.10), and where they are not to be seen or cannot be written to
// (ProtectKernelTunables= in systemd.exec(5)).
func closeIPC() error {
	for _, limit := range []struct{ name, none string }{
		{"kernel/shmmni", "0"},
		{"kernel/msgmni", "0"},
		{"kernel/sem", "0 0 0 0"},
		{"fs/mqueue/queues_max", "0"},
	} {
		if err := writeSetting(limit.name, limit.none); err != nil && !errors.Is(err, unix.ENOENT) {
			return err
		}
	}
	return tryIPC()
}

func writeSetting(name, value string) error {
	path := "/proc/sys/" + name
	// not package os, which would open descriptors for the runtime
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, []byte(value)); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// tryIPC is an error if something can be made in the namespace: a setting that is not
// there may be of a kernel that cannot make such things, or of a /proc that shows less
// than there is.
func tryIPC() error {
	const create = unix.IPC_CREAT | 0o600
	name := []byte("picloud\x00")
	_, _, memory := unix.RawSyscall(unix.SYS_SHMGET, unix.IPC_PRIVATE, 4096, create)
	_, _, messages := unix.RawSyscall(unix.SYS_MSGGET, unix.IPC_PRIVATE, create, 0)
	_, _, semaphores := unix.RawSyscall(unix.SYS_SEMGET, unix.IPC_PRIVATE, 1, create)
	fd, _, queue := unix.RawSyscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(&name[0])), unix.O_RDWR|unix.O_CREAT|unix.O_CLOEXEC, 0o600, 0, 0, 0)
	if queue == 0 {
		unix.Close(int(fd))
	}
	for _, try := range []struct {
		name      string
		got, want unix.Errno
	}{
		{"shmget", memory, unix.ENOSPC},
		{"msgget", messages, unix.ENOSPC},
		{"semget", semaphores, unix.EINVAL}, // one is more than a set may have
		{"mq_open", queue, unix.ENOSPC},
	} {
		if try.got != try.want && try.got != unix.ENOSYS {
			return fmt.Errorf("%s gave error %d, not %d, in a namespace in which nothing can be made", try.name, try.got, try.want)
		}
	}
	return nil
}
