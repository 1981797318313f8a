package sandbox

import (
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sys/unix"
)

// zygoteList is what a zygote and, until they have closed it, its workers may
// call: all that a worker may, and what it takes to become one as user, or as who
// the zygote is if user is nil. clone3, whose flags a filter cannot see, is open.
func zygoteList(goarch string, user *User) (filter, error) {
	f, err := allowList(goarch, workerPID)
	if err != nil {
		return filter{}, err
	}
	for i := range f.rules {
		if f.rules[i].name == "clone3" {
			f.rules[i].errno = 0
		}
	}
	rules := birthCalls(user)
	a := architectures()[goarch]
	if err := a.resolve(rules, a.zygote); err != nil {
		return filter{}, err
	}
	f.rules = append(f.rules, rules...)
	return f, nil
}

// birthCalls are a zygote's own, and those of a worker's birth.
func birthCalls(user *User) []rule {
	rules := []rule{
		{name: "recvmsg", checks: []check{oneOf(0, ZygoteSocketFD)}},
		{name: "close_range", checks: []check{oneOf(0, rulesetFD, FirstRequestFD)}},
		{name: "setsid"},
		{name: "unshare", checks: []check{{arg: 0, mask: anyBit, values: []uint32{unix.CLONE_NEWUSER}, high: true}}},
		{name: "prlimit64", checks: []check{oneOf(0, 0), oneOf(1, unix.RLIMIT_NPROC, unix.RLIMIT_NOFILE)}},
		{name: "dup3", checks: []check{oneOf(0, FirstRequestFD, FirstRequestFD+1), oneOf(1, 0, 1, 2), oneOf(2, 0)}},
		{name: "prctl", checks: []check{oneOf(0, unix.PR_SET_PDEATHSIG, unix.PR_SET_DUMPABLE, unix.PR_SET_NAME)}},
		{name: "capset"},
		{name: "landlock_restrict_self", checks: []check{oneOf(0, rulesetFD), oneOf(1, 0)}},
		{name: "seccomp", checks: []check{oneOf(0, unix.SECCOMP_SET_MODE_FILTER), oneOf(1, 0)}},
	}
	if user != nil {
		rules = append(rules,
			rule{name: "setgroups", checks: []check{oneOf(0, 0)}},
			rule{name: "setresgid", checks: []check{oneOf(0, user.GID), oneOf(1, user.GID), oneOf(2, user.GID)}},
			rule{name: "setresuid", checks: []check{oneOf(0, user.UID), oneOf(1, user.UID), oneOf(2, user.UID)}},
		)
	}
	return rules
}

// closing is the short filter by which a zygote's worker gives up what a worker
// has no use for; what zygoteList leaves open under it is allowList. It is short
// because every worker loads it: the kernel compiles it each time.
func closing(goarch string) ([]unix.SockFilter, error) {
	a, ok := architectures()[goarch]
	if !ok {
		return nil, fmt.Errorf("there is no list of system calls for %s", goarch)
	}
	program := []unix.SockFilter{
		load(offArch),
		jumpIfEqual(a.audit, 1, 0),
		ret(unix.SECCOMP_RET_KILL_PROCESS),
		load(offNumber),
		jumpIfEqual(a.numbers["clone3"], 0, 1),
		ret(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)),
	}
	numbers := slices.Sorted(maps.Values(a.zygote))
	for i, number := range numbers {
		program = append(program, jumpIfEqual(number, len(numbers)-i, 0)) // over those that are left and the return below
	}
	return append(program, ret(unix.SECCOMP_RET_ALLOW), ret(unix.SECCOMP_RET_KILL_PROCESS)), nil
}
