package e2e

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// The special keyrings of keyctl(2).
const (
	sessionKeyring = -3
	userKeyring    = -4
)

// remains look for what others have left, and leave something.
func remains() map[string]attack {
	return map[string]attack{
		"inventory": func(a args) string {
			var descriptors []int
			for fd := range 1024 {
				if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil {
					descriptors = append(descriptors, fd)
				}
			}
			directory, _ := os.Getwd()
			session, _ := unix.Getsid(0)
			key := a.number("key")
			return strings.Join([]string{
				fmt.Sprint("environment ", os.Environ()), fmt.Sprint("descriptors ", descriptors),
				fmt.Sprint("arguments ", len(os.Args)), "directory " + directory, fmt.Sprint("parent ", os.Getppid()),
				fmt.Sprint("session ", session), fmt.Sprint("user ", os.Getuid()),
				"shared memory " + call(unix.SYS_SHMGET, key, 0, 0), "queue " + call(unix.SYS_MSGGET, key, 0),
				"semaphores " + call(unix.SYS_SEMGET, key, 0, 0),
				"session keyring " + keys(sessionKeyring), "user keyring " + keys(userKeyring),
			}, "; ")
		},
		"leave": func(a args) string {
			key := a.number("key")
			return strings.Join([]string{
				"shared memory " + worked(call(unix.SYS_SHMGET, key, 4096, unix.IPC_CREAT|0o666)),
				"queue " + worked(call(unix.SYS_MSGGET, key, unix.IPC_CREAT|0o666)),
				"semaphores " + worked(call(unix.SYS_SEMGET, key, 1, unix.IPC_CREAT|0o666)),
				"user keyring " + worked(call(unix.SYS_ADD_KEY, text("user"), text("left"), text("x"), 1, uintptr(userKeyring&(1<<32-1)))),
			}, "; ")
		},
	}
}

// worked leaves out the number that a call gave.
func worked(result string) string {
	before, _, _ := strings.Cut(result, ":")
	return before
}

// keys counts the keys in a keyring, which reads as four bytes for each.
func keys(keyring int) string {
	size, err := unix.KeyctlInt(unix.KEYCTL_READ, keyring, 0, 0, 0)
	if err != nil {
		return result(err)
	}
	return fmt.Sprint(size/4, " keys")
}
