package sandbox

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// rule allows one system call, by number, if all its checks hold. A check that
// does not hold kills the process, as does every number without a rule.
type rule struct {
	name   string
	number uint32
	checks []check
	errno  uint32 // if not 0, the call fails with it instead of being allowed
}

// check asks that the low 32 bits of an argument, after masking, are one of
// the values. That is all the kernel looks at where the argument is an int; where
// it is a long, high asks that the other half is 0.
type check struct {
	arg    int
	mask   uint32
	values []uint32
	high   bool
}

const anyBit = ^uint32(0)

func oneOf(arg int, values ...uint32) check { return check{arg: arg, mask: anyBit, values: values} }

// architecture is what differs between those we run on.
type architecture struct {
	audit   uint32 // AUDIT_ARCH_*, see linux/audit.h
	numbers map[string]uint32
	tls     uint32            // what the Go runtime adds to its clone flags
	names   map[string]string // calls that go by another name there, with the same arguments to look at
	zygote  map[string]uint32 // the numbers of what a zygote needs beside that
}

// name is what a call of the list is called on the architecture.
func (a architecture) name(call string) string {
	if own, ok := a.names[call]; ok {
		return own
	}
	return call
}

// threadFlags are the Go runtime's own (runtime/os_linux.go, cloneFlags): a
// thread of this process and nothing else.
const threadFlags = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES |
	unix.CLONE_SIGHAND | unix.CLONE_SYSVSEM | unix.CLONE_THREAD

// futex operations of the Go runtime: FUTEX_WAIT and FUTEX_WAKE, private.
const (
	futexWaitPrivate = 0 | 128
	futexWakePrivate = 1 | 128
)

// allowList is what a running Go program with raw reads and writes on its three
// descriptors needs, for the process pid on architecture goarch. Often used
// calls come first: the kernel goes through the list from the top.
func allowList(goarch string, pid int) (filter, error) {
	a, ok := architectures()[goarch]
	if !ok {
		return filter{}, fmt.Errorf("there is no list of system calls for %s", goarch)
	}
	notExecutable := check{arg: 2, mask: unix.PROT_EXEC, values: []uint32{0}}
	rules := []rule{
		{name: "futex", checks: []check{oneOf(1, futexWaitPrivate, futexWakePrivate)}},
		{name: "read", checks: []check{oneOf(0, 0, runtimeEventFD)}},
		{name: "write", checks: []check{oneOf(0, 1, 2, runtimeEventFD)}},
		{name: "nanosleep"},
		{name: "madvise", checks: []check{oneOf(2,
			unix.MADV_DONTNEED, unix.MADV_FREE, unix.MADV_HUGEPAGE, unix.MADV_NOHUGEPAGE, unix.MADV_COLLAPSE)}},
		{name: "mmap", checks: []check{
			notExecutable,
			// private and anonymous, fixed or not, and nothing else: no file, not shared,
			// and neither huge pages (MAP_HUGETLB), which memory.max does not count, nor
			// a stack (MAP_GROWSDOWN), which RLIMIT_DATA does not
			{arg: 3, mask: ^uint32(unix.MAP_FIXED), values: []uint32{unix.MAP_PRIVATE | unix.MAP_ANONYMOUS}},
		}},
		{name: "munmap"},
		{name: "mprotect", checks: []check{notExecutable}},
		// and no process's CPU clock, whose numbers are made of pids
		{name: "clock_gettime", checks: []check{oneOf(0, unix.CLOCK_REALTIME, unix.CLOCK_MONOTONIC)}},
		{name: "epoll_pwait", checks: []check{oneOf(0, runtimeEpollFD)}},
		{name: "epoll_create1", checks: []check{oneOf(0, unix.EPOLL_CLOEXEC)}},
		{name: "eventfd2", checks: []check{oneOf(0, 0), oneOf(1, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)}},
		{name: "epoll_ctl", checks: []check{
			oneOf(0, runtimeEpollFD), oneOf(1, unix.EPOLL_CTL_ADD), oneOf(2, runtimeEventFD)}},
		{name: "sched_yield"},
		{name: "tgkill", checks: []check{oneOf(0, uint32(pid))}}, // preemption, within the process
		{name: "getpid"},
		{name: "gettid"},
		{name: "rt_sigprocmask"},
		{name: "rt_sigreturn"},
		{name: "sigaltstack"},
		{name: "clone", checks: []check{{arg: 0, mask: anyBit, values: []uint32{threadFlags | a.tls}, high: true}}},
		{name: "getrandom"},
		{name: "restart_syscall"},
		{name: "exit"}, // a thread's end
		{name: "exit_group"},
		// its flags lie in memory, out of a filter's sight; glibc and Go fall back to clone
		{name: "clone3", errno: uint32(unix.ENOSYS)},
	}
	if err := a.resolve(rules, a.numbers); err != nil {
		return filter{}, err
	}
	return filter{audit: a.audit, rules: rules}, nil
}

// resolve gives rules the architecture's names and numbers.
func (a architecture) resolve(rules []rule, numbers map[string]uint32) error {
	for i := range rules {
		rules[i].name = a.name(rules[i].name)
		number, ok := numbers[rules[i].name]
		if !ok {
			return fmt.Errorf("architecture %#x has no system call %s", a.audit, rules[i].name)
		}
		rules[i].number = number
	}
	return nil
}

// architectures gives the numbers of asm/unistd.h by architecture. They are
// spelled out, not taken from the build's own, so that every list can be tested on
// every machine.
func architectures() map[string]architecture {
	return map[string]architecture{
		"amd64": {audit: unix.AUDIT_ARCH_X86_64, tls: unix.CLONE_SETTLS, numbers: map[string]uint32{
			"read": 0, "write": 1, "mmap": 9, "mprotect": 10, "munmap": 11, "rt_sigprocmask": 14,
			"rt_sigreturn": 15, "sched_yield": 24, "madvise": 28, "nanosleep": 35, "getpid": 39, "clone": 56,
			"exit": 60, "sigaltstack": 131, "gettid": 186, "futex": 202, "restart_syscall": 219,
			"clock_gettime": 228, "exit_group": 231, "epoll_ctl": 233, "tgkill": 234, "epoll_pwait": 281,
			"eventfd2": 290, "epoll_create1": 291, "getrandom": 318, "clone3": 435,
		}, zygote: map[string]uint32{
			"recvmsg": 47, "setsid": 112, "setgroups": 116, "setresuid": 117, "setresgid": 119, "capset": 126,
			"prctl": 157, "unshare": 272, "dup3": 292, "prlimit64": 302, "seccomp": 317, "close_range": 436,
			"landlock_restrict_self": 446,
		}},
		"arm64": {audit: unix.AUDIT_ARCH_AARCH64, numbers: map[string]uint32{
			"eventfd2": 19, "epoll_create1": 20, "epoll_ctl": 21, "epoll_pwait": 22, "read": 63, "write": 64,
			"exit": 93, "exit_group": 94, "futex": 98, "nanosleep": 101,
			"clock_gettime": 113, "sched_yield": 124, "restart_syscall": 128, "tgkill": 131,
			"sigaltstack": 132, "rt_sigprocmask": 135, "rt_sigreturn": 139, "getpid": 172, "gettid": 178,
			"munmap": 215, "clone": 220, "mmap": 222, "mprotect": 226, "madvise": 233, "getrandom": 278,
			"clone3": 435,
		}, zygote: map[string]uint32{
			"dup3": 24, "capset": 91, "unshare": 97, "setresuid": 147, "setresgid": 149, "setsid": 157,
			"setgroups": 159, "prctl": 167, "recvmsg": 212, "prlimit64": 261, "seccomp": 277, "close_range": 436,
			"landlock_restrict_self": 446,
		}},
		// EABI. All that is looked at is in registers of 32 bits. The runtime still
		// asks for the time by the old clock_gettime and sleeps by the old nanosleep, but
		// waits by futex_time64 from Linux 5.1 on, before there was Landlock; its signal
		// handlers return by rt_sigreturn only, and it makes none of ARM's private calls.
		"arm": {audit: unix.AUDIT_ARCH_ARM, numbers: map[string]uint32{
			"restart_syscall": 0, "exit": 1, "read": 3, "write": 4, "getpid": 20, "munmap": 91, "clone": 120,
			"mprotect": 125, "sched_yield": 158, "nanosleep": 162, "rt_sigreturn": 173, "rt_sigprocmask": 175,
			"sigaltstack": 186, "mmap2": 192, "madvise": 220, "gettid": 224, "exit_group": 248, "epoll_ctl": 251,
			"clock_gettime": 263, "tgkill": 268, "epoll_pwait": 346, "eventfd2": 356, "epoll_create1": 357,
			"getrandom": 384, "futex_time64": 422, "clone3": 435,
		}, zygote: map[string]uint32{
			"setsid": 66, "prctl": 172, "capset": 185, "setgroups32": 206, "setresuid32": 208, "setresgid32": 210,
			"recvmsg": 297, "unshare": 337, "dup3": 358, "prlimit64": 369, "seccomp": 383, "close_range": 436,
			"landlock_restrict_self": 446,
		}, names: map[string]string{
			"mmap": "mmap2", "futex": "futex_time64",
			// those without the number take ids of 16 bits
			"setgroups": "setgroups32", "setresuid": "setresuid32", "setresgid": "setresgid32",
		}},
	}
}
