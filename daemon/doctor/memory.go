package doctor

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"picloud/limits"
	"picloud/supervisor"
)

// memory compares what is available with what all workers may take if each has
// the default limit.
func memory(_ context.Context, s *System) Result {
	total, err := s.Memory()
	if err != nil {
		return failed(err)
	}
	available, found := s.availableMB()
	if !found {
		return warning("mount /proc, with all of it visible", "what is available cannot be read from /proc/meminfo")
	}
	workers := s.Workers
	if workers == 0 {
		workers = s.DefaultWorkers(total / 4 * 3)
	}
	each := limits.Defaults().MemoryLimitMB
	need := int64(workers) * each
	sum := fmt.Sprintf("%d MiB are available of %d; %d workers of %d MiB may take %d", available, total>>20, workers, each, need)
	switch {
	case available < each:
		return failure("stop other programs, or take a board with more memory", "%s, and not even one fits", sum)
	case available < need:
		return warning(fmt.Sprintf("set PICLOUD_WORKERS=%d, or stop other programs", available/each), "%s", sum)
	}
	return ok("%s", sum)
}

// availableMB is MemAvailable of /proc/meminfo, see proc_meminfo(5).
func (s *System) availableMB() (int64, bool) {
	text, err := s.read("proc/meminfo")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "MemAvailable:" {
			kB, err := strconv.ParseInt(f[1], 10, 64)
			return kB >> 10, err == nil
		}
	}
	return 0, false
}

// swap is no worker's, since memory.swap.max is 0: it matters where that cannot
// be set, or is not what holds a worker's memory.
func swap(ctx context.Context, s *System) Result {
	text, err := s.read("proc/swaps")
	if err != nil {
		return ok("the kernel has none")
	}
	var devices []string
	onDisk := false
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) >= 3 && f[0] != "Filename" {
			kB, _ := strconv.ParseInt(f[2], 10, 64)
			devices = append(devices, fmt.Sprintf("%s (%d MiB)", f[0], kB>>10))
			onDisk = onDisk || !strings.HasPrefix(f[0], "/dev/zram")
		}
	}
	list := strings.Join(devices, ", ")
	d, delegated := s.delegation()
	if delegated && d.cgroup != "" && s.exists(supervisor.CgroupFile(d.cgroup, "memory.max")) &&
		!s.exists(supervisor.CgroupFile(d.cgroup, "memory.swap.max")) {
		return s.missing("take swapaccount=0 from the kernel command line, or run a kernel with swap accounting, and reboot",
			"the kernel cannot keep a worker from it: there is no memory.swap.max")
	}
	if len(devices) == 0 {
		return ok("none is in use")
	}
	if h, err := s.greet(ctx); onDisk && err == nil && h.Mode != supervisor.ModeCgroup && !delegated {
		return warning("switch it off (sudo swapoff -a), or see the check cgroup v2",
			"%s: without cgroup v2 a worker's memory may be swapped, which slows calls down and wears an SD card", list)
	}
	return ok("%s; workers get none of it (memory.swap.max is 0)", list)
}
