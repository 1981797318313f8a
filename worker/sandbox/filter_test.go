package sandbox

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

const (
	kill  = uint32(unix.SECCOMP_RET_KILL_PROCESS)
	allow = uint32(unix.SECCOMP_RET_ALLOW)
	pid   = 4321
)

// call is a struct seccomp_data.
type call struct {
	number, audit uint32
	args          [6]uint64
}

// run gives what the filter of goarch answers to a call, in a BPF interpreter:
// no privilege, no kernel, any architecture.
func run(t *testing.T, vm *bpf.VM, c call) uint32 {
	t.Helper()
	// the interpreter loads big-endian, as for packets; the kernel loads in host order
	data := make([]byte, 64)
	binary.BigEndian.PutUint32(data[offNumber:], c.number)
	binary.BigEndian.PutUint32(data[offArch:], c.audit)
	for i, a := range c.args {
		binary.BigEndian.PutUint32(data[offArgs+8*i:], uint32(a))
		binary.BigEndian.PutUint32(data[offArgs+8*i+4:], uint32(a>>32))
	}
	answer, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return uint32(answer)
}

func interpreterFor(t *testing.T, goarch string) (*bpf.VM, filter) {
	t.Helper()
	f, err := allowList(goarch, pid)
	if err != nil {
		t.Fatal(err)
	}
	return machine(t, f.assemble()), f
}

// passing gives arguments that satisfy all of a rule's checks.
func passing(r rule) (args [6]uint64) {
	for _, c := range r.checks {
		args[c.arg] |= uint64(c.values[0])
	}
	return args
}

func TestOnlyListedCallsPass(t *testing.T) {
	for goarch, a := range architectures() {
		t.Run(goarch, func(t *testing.T) {
			vm, f := interpreterFor(t, goarch)
			want := map[uint32]uint32{}
			example := map[uint32][6]uint64{}
			for _, r := range f.rules {
				want[r.number], example[r.number] = allow, passing(r)
				if r.errno != 0 {
					want[r.number] = unix.SECCOMP_RET_ERRNO | r.errno
				}
				t.Logf("%-16s %4d %s", r.name, r.number, fmt.Sprint(r.checks))
			}
			if n := len(f.rules); n > 30 {
				t.Errorf("%d system calls are listed; 30 are the most we want", n)
			} else {
				t.Logf("%d system calls are listed, clone3 among them, which is refused", n)
			}
			for _, n := range numbersToTry() {
				expected, listed := want[n]
				if !listed {
					expected = kill
				}
				if got := run(t, vm, call{n, a.audit, example[n]}); got != expected {
					t.Errorf("system call %#x: filter says %#x, want %#x", n, got, expected)
				}
				for _, foreign := range []uint32{unix.AUDIT_ARCH_X86_64, unix.AUDIT_ARCH_I386, unix.AUDIT_ARCH_AARCH64, unix.AUDIT_ARCH_ARM,
					unix.AUDIT_ARCH_ARMEB, unix.AUDIT_ARCH_RISCV64, 0, a.audit ^ 1} {
					if foreign == a.audit {
						continue
					}
					if got := run(t, vm, call{n, foreign, example[n]}); got != kill {
						t.Errorf("system call %#x of architecture %#x: filter says %#x, want kill", n, foreign, got)
					}
				}
			}
		})
	}
}

func TestArguments(t *testing.T) {
	const rw = unix.PROT_READ | unix.PROT_WRITE
	const private = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS
	for goarch, a := range architectures() {
		thread := uint64(threadFlags | a.tls)
		for _, c := range []struct {
			call string
			args [6]uint64
			want uint32
		}{
			{"read", [6]uint64{0}, allow},
			{"read", [6]uint64{1}, kill},
			{"read", [6]uint64{3}, kill},
			{"read", [6]uint64{4}, allow}, // the runtime's event counter
			{"write", [6]uint64{4}, allow},
			{"write", [6]uint64{5}, kill},
			{"epoll_pwait", [6]uint64{3}, allow},
			{"epoll_pwait", [6]uint64{4}, kill},
			{"epoll_ctl", [6]uint64{3, unix.EPOLL_CTL_ADD, 4}, allow},
			{"epoll_ctl", [6]uint64{3, unix.EPOLL_CTL_ADD, 0}, kill},
			{"epoll_ctl", [6]uint64{3, unix.EPOLL_CTL_MOD, 4}, kill},
			{"eventfd2", [6]uint64{0, unix.EFD_SEMAPHORE}, kill},
			{"write", [6]uint64{1}, allow},
			{"write", [6]uint64{2}, allow},
			{"write", [6]uint64{0}, kill},
			{"write", [6]uint64{3}, kill},
			{"write", [6]uint64{0xffffffff}, kill},
			{"futex", [6]uint64{0, 128}, allow},
			{"futex", [6]uint64{0, 129}, allow},
			{"futex", [6]uint64{0, 0}, kill}, // shared
			{"futex", [6]uint64{0, 130}, kill},
			{"madvise", [6]uint64{0, 0, unix.MADV_DONTNEED}, allow},
			{"madvise", [6]uint64{0, 0, unix.MADV_COLLAPSE}, allow},
			{"madvise", [6]uint64{0, 0, unix.MADV_HWPOISON}, kill},
			{"mmap", [6]uint64{0, 4096, rw, private}, allow},
			{"mmap", [6]uint64{0, 4096, unix.PROT_NONE, private | unix.MAP_FIXED}, allow},
			{"mmap", [6]uint64{0, 4096, rw | unix.PROT_EXEC, private}, kill},
			{"mmap", [6]uint64{0, 4096, unix.PROT_EXEC, private}, kill},
			{"mmap", [6]uint64{0, 4096, rw, unix.MAP_PRIVATE}, kill}, // a file
			{"mmap", [6]uint64{0, 4096, rw, unix.MAP_SHARED | unix.MAP_ANONYMOUS}, kill},
			{"mmap", [6]uint64{0, 4096, rw, unix.MAP_SHARED_VALIDATE | unix.MAP_ANONYMOUS}, kill},
			{"mmap", [6]uint64{0, 4096, rw, private | unix.MAP_HUGETLB}, kill},   // outside memory.max
			{"mmap", [6]uint64{0, 4096, rw, private | unix.MAP_GROWSDOWN}, kill}, // outside RLIMIT_DATA
			{"mprotect", [6]uint64{0, 4096, rw}, allow},
			{"mprotect", [6]uint64{0, 4096, unix.PROT_READ | unix.PROT_EXEC}, kill},
			{"tgkill", [6]uint64{pid, pid, 23}, allow},
			{"tgkill", [6]uint64{pid + 1, pid + 1, 9}, kill},
			{"tgkill", [6]uint64{1, 1, 9}, kill},
			{"clone", [6]uint64{thread}, allow},
			{"clone", [6]uint64{0}, kill},
			{"clone", [6]uint64{unix.CLONE_VFORK | unix.CLONE_VM}, kill},
			{"clone", [6]uint64{thread | unix.CLONE_NEWUSER}, kill},
			{"clone", [6]uint64{thread | 1<<33}, kill}, // CLONE_INTO_CGROUP
			{"clone", [6]uint64{thread &^ unix.CLONE_THREAD}, kill},
			{"clock_gettime", [6]uint64{unix.CLOCK_REALTIME}, allow},
			{"clock_gettime", [6]uint64{unix.CLOCK_MONOTONIC}, allow},
			{"clock_gettime", [6]uint64{^uint64(8*4321 + 2)}, kill}, // another process's CPU time
			{"clone3", [6]uint64{}, unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		} {
			vm, _ := interpreterFor(t, goarch)
			if got := run(t, vm, call{a.numbers[a.name(c.call)], a.audit, c.args}); got != c.want {
				t.Errorf("%s: %s%x: filter says %#x, want %#x", goarch, c.call, c.args, got, c.want)
			}
		}
	}
}

// Every argument a rule looks at, with each of its bits turned: it passes only
// if what comes out is another of the rule's own values.
func TestMutatedArguments(t *testing.T) {
	for goarch, a := range architectures() {
		vm, f := interpreterFor(t, goarch)
		mutations := 0
		for _, r := range f.rules {
			for _, c := range r.checks {
				for _, value := range c.values {
					args := passing(r)
					args[c.arg] = uint64(value)
					for bit := range 64 {
						mutated := args
						mutated[c.arg] ^= 1 << bit
						want := kill
						if obeys(r, mutated) {
							want = allow
						}
						if got := run(t, vm, call{r.number, a.audit, mutated}); got != want {
							t.Errorf("%s: %s%x: filter says %#x, want %#x", goarch, r.name, mutated, got, want)
						}
						mutations++
					}
				}
			}
		}
		t.Logf("%s: %d mutated arguments", goarch, mutations)
	}
}

// obeys says in plain words what a rule's checks mean.
func obeys(r rule, args [6]uint64) bool {
	for _, c := range r.checks {
		if c.high && args[c.arg]>>32 != 0 {
			return false
		}
		if !slices.Contains(c.values, uint32(args[c.arg])&c.mask) {
			return false
		}
	}
	return true
}

// What passes whatever its arguments are. Nothing comes into this list unseen.
func TestCallsWithoutChecks(t *testing.T) {
	want := []string{
		"exit",            // a thread's end
		"exit_group",      // the process's end
		"getpid",          // no arguments
		"getrandom",       // random bytes
		"gettid",          // no arguments
		"munmap",          // own memory
		"nanosleep",       // time
		"restart_syscall", // what was interrupted, under its own checks
		"rt_sigprocmask",  // own thread's
		"rt_sigreturn",    // own registers
		"sched_yield",     // no arguments
		"sigaltstack",     // own thread's
	}
	for goarch := range architectures() {
		_, f := interpreterFor(t, goarch)
		var got []string
		for _, r := range f.rules {
			if len(r.checks) == 0 && r.errno == 0 {
				got = append(got, r.name)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", goarch, got, want)
		}
	}
}

// The numbers of every architecture, as somebody else wrote them down.
func TestNumbersAreEveryKernels(t *testing.T) {
	for goarch, a := range architectures() {
		known, err := arch.GetInfo(goarch)
		if err != nil {
			t.Fatal(err)
		}
		if uint32(known.ID) != a.audit {
			t.Errorf("%s: listed as architecture %#x, it is %#x", goarch, a.audit, uint32(known.ID))
		}
		for name, number := range a.numbers {
			if known.SyscallNumbers[int(number)] != name {
				t.Errorf("%s: %s is listed as %d, which is %q", goarch, name, number, known.SyscallNumbers[int(number)])
			}
		}
		if len(a.numbers) != 26 {
			t.Errorf("%s: %d numbers are listed, not 26", goarch, len(a.numbers))
		}
	}
}

func TestNumbersAreThisKernels(t *testing.T) {
	own, ok := architectures()[runtime.GOARCH]
	if !ok {
		t.Fatalf("there is no list for %s, on which this test runs", runtime.GOARCH)
	}
	for name, number := range map[string]uint32{
		"read": unix.SYS_READ, "write": unix.SYS_WRITE, "mmap": sysMmap, "mprotect": unix.SYS_MPROTECT,
		"munmap": unix.SYS_MUNMAP, "rt_sigprocmask": unix.SYS_RT_SIGPROCMASK, "rt_sigreturn": unix.SYS_RT_SIGRETURN,
		"sched_yield": unix.SYS_SCHED_YIELD, "madvise": unix.SYS_MADVISE, "nanosleep": unix.SYS_NANOSLEEP,
		"getpid": unix.SYS_GETPID, "clone": unix.SYS_CLONE, "exit": unix.SYS_EXIT, "sigaltstack": unix.SYS_SIGALTSTACK,
		"gettid": unix.SYS_GETTID, "futex": sysFutex, "restart_syscall": unix.SYS_RESTART_SYSCALL,
		"clock_gettime": unix.SYS_CLOCK_GETTIME, "exit_group": unix.SYS_EXIT_GROUP, "tgkill": unix.SYS_TGKILL,
		"getrandom": unix.SYS_GETRANDOM, "clone3": unix.SYS_CLONE3, "epoll_pwait": unix.SYS_EPOLL_PWAIT,
		"epoll_create1": unix.SYS_EPOLL_CREATE1, "epoll_ctl": unix.SYS_EPOLL_CTL, "eventfd2": unix.SYS_EVENTFD2,
	} {
		if listed := own.numbers[own.name(name)]; listed != number {
			t.Errorf("%s: listed as %d, the kernel's number is %d", own.name(name), listed, number)
		}
	}
	if n := len(own.numbers); n != 26 {
		t.Errorf("%d numbers are listed, 26 are compared here", n)
	}
}
