package nursery

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// closeIPC makes an ipc namespace one in which nothing can be made: no shared memory,
// semaphores or queues of System V, see sysvipc(7), and no queue of POSIX, see
// mq_overview(7). The calling process must be the first of the namespace, and may
// share it then with workers: there is nothing that one could leave to another.
//
// That is an error where the kernel lets only the machine's root set a namespace's
// limits (before Linux 6.10), and where they cannot be
// written to (ProtectKernelTunables= in systemd.exec(5)).
func closeIPC() error {
	for _, limit := range []struct{ name, none string }{
		{"kernel/shmmni", "0"},
		{"kernel/msgmni", "0"},
		{"kernel/sem", "0 0 0 0"},
		{"fs/mqueue/queues_max", "0"},
	} {
		path := "/proc/sys/" + limit.name
		// not package os, which would open descriptors for the runtime
		fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err == unix.ENOENT { // a kernel without it
			continue
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		_, err = unix.Write(fd, []byte(limit.none))
		unix.Close(fd)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}
