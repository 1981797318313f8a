package e2e

import "golang.org/x/sys/unix"

const sysMmap = unix.SYS_MMAP2

// attacksOfThisArchitecture are those by older system calls, and by those that
// ARM has for itself.
func attacksOfThisArchitecture() map[string]attack {
	return map[string]attack{
		"open":    func(args) string { return call(unix.SYS_OPEN, text("/etc/passwd"), 0) },
		"fork":    func(args) string { return clone(unix.SYS_FORK) },
		"vfork":   func(args) string { return call(unix.SYS_VFORK) },
		"private": func(args) string { return call(0xf0005, 0) }, // __ARM_NR_set_tls
	}
}

// killersOfThisArchitecture are the calls that attacks die of, where those have
// another name.
func killersOfThisArchitecture() map[string]string {
	return map[string]string{"mmap": "mmap2", "inventory": "fcntl64", "private": "set_tls"}
}
