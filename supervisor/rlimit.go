package supervisor

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"picloud/worker/nursery"
)

// dataBaseMB is what a Go process has of writable private mappings before its
// program begins, in MiB: mostly the index of its heap. RLIMIT_DATA counts it,
// memory.max would not.
const dataBaseMB = 36

// rlimitEnclosures is the degraded mode: RLIMIT_DATA in place of memory.max. The
// limit is set from outside, soft and hard, so that nothing depends on what the
// worker does.
type rlimitEnclosures struct{ credential *Credential }

// NewRlimitEnclosures gives the degraded mode for workers that run as
// credential, or as the daemon's own user if it is nil.
func NewRlimitEnclosures(credential *Credential) (Enclosures, error) {
	e := &rlimitEnclosures{credential}
	if err := e.asWorker(func() error { return nil }); err != nil { // nor would it be for a worker
		return nil, err
	}
	return e, nil
}

// asWorker calls f on a thread whose real user is the workers' meanwhile, for where the
// daemon may not do it as who it is, which is tried first, being faster: root
// may change another user's limits only with CAP_SYS_RESOURCE, which a daemon in a
// container often lacks, but a user may always lower the limits of its own
// processes. See prlimit(2), "Permissions". The kernel keeps users by thread.
func (e *rlimitEnclosures) asWorker(f func() error) error {
	if e.credential == nil {
		return f()
	}
	runtime.LockOSThread()
	uid, gid := os.Getuid(), os.Getgid()
	err := setRealUser(int(e.credential.UID), int(e.credential.GID))
	if err == nil {
		err = f()
	}
	if back := setRealUser(uid, gid); back != nil {
		return errors.Join(err, back) // not unlocked: the thread ends with the goroutine
	}
	runtime.UnlockOSThread()
	return err
}

// setRealUser changes who the calling thread, and no other, really is. It leaves
// who it acts as, and what it is capable of.
func setRealUser(uid, gid int) error {
	const same = ^uintptr(0)
	if _, _, errno := unix.RawSyscall(nursery.SysSetresgid, uintptr(gid), same, same); errno != 0 {
		return fmt.Errorf("setresgid: %w", errno)
	}
	if _, _, errno := unix.RawSyscall(nursery.SysSetresuid, uintptr(uid), same, same); errno != 0 {
		return fmt.Errorf("setresuid: %w", errno)
	}
	return nil
}

func limitData(pid int, bytes uint64) error {
	if err := unix.Prlimit(pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: bytes, Max: bytes}, nil); err != nil {
		return fmt.Errorf("prlimit(RLIMIT_DATA): %w", err)
	}
	return nil
}

func (e *rlimitEnclosures) Mode() Mode              { return ModeRlimit }
func (e *rlimitEnclosures) New() (Enclosure, error) { return rlimitEnclosure{e}, nil }
func (e *rlimitEnclosures) Close() error            { return nil }

type rlimitEnclosure struct{ all *rlimitEnclosures }

func (rlimitEnclosure) CgroupFD() int { return -1 }

func (r rlimitEnclosure) Limit(pid int, memoryLimitMB int64) error {
	bytes := uint64(dataBaseMB+memoryLimitMB) << 20
	err := limitData(pid, bytes)
	if errors.Is(err, unix.EPERM) && r.all.credential != nil {
		err = r.all.asWorker(func() error { return limitData(pid, bytes) })
	}
	return err
}

// Kill has nothing to do: a locked worker cannot make other processes, and
// its own is killed by who has it.
func (rlimitEnclosure) Kill() error                 { return nil }
func (rlimitEnclosure) Peak() int64                 { return 0 }
func (rlimitEnclosure) Evidence() (Evidence, error) { return Evidence{}, nil }
func (rlimitEnclosure) Remove() error               { return nil }
