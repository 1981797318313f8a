package supervisor

import (
	"fmt"
	"runtime"
	"sync"

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
	requests chan rlimitRequest // nil if any thread may set limits
	closing  sync.Once
	ended    chan struct{}
}

type rlimitRequest struct {
	pid    int
	bytes  uint64
	answer chan<- error
}

// NewRlimitEnclosures gives the degraded mode for workers that run as
// credential, or as the daemon's own user if it is nil.
func NewRlimitEnclosures(credential *Credential) (Enclosures, error) {
	e := &rlimitEnclosures{}
	if credential == nil {
		return e, nil
	}
	e.requests, e.ended = make(chan rlimitRequest), make(chan struct{})
	ready := make(chan error)
	go e.serve(*credential, ready)
	if err := <-ready; err != nil {
		<-e.ended
		return nil, err
	}
	return e, nil
}

// serve sets limits on a thread of its own that has the workers' user: root
// may change another user's limits only with CAP_SYS_RESOURCE, which a daemon in a
// container often lacks, but a user may always lower the limits of its own
// processes. See prlimit(2), "Permissions". The kernel keeps users by thread.
func (e *rlimitEnclosures) serve(c Credential, ready chan<- error) {
	defer close(e.ended)
	runtime.LockOSThread() // not unlocked: the thread ends with the goroutine
	gid, uid := uintptr(c.GID), uintptr(c.UID)
	if _, _, errno := unix.RawSyscall(nursery.SysSetresgid, gid, gid, gid); errno != 0 {
		ready <- fmt.Errorf("setresgid: %w", errno)
		return
	}
	if _, _, errno := unix.RawSyscall(nursery.SysSetresuid, uid, uid, uid); errno != 0 {
		ready <- fmt.Errorf("setresuid: %w", errno)
		return
	}
	ready <- nil
	for r := range e.requests {
		r.answer <- limitData(r.pid, r.bytes)
	}
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
	if e.requests != nil {
		e.closing.Do(func() { close(e.requests) })
		<-e.ended
	}
	return nil
}

type rlimitEnclosure struct{ all *rlimitEnclosures }

func (rlimitEnclosure) CgroupFD() int { return -1 }

func (r rlimitEnclosure) Limit(pid int, memoryLimitMB int64) error {
	bytes := uint64(dataBaseMB+memoryLimitMB) << 20
	if r.all.requests == nil {
		return limitData(pid, bytes)
	}
	answer := make(chan error, 1)
	r.all.requests <- rlimitRequest{pid, bytes, answer}
	return <-answer
}

// Kill has nothing to do: a locked worker cannot make other processes, and
// its own is killed by who has it.
func (rlimitEnclosure) Kill() error                 { return nil }
func (rlimitEnclosure) Peak() int64                 { return 0 }
func (rlimitEnclosure) Evidence() (Evidence, error) { return Evidence{}, nil }
func (rlimitEnclosure) Remove() error               { return nil }
