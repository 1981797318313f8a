package sandbox

import (
	"slices"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

func machine(t *testing.T, program []unix.SockFilter) *bpf.VM {
	t.Helper()
	var raw []bpf.RawInstruction
	for _, i := range program {
		raw = append(raw, bpf.RawInstruction{Op: i.Code, Jt: i.Jt, Jf: i.Jf, K: i.K})
	}
	instructions, whole := bpf.Disassemble(raw)
	if !whole {
		t.Fatal("the filter has an instruction that is not classic BPF")
	}
	vm, err := bpf.NewVM(instructions)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

// both is what the kernel makes of two filters: the lowest answer, as a signed
// number, holds. See seccomp(2).
func both(a, b uint32) uint32 { return uint32(min(int32(a), int32(b))) }

// numbersToTry are all that a kernel may have a call for: x32 sets bit 30; ARM has
// private calls, and an older ABI from 0x900000 on.
func numbersToTry() []uint32 {
	numbers := []uint32{1 << 31, ^uint32(0)}
	for n := range uint32(4096) {
		numbers = append(numbers, n, 0x40000000|n, 0xf0000|n, 0x900000|n)
	}
	return numbers
}

// A zygote's worker may call exactly what an exec'ed one may: the zygote's list
// and the closing filter give together what the worker's own list gives, for every
// number, with arguments that pass a rule and with each of their bits turned.
func TestClosingLeavesTheWorkersList(t *testing.T) {
	users := map[string]*User{"the zygote's own user": nil, "another user": {UID: 65534, GID: 65534}}
	for goarch, a := range architectures() {
		for whose, user := range users {
			t.Run(goarch+", "+whose, func(t *testing.T) {
				list, err := zygoteList(goarch, user)
				if err != nil {
					t.Fatal(err)
				}
				program, err := closing(goarch)
				if err != nil {
					t.Fatal(err)
				}
				alone, err := allowList(goarch, workerPID)
				if err != nil {
					t.Fatal(err)
				}
				wide, narrow, want := machine(t, list.assemble()), machine(t, program), machine(t, alone.assemble())
				tries, differ := 0, 0
				try := func(c call) {
					tries++
					got, expected := both(run(t, wide, c), run(t, narrow, c)), run(t, want, c)
					if got != expected {
						if differ++; differ < 20 {
							t.Errorf("system call %#x%x: the two say %#x, the worker's own list %#x", c.number, c.args, got, expected)
						}
					}
				}
				for _, n := range numbersToTry() {
					try(call{n, a.audit, [6]uint64{}})
					try(call{n, a.audit ^ 1, [6]uint64{}})
				}
				for _, r := range slices.Concat(list.rules, alone.rules) {
					args := passing(r)
					for _, n := range numbersToTry() {
						try(call{n, a.audit, args})
					}
					for _, c := range r.checks {
						for _, value := range c.values {
							for bit := range 64 {
								mutated := args
								mutated[c.arg] = uint64(value) ^ 1<<bit
								try(call{r.number, a.audit, mutated})
							}
						}
					}
				}
				t.Logf("%d calls were tried", tries)
			})
		}
	}
}

// What a zygote may call beside a worker's list, and with which arguments.
func TestZygoteCalls(t *testing.T) {
	user := &User{UID: 70001, GID: 70002}
	for goarch, a := range architectures() {
		numbers := func(name string) uint32 {
			if n, ok := a.numbers[a.name(name)]; ok {
				return n
			}
			return a.zygote[a.name(name)]
		}
		for _, c := range []struct {
			call  string
			args  [6]uint64
			user  *User
			allow bool
		}{
			{"recvmsg", [6]uint64{1}, nil, true},
			{"recvmsg", [6]uint64{0}, nil, false},
			{"clone3", [6]uint64{}, nil, true},
			{"clone", [6]uint64{uint64(unix.SIGCHLD)}, nil, false},
			{"close_range", [6]uint64{3}, nil, true},
			{"close_range", [6]uint64{4}, nil, true},
			{"close_range", [6]uint64{0}, nil, false},
			{"unshare", [6]uint64{unix.CLONE_NEWUSER}, nil, true},
			{"unshare", [6]uint64{unix.CLONE_NEWNS}, nil, false},
			{"unshare", [6]uint64{unix.CLONE_NEWUSER | unix.CLONE_NEWNET}, nil, false},
			{"dup3", [6]uint64{4, 0}, nil, true},
			{"dup3", [6]uint64{5, 2}, nil, true},
			{"dup3", [6]uint64{5, 3}, nil, false},
			{"dup3", [6]uint64{1, 0}, nil, false},
			{"prlimit64", [6]uint64{0, unix.RLIMIT_NPROC}, nil, true},
			{"prlimit64", [6]uint64{1, unix.RLIMIT_NPROC}, nil, false},
			{"prlimit64", [6]uint64{0, unix.RLIMIT_FSIZE}, nil, false},
			{"prctl", [6]uint64{unix.PR_SET_PDEATHSIG}, nil, true},
			{"prctl", [6]uint64{unix.PR_SET_MM}, nil, false},
			{"prctl", [6]uint64{unix.PR_SET_SECCOMP}, nil, false},
			{"seccomp", [6]uint64{unix.SECCOMP_SET_MODE_FILTER, 0}, nil, true},
			{"seccomp", [6]uint64{unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER}, nil, false},
			{"landlock_restrict_self", [6]uint64{3}, nil, true},
			{"landlock_restrict_self", [6]uint64{4}, nil, false},
			{"setresuid", [6]uint64{70001, 70001, 70001}, nil, false},
			{"setresuid", [6]uint64{70001, 70001, 70001}, user, true},
			{"setresuid", [6]uint64{0, 0, 0}, user, false},
			{"setresuid", [6]uint64{70001, 70001, 0}, user, false},
			{"setresgid", [6]uint64{70002, 70002, 70002}, user, true},
			{"setresgid", [6]uint64{70002, 0, 70002}, user, false},
			{"setgroups", [6]uint64{0}, user, true},
			{"setgroups", [6]uint64{1}, user, false},
			{"setgroups", [6]uint64{0}, nil, false},
			{"tgkill", [6]uint64{workerPID}, nil, true},
			{"tgkill", [6]uint64{2}, nil, false},
			{"write", [6]uint64{1}, nil, true},
			{"write", [6]uint64{3}, nil, false},
		} {
			list, err := zygoteList(goarch, c.user)
			if err != nil {
				t.Fatal(err)
			}
			got := run(t, machine(t, list.assemble()), call{numbers(c.call), a.audit, c.args})
			if (got == allow) != c.allow || got != allow && got != kill {
				t.Errorf("%s: %s%x, user %v: filter says %#x, want it to be allowed: %t", goarch, c.call, c.args, c.user, got, c.allow)
			}
		}
	}
}

// The zygote's own numbers, as somebody else wrote them down, and as the kernel
// headers of this build have them.
func TestZygoteNumbers(t *testing.T) {
	// younger than the list we compare with; the same on all architectures
	young := map[string]uint32{"close_range": 436, "landlock_restrict_self": 446}
	for goarch, a := range architectures() {
		known, err := arch.GetInfo(goarch)
		if err != nil {
			t.Fatal(err)
		}
		for name, number := range a.zygote {
			other, isKnown := known.SyscallNumbers[int(number)]
			if isKnown && other != name || !isKnown && young[name] != number {
				t.Errorf("%s: %s is listed as %d, which is %q", goarch, name, number, other)
			}
		}
		if len(a.zygote) != 13 {
			t.Errorf("%s: %d numbers are listed, not 13", goarch, len(a.zygote))
		}
		if rules := birthCalls(&User{}); len(rules) != len(a.zygote) {
			t.Errorf("%s: %d numbers for %d rules", goarch, len(a.zygote), len(rules))
		}
	}
	if unix.SYS_CLOSE_RANGE != 436 || unix.SYS_LANDLOCK_RESTRICT_SELF != 446 {
		t.Error("the young ones have other numbers here")
	}
}
