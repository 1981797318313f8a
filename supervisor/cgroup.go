package supervisor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/containerd/cgroups/v3/cgroup2"
	"golang.org/x/sys/unix"
)

// Limits of every worker's cgroup that no script can change.
const (
	tasksPerWorker = 64
	// workersWeight is the CPU share of all workers together against the
	// daemon's 100, so that the daemon answers while they compute.
	workersWeight = 50

	// WorkersGroup is the cgroup all workers' are in, beside DaemonGroup.
	WorkersGroup = "workers"

	// A worker may use one CPU, in microseconds of every period. Its share
	// against other workers' is the kernel's usual weight of 100, the same for
	// all: a captured one that has many threads gains nothing by them.
	cpuQuota  = 100_000
	cpuPeriod = 100_000
)

// CgroupConfig says where and how large the workers' cgroup is.
type CgroupConfig struct {
	// Root is the delegated cgroup, as a path below the cgroup v2 mount, such
	// as "/system.slice/picloud.service".
	Root string
	// MemoryMax bounds all workers together, in bytes.
	MemoryMax int64
	// Workers is how many may exist at a time.
	Workers int
}

// cgroupEnclosures keeps one cgroup a worker under <root>/workers.
type cgroupEnclosures struct {
	workers *cgroup2.Manager
	path    string // of the workers' cgroup, in the file system
	next    atomic.Uint64
}

// NewCgroupEnclosures takes over <root>/workers: what an earlier daemon left
// there is killed and removed, then the limits of all workers together are set.
func NewCgroupEnclosures(c CgroupConfig) (Enclosures, error) {
	group := filepath.Join(c.Root, WorkersGroup)
	e := &cgroupEnclosures{path: filepath.Join(cgroupMount, group)}
	if err := e.sweep(); err != nil {
		return nil, fmt.Errorf("removing what an earlier daemon left in %s: %w", e.path, err)
	}
	weight := uint64(workersWeight)
	workers, err := cgroup2.NewManager(cgroupMount, group, &cgroup2.Resources{
		CPU:    &cgroup2.CPU{Weight: &weight},
		Memory: &cgroup2.Memory{Max: &c.MemoryMax, Swap: noSwap()},
		Pids:   &cgroup2.Pids{Max: int64(tasksPerWorker * c.Workers)},
	})
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", e.path, err)
	}
	e.workers = workers
	err = os.WriteFile(filepath.Join(e.path, "cgroup.subtree_control"), []byte("+memory +pids +cpu"), 0)
	if err != nil {
		return nil, errors.Join(err, workers.Delete())
	}
	return e, nil
}

// noSwap is the value for memory.swap.max: with swap, zram included, memory.max
// would only push a worker's memory out of sight. A kernel built without swap has
// neither the file nor the need.
func noSwap() *int64 {
	if _, err := os.Stat("/proc/swaps"); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return new(int64)
}

func (e *cgroupEnclosures) Mode() Mode { return ModeCgroup }

// Close removes the workers' cgroup, with anything that is still in it.
func (e *cgroupEnclosures) Close() error { return e.sweep() }

// sweep kills all that is in the workers' cgroup and removes it with all below.
func (e *cgroupEnclosures) sweep() error {
	entries, err := os.ReadDir(e.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(e.path, "cgroup.kill"), []byte("1"), 0); err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeCgroup(filepath.Join(e.path, entry.Name())); err != nil {
				return err
			}
		}
	}
	return removeCgroup(e.path)
}

// removeCgroup removes a cgroup without children. The kernel says EBUSY until
// the last dead process in it has been reaped by its parent, which for processes
// of an earlier daemon is init.
func removeCgroup(path string) error {
	for wait := time.Millisecond; ; wait *= 2 {
		err := unix.Rmdir(path)
		if err == nil || errors.Is(err, unix.ENOENT) {
			return nil
		}
		if !errors.Is(err, unix.EBUSY) || wait > 2*time.Second {
			return &fs.PathError{Op: "rmdir", Path: path, Err: err}
		}
		time.Sleep(wait)
	}
}

func (e *cgroupEnclosures) New() (Enclosure, error) {
	name := strconv.FormatUint(e.next.Add(1), 10)
	group, err := e.workers.NewChild(name, nil)
	if err != nil {
		return nil, err
	}
	c := &cgroupEnclosure{group: group, path: filepath.Join(e.path, name), fd: -1, max: -1, peak: -1}
	wholeGroup, quota, period := true, int64(cpuQuota), uint64(cpuPeriod)
	err = group.Update(&cgroup2.Resources{
		Memory: &cgroup2.Memory{Swap: noSwap(), OOMGroup: &wholeGroup},
		Pids:   &cgroup2.Pids{Max: tasksPerWorker},
		CPU:    &cgroup2.CPU{Max: cgroup2.NewCPUMax(&quota, &period)},
	})
	if err == nil {
		err = c.open()
	}
	if err != nil {
		return nil, errors.Join(err, c.Remove())
	}
	return c, nil
}

// cgroupEnclosure is one worker's cgroup. What a call has to wait for is done on
// files that were opened before it came.
type cgroupEnclosure struct {
	group *cgroup2.Manager
	path  string
	fd    int // of the directory
	max   int // memory.max
	peak  int // memory.peak, -1 before Linux 5.19
}

func (c *cgroupEnclosure) open() (err error) {
	if c.fd, err = unix.Open(c.path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err != nil {
		return &fs.PathError{Op: "open", Path: c.path, Err: err}
	}
	if c.max, err = unix.Openat(c.fd, "memory.max", unix.O_WRONLY|unix.O_CLOEXEC, 0); err != nil {
		return fmt.Errorf("opening memory.max of %s: %w", c.path, err)
	}
	c.peak, err = unix.Openat(c.fd, "memory.peak", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("opening memory.peak of %s: %w", c.path, err)
	}
	return nil
}

func (c *cgroupEnclosure) CgroupFD() int { return c.fd }

func (c *cgroupEnclosure) Limit(_ int, memoryLimitMB int64) error {
	if _, err := unix.Pwrite(c.max, strconv.AppendInt(nil, memoryLimitMB<<20, 10), 0); err != nil {
		return fmt.Errorf("writing memory.max of %s: %w", c.path, err)
	}
	return nil
}

func (c *cgroupEnclosure) Peak() int64 {
	var text [32]byte
	n, err := unix.Pread(c.peak, text[:], 0)
	if err != nil {
		return 0
	}
	peak, err := strconv.ParseInt(strings.TrimSpace(string(text[:n])), 10, 64)
	if err != nil {
		return 0
	}
	return peak
}

func (c *cgroupEnclosure) Kill() error {
	return os.WriteFile(filepath.Join(c.path, "cgroup.kill"), []byte("1"), 0)
}

func (c *cgroupEnclosure) Evidence() (Evidence, error) {
	stat, err := c.group.StatFiltered(cgroup2.StatMemoryEvents)
	if err != nil {
		return Evidence{}, err
	}
	if stat.MemoryEvents == nil {
		return Evidence{}, fmt.Errorf("%s has no memory.events", c.path)
	}
	return Evidence{
		OOMKills:  stat.MemoryEvents.OomKill,
		OverLimit: stat.MemoryEvents.Oom > 0,
		PeakBytes: c.Peak(),
	}, nil
}

func (c *cgroupEnclosure) Remove() error {
	for _, fd := range []*int{&c.fd, &c.max, &c.peak} {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
	}
	return removeCgroup(c.path)
}
