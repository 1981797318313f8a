package supervisor

// Mode is how the workers' memory is held.
type Mode string

const (
	// ModeCgroup: cgroup v2 holds memory, tasks and CPU share of each worker.
	ModeCgroup Mode = "cgroup"
	// ModeRlimit: RLIMIT_DATA bounds each worker's data; tasks and CPU share
	// are not bounded. Only with --isolation=degraded.
	ModeRlimit Mode = "rlimit"
)

// Enclosures makes the kernel-side enclosure of each worker.
//
// New gives a fresh one, empty, with every limit but the memory limit of the
// coming job in force. Close removes what the enclosures share; all of them have
// been removed before; a second Close does nothing. Both fail loudly: a limit that cannot be set is an error.
type Enclosures interface {
	Mode() Mode
	New() (Enclosure, error)
	Close() error
}

// Enclosure holds one worker process, from birth to after its death.
type Enclosure interface {
	// CgroupFD is the directory the process is to be born in, -1 for none.
	CgroupFD() int

	// Limit sets the memory of the process pid, before it gets its job. After
	// an error the process must not get one.
	Limit(pid int, memoryLimitMB int64) error

	// Kill ends everything in the enclosure. It may be called any number of
	// times, before and after the process has ended by itself.
	Kill() error

	// Peak is the most memory the process has held so far, in bytes, 0 if the
	// kernel does not say. It may have ended.
	Peak() int64

	// Evidence is what the kernel noted, once the process has been reaped.
	Evidence() (Evidence, error)

	// Remove gives everything back, once the process has been reaped and the
	// evidence read.
	Remove() error
}

// Evidence is the kernel's own account of a worker's memory.
type Evidence struct {
	// OOMKills counts processes of this worker that the kernel's OOM killer
	// ended, for whatever limit: memory.events, oom_kill.
	OOMKills uint64
	// OverLimit tells whether this worker's own limit was what ran out, and
	// not that of all workers together: memory.events, oom.
	OverLimit bool
	// PeakBytes is the most memory held at a time, 0 if the kernel does not
	// say: memory.peak, Linux 5.19.
	PeakBytes int64
}
