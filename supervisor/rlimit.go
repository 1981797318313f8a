package supervisor

import (
	"fmt"

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
type rlimitEnclosures struct {
	thread *thread // the only one that may set limits; nil if any may
}

// NewRlimitEnclosures gives the degraded mode for workers that run as
// credential, or as the daemon's own user if it is nil.
//
// Then limits are set on a thread of its own that has the workers' user: root
// may change another user's limits only with CAP_SYS_RESOURCE, which a daemon in a
// container often lacks, but a user may always lower the limits of its own
// processes. See prlimit(2), "Permissions".
func NewRlimitEnclosures(credential *Credential) (Enclosures, error) {
	if credential == nil {
		return &rlimitEnclosures{}, nil
	}
	e := &rlimitEnclosures{newThread()}
	var err error
	if e.thread.do(func() { err = become(*credential) }); err != nil {
		e.thread.end()
		return nil, err
	}
	return e, nil
}

// become gives the calling thread, and no other, to another user.
func become(c Credential) error {
	gid, uid := uintptr(c.GID), uintptr(c.UID)
	if _, _, errno := unix.RawSyscall(nursery.SysSetresgid, gid, gid, gid); errno != 0 {
		return fmt.Errorf("setresgid: %w", errno)
	}
	if _, _, errno := unix.RawSyscall(nursery.SysSetresuid, uid, uid, uid); errno != 0 {
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

func (e *rlimitEnclosures) Close() error {
	if e.thread != nil {
		e.thread.end()
	}
	return nil
}

type rlimitEnclosure struct{ all *rlimitEnclosures }

func (rlimitEnclosure) CgroupFD() int { return -1 }

func (r rlimitEnclosure) Limit(pid int, memoryLimitMB int64) (err error) {
	bytes := uint64(dataBaseMB+memoryLimitMB) << 20
	if r.all.thread == nil {
		return limitData(pid, bytes)
	}
	r.all.thread.do(func() { err = limitData(pid, bytes) })
	return err
}

// Kill has nothing to do: a locked worker cannot make other processes, and
// its own is killed by who has it.
func (rlimitEnclosure) Kill() error                 { return nil }
func (rlimitEnclosure) Peak() int64                 { return 0 }
func (rlimitEnclosure) Evidence() (Evidence, error) { return Evidence{}, nil }
func (rlimitEnclosure) Remove() error               { return nil }
