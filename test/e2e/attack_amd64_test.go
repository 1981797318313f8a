package e2e

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

const sysMmap = unix.SYS_MMAP

// attacksOfThisArchitecture are those by older system calls, and by the other
// ways into the kernel.
func attacksOfThisArchitecture() map[string]attack {
	old, err := int80()
	return map[string]attack{
		"open":  func(args) string { return call(unix.SYS_OPEN, text("/etc/passwd"), 0) },
		"fork":  func(args) string { return clone(unix.SYS_FORK) },
		"vfork": func(args) string { return call(unix.SYS_VFORK) },
		"x32":   func(args) string { return call(0x40000000 | unix.SYS_GETPID) },
		"int80": func(args) string {
			if err != nil {
				return result(err)
			}
			old()
			return "worked"
		},
	}
}

// killersOfThisArchitecture are the calls that attacks die of, where those have
// another name.
func killersOfThisArchitecture() map[string]string {
	return map[string]string{"x32": "getpid of x32", "int80": "getpid of i386"}
}

// int80 gives a function that is mov $20, %eax (getpid of i386); int $0x80; ret.
// It is to be made before the process is locked.
func int80() (func(), error) {
	page, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, err
	}
	copy(page, []byte{0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3})
	if err := unix.Mprotect(page, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		return nil, err
	}
	function := &struct{ code *byte }{&page[0]} // as Go's function values are
	return *(*func())(unsafe.Pointer(&function)), nil
}
