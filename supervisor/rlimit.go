package supervisor

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// dataBaseMB is what a Go process has of writable private mappings before its
// program begins, in MiB: mostly the index of its heap. RLIMIT_DATA counts it,
// memory.max would not.
const dataBaseMB = 36

// NewRlimitEnclosures gives the degraded mode.
func NewRlimitEnclosures() Enclosures { return rlimitEnclosures{} }

// rlimitEnclosures is the degraded mode: RLIMIT_DATA in place of memory.max.
type rlimitEnclosures struct{}

func (rlimitEnclosures) Mode() Mode              { return ModeRlimit }
func (rlimitEnclosures) New() (Enclosure, error) { return rlimitEnclosure{}, nil }
func (rlimitEnclosures) Close() error            { return nil }

type rlimitEnclosure struct{}

func (rlimitEnclosure) CgroupFD() int { return -1 }

// Limit sets the limit from outside, soft and hard, so that nothing depends on
// what the worker does. See RLIMIT_DATA in setrlimit(2).
func (rlimitEnclosure) Limit(pid int, memoryLimitMB int64) error {
	bytes := uint64(dataBaseMB+memoryLimitMB) << 20
	if err := unix.Prlimit(pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: bytes, Max: bytes}, nil); err != nil {
		return fmt.Errorf("prlimit(RLIMIT_DATA): %w", err)
	}
	return nil
}

// Kill has nothing to do: a locked worker cannot make other processes, and
// its own is killed by who has it.
func (rlimitEnclosure) Kill() error                 { return nil }
func (rlimitEnclosure) Evidence() (Evidence, error) { return Evidence{}, nil }
func (rlimitEnclosure) Remove() error               { return nil }
