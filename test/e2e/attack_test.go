package e2e

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// attack is what a captured worker tries, with native code: it answers with the
// error it got, or with "worked" and what it has got hold of.
type attack func(a args) string

// args tell an attack what to aim at: the query parameters of its call.
type args map[string]string

func (a args) number(name string) uintptr {
	n, _ := strconv.Atoi(a[name])
	return uintptr(n)
}

// call makes a system call as an attack's whole content.
func call(trap uintptr, args ...uintptr) string {
	var a [6]uintptr
	copy(a[:], args)
	r, _, errno := unix.RawSyscall6(trap, a[0], a[1], a[2], a[3], a[4], a[5])
	if errno != 0 {
		return result(errno)
	}
	return fmt.Sprint("worked: ", r)
}

func result(err error) string {
	if errno, ok := errors.AsType[unix.Errno](err); ok {
		return unix.ErrnoName(errno)
	}
	if err != nil {
		return err.Error()
	}
	return "worked"
}

func text(s string) uintptr { return uintptr(unsafe.Pointer(&append([]byte(s), 0)[0])) }

// read opens and reads a file.
func read(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return result(err)
	}
	return fmt.Sprintf("worked: %.40q", data)
}

// clone makes a process if it may, which ends at once.
func clone(trap uintptr, args ...uintptr) string {
	var a [3]uintptr
	copy(a[:], args)
	r, _, errno := unix.RawSyscall(trap, a[0], a[1], a[2])
	if r == 0 && errno == 0 {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	if errno != 0 {
		return result(errno)
	}
	return "worked"
}

// connect connects over TCP.
func connect(port int) string {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return result(err)
	}
	defer unix.Close(s)
	return result(unix.Connect(s, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}))
}

func connectUnix(name string) string {
	s, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return result(err)
	}
	defer unix.Close(s)
	return result(unix.Connect(s, &unix.SockaddrUnix{Name: name}))
}

// attacks gives those of every architecture, by name. A "{…}" parameter is what the
// call's query says.
func attacks() map[string]attack {
	const zero = 0
	here := ^uintptr(99) // AT_FDCWD
	all := map[string]attack{
		"openat": func(args) string { return call(unix.SYS_OPENAT, here, text("/etc/passwd"), 0) },
		"openat2": func(args) string {
			how := unix.OpenHow{}
			return call(unix.SYS_OPENAT2, here, text("/etc/passwd"), uintptr(unsafe.Pointer(&how)), unsafe.Sizeof(how))
		},
		"execve":           func(args) string { return call(unix.SYS_EXECVE, text("/bin/true"), zero, zero) },
		"execveat":         func(args) string { return call(unix.SYS_EXECVEAT, here, text("/bin/true"), zero, zero, zero) },
		"clone-process":    func(args) string { return clone(unix.SYS_CLONE, uintptr(unix.SIGCHLD)) },
		"clone-vm":         func(args) string { return clone(unix.SYS_CLONE, unix.CLONE_VM|unix.CLONE_VFORK|uintptr(unix.SIGCHLD)) },
		"clone-user":       func(args) string { return clone(unix.SYS_CLONE, unix.CLONE_NEWUSER|uintptr(unix.SIGCHLD)) },
		"clone3":           func(args) string { return call(unix.SYS_CLONE3, zero, zero) },
		"unshare":          func(args) string { return call(unix.SYS_UNSHARE, unix.CLONE_NEWUSER) },
		"unshare-mount":    func(args) string { return call(unix.SYS_UNSHARE, unix.CLONE_NEWNS) },
		"setns":            func(args) string { return call(unix.SYS_SETNS, 0, zero) },
		"mount":            func(args) string { return call(unix.SYS_MOUNT, text("x"), text("/"), text("tmpfs"), zero, zero) },
		"mount-proc":       func(args) string { return call(unix.SYS_MOUNT, text("x"), text("/"), text("proc"), zero, zero) },
		"mount-cgroup":     func(args) string { return call(unix.SYS_MOUNT, text("x"), text("/"), text("cgroup2"), zero, zero) },
		"umount2":          func(args) string { return call(unix.SYS_UMOUNT2, text("/"), unix.MNT_DETACH) },
		"chroot":           func(args) string { return call(unix.SYS_CHROOT, text("/")) },
		"mkdirat":          func(args) string { return call(unix.SYS_MKDIRAT, here, text("/x"), 0o700) },
		"sethostname":      func(args) string { return call(unix.SYS_SETHOSTNAME, text("x"), 1) },
		"ptrace":           func(a args) string { return call(unix.SYS_PTRACE, unix.PTRACE_ATTACH, a.number("pid")) },
		"ptrace-neighbour": func(a args) string { return call(unix.SYS_PTRACE, unix.PTRACE_ATTACH, a.number("neighbour")) },
		"process_vm_readv": func(a args) string {
			var byte1 [1]byte
			local := unix.Iovec{Base: &byte1[0], Len: 1}
			remote := unix.RemoteIovec{Base: 0x400000, Len: 1}
			return call(unix.SYS_PROCESS_VM_READV, a.number("pid"), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
		},
		"kill":           func(a args) string { return call(unix.SYS_KILL, a.number("pid"), uintptr(unix.SIGKILL)) },
		"kill-neighbour": func(a args) string { return call(unix.SYS_KILL, a.number("neighbour"), uintptr(unix.SIGKILL)) },
		"kill-all":       func(args) string { return call(unix.SYS_KILL, ^uintptr(0), uintptr(unix.SIGKILL)) },
		"tgkill": func(a args) string {
			return call(unix.SYS_TGKILL, a.number("pid"), a.number("pid"), uintptr(unix.SIGKILL))
		},
		"pidfd_open": func(a args) string { return call(unix.SYS_PIDFD_OPEN, a.number("pid"), 0) },
		"pidfd_send_signal": func(args) string {
			return call(unix.SYS_PIDFD_SEND_SIGNAL, 0, uintptr(unix.SIGKILL), zero, zero)
		},
		"prlimit64":      func(a args) string { return call(unix.SYS_PRLIMIT64, a.number("pid"), unix.RLIMIT_CORE, zero, zero) },
		"bpf":            func(args) string { return call(unix.SYS_BPF, unix.BPF_PROG_LOAD, zero, zero) },
		"userfaultfd":    func(args) string { return call(unix.SYS_USERFAULTFD, 0) },
		"io_uring_setup": func(args) string { return call(unix.SYS_IO_URING_SETUP, 1, zero) },
		"keyctl": func(args) string {
			return call(unix.SYS_KEYCTL, unix.KEYCTL_READ, ^uintptr(2), zero, zero) // KEY_SPEC_SESSION_KEYRING
		},
		"add_key": func(args) string {
			return call(unix.SYS_ADD_KEY, text("user"), text("left"), text("x"), 1, ^uintptr(2))
		},
		"memfd_create":    func(args) string { return call(unix.SYS_MEMFD_CREATE, text("x"), 0) },
		"perf_event_open": func(args) string { return call(unix.SYS_PERF_EVENT_OPEN, zero, zero, ^uintptr(0), ^uintptr(0), 0) },
		"prctl-dumpable":  func(args) string { return call(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 1) },
		"mmap-executable": func(args) string {
			return call(sysMmap, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS, ^uintptr(0), 0)
		},
		"mmap-shared": func(args) string {
			return call(sysMmap, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS, ^uintptr(0), 0)
		},
		"mprotect-executable": func(args) string {
			page, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
			if err != nil {
				return result(err)
			}
			return call(unix.SYS_MPROTECT, uintptr(unsafe.Pointer(&page[0])), 4096, unix.PROT_READ|unix.PROT_EXEC)
		},
		"shmget":           func(args) string { return call(unix.SYS_SHMGET, 7, 4096, unix.IPC_CREAT|0o600) },
		"msgget":           func(args) string { return call(unix.SYS_MSGGET, 7, unix.IPC_CREAT|0o600) },
		"pipe2":            func(args) string { var p [2]int32; return call(unix.SYS_PIPE2, uintptr(unsafe.Pointer(&p)), 0) },
		"connect":          func(a args) string { return connect(int(a.number("port"))) },
		"connect-postgres": func(args) string { return connect(5432) },
		"connect-socket":   func(a args) string { return connectUnix(a["path"]) },
		"connect-abstract": func(a args) string { return connectUnix("@" + a["name"]) },
		"read":             func(a args) string { return read(a["path"]) },
		"sockets": func(args) string { // of which families there are any
			var families []string
			for family := range unix.AF_MAX {
				if s, err := unix.Socket(family, unix.SOCK_DGRAM, 0); err == nil {
					families = append(families, strconv.Itoa(family))
					unix.Close(s)
				}
			}
			return strings.Join(families, " ")
		},
		"socket": func(a args) string { return call(unix.SYS_SOCKET, a.number("family"), unix.SOCK_DGRAM, 0) },
	}
	maps.Copy(all, bombs())
	maps.Copy(all, remains())
	maps.Copy(all, attacksOfThisArchitecture())
	return all
}
