package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// The descriptors of a zygote. Its socket stands where a worker's answers do, so
// that writing to it needs no more of the filter than a worker has. What comes
// with a request has the numbers after the ruleset's.
const (
	ZygoteSocketFD = 1
	rulesetFD      = firstForeignFD
	FirstRequestFD = rulesetFD + 1

	maxZygoteFDs = FirstRequestFD + 3
)

// workerPID is a zygote's worker's, in the pid namespace it is the first of.
const workerPID = 1

// User is who workers are made to run as.
type User struct{ UID, GID uint32 }

// Zygote locks a zygote and the workers it makes. Both are processes with one
// thread, in which nothing may ask the runtime for others: those that it thinks
// it has were not copied.
//
// What a worker has of layers in the end is what Lock gives, in two steps: of the
// zygote it has no_new_privs, most rlimits, a Landlock domain and a filter for a
// zygote's list of calls; by Worker it adds a domain of its own, the rest of the
// limits, and the filter that closes what is left. Its capabilities it gave up when
// it became who it is, see package zygote.
type Zygote struct {
	closing []unix.SockFilter
	limit   unix.Rlimit
}

// LockZygote locks the calling process as far as one can be that makes workers.
// They are to run as user, or as who it is if user is nil.
func LockZygote(user *User) (*Zygote, error) {
	if len(os.Environ()) != 0 {
		return nil, errors.New("the environment is not empty")
	}
	if err := checkRoot(); err != nil {
		return nil, fmt.Errorf("namespaces: %w", err)
	}
	z := &Zygote{limit: unix.Rlimit{Cur: maxFDs, Max: maxFDs}}
	var err error
	if z.closing, err = closing(runtime.GOARCH); err != nil {
		return nil, err
	}
	f, err := zygoteList(runtime.GOARCH, user)
	if err != nil {
		return nil, err
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("prctl(PR_SET_DUMPABLE): %w", err)
	}
	if err := keepCapabilities(user != nil); err != nil {
		return nil, err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("prctl(PR_SET_NO_NEW_PRIVS): %w", err)
	}
	fd, err := openRuleset()
	if err != nil {
		return nil, err
	}
	if fd != rulesetFD {
		return nil, fmt.Errorf("descriptor %d is open, of which nothing is known", rulesetFD)
	}
	if err := restrictSelf(); err != nil {
		return nil, err
	}
	if err := lowerResourceLimits(maxZygoteFDs); err != nil {
		return nil, err
	}
	return z, loadProgram(f.assemble(), 0)
}

// Worker locks a process that a locked zygote has made, for good, and closes all
// its descriptors but the first three. It is to be who it will be already, without
// a capability.
func (z *Zygote) Worker() error {
	if os.Getpid() != workerPID {
		return errNotFirst
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("prctl(PR_SET_DUMPABLE): %w", err)
	}
	if err := restrictSelf(); err != nil {
		return err
	}
	if err := unix.CloseRange(firstForeignFD, ^uint(0)>>1, 0); err != nil {
		return fmt.Errorf("close_range: %w", err)
	}
	if err := unix.Prlimit(0, unix.RLIMIT_NOFILE, &z.limit, nil); err != nil {
		return fmt.Errorf("prlimit64(RLIMIT_NOFILE): %w", err)
	}
	return loadProgram(z.closing, 0)
}

// restrictSelf puts the calling thread into a domain of the open ruleset, below
// the one it is in.
func restrictSelf() error {
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, rulesetFD, 0, 0); errno != 0 {
		return fmt.Errorf("landlock_restrict_self: %w", errno)
	}
	return nil
}

// keepCapabilities drops all but those that making workers takes: namespaces,
// and another user for them if there is one.
func keepCapabilities(user bool) error {
	needed := uint32(1 << unix.CAP_SYS_ADMIN)
	if user {
		needed |= 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var kept [2]unix.CapUserData
	if err := unix.Capget(&header, &kept[0]); err != nil {
		return fmt.Errorf("capget: %w", err)
	}
	kept[0] = unix.CapUserData{Effective: kept[0].Permitted & needed, Permitted: kept[0].Permitted & needed}
	kept[1] = unix.CapUserData{}
	if err := unix.Capset(&header, &kept[0]); err != nil {
		return fmt.Errorf("capset: %w", err)
	}
	return nil
}
