package daemon

import (
	"context"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"picloud"
	"picloud/limits"
	"picloud/supervisor"
)

// startSupervisor finds out what this machine can hold, and starts the pool
// with it; or says what is missing.
func startSupervisor(ctx context.Context, c Config) (*supervisor.Supervisor, error) {
	if err := supervisor.CheckKernel(); err != nil {
		return nil, err
	}
	budget, err := MemoryBudget()
	if err != nil {
		return nil, err
	}
	config := supervisor.Config{
		Workers: c.Workers, Warm: c.Warm, Queue: c.Queue, Logger: c.Logger,
	}
	if config.Workers == 0 {
		config.Workers = DefaultWorkers(budget)
	}
	if config.Warm == 0 {
		config.Warm = min(config.Workers, max(2, runtime.NumCPU()))
	}
	credential := WorkerCredential()
	config.Enclosures, err = enclosures(c, supervisor.CgroupConfig{
		MemoryMax: budget,
		Workers:   config.Workers + config.Warm,
	}, credential)
	if err != nil {
		return nil, err
	}
	config.Spawner, err = spawner(c, credential, config.Enclosures)
	if err != nil {
		return nil, errors.Join(err, config.Enclosures.Close())
	}
	sup, err := supervisor.Start(ctx, config)
	if err != nil {
		return nil, err
	}
	c.Logger.Info("workers are ready",
		zap.String("isolation", string(config.Enclosures.Mode())), zap.String("spawner", string(config.Spawner.Kind())), zap.Int("workers", config.Workers),
		zap.Int("warm", config.Warm), zap.Int("queue", config.Queue), zap.Int64("memory_max_bytes", budget))
	return sup, nil
}

// enclosures takes cgroup v2, or what --isolation=degraded allows instead.
func enclosures(c Config, config supervisor.CgroupConfig, credential *supervisor.Credential) (supervisor.Enclosures, error) {
	root, err := supervisor.DelegatedCgroup()
	if err == nil {
		config.Root = root
		return supervisor.NewCgroupEnclosures(config)
	}
	if c.Isolation != IsolationDegraded {
		e := picloud.AsError(err)
		e.Hint += "; or accept less with --isolation=degraded"
		return nil, e
	}
	e := picloud.AsError(err)
	c.Logger.Warn("isolation is degraded: memory_limit_mb is held by RLIMIT_DATA, tasks and CPU are not held",
		zap.String("missing", e.Message), zap.String("hint", e.Hint))
	return supervisor.NewRlimitEnclosures(credential)
}

// spawner puts workers into namespaces, or does what --isolation=degraded allows
// instead where that is the one thing missing. There is no zygote without.
func spawner(c Config, credential *supervisor.Credential, enclosures supervisor.Enclosures) (s supervisor.Spawner, err error) {
	switch c.Spawner {
	case SpawnerZygote:
		return supervisor.NewZygoteSpawner(c.Worker, credential)
	case SpawnerExec:
		s, err = supervisor.NewNurserySpawner(c.Worker, credential)
	default:
		s, err = supervisor.NewAutoSpawner(c.Worker, credential, enclosures, c.Logger)
	}
	if err == nil || !errors.Is(err, supervisor.ErrNoNamespaces) {
		return s, err
	}
	e := picloud.AsError(err)
	if c.Isolation != IsolationDegraded {
		e.Hint += "; or accept less with --isolation=degraded"
		return nil, e
	}
	c.Logger.Warn("isolation is degraded: workers are in no namespaces of their own (user, mount, pid, network, ipc, uts, cgroup), "+
		"and have no empty root", zap.String("missing", e.Message), zap.String("hint", e.Hint))
	return supervisor.NewExecSpawner(c.Worker, credential)
}

// DefaultWorkers is how many invocations run at a time on this machine's CPUs if
// nothing else is asked for: in budget bytes, each with the default memory limit.
func DefaultWorkers(budget int64) int {
	return max(1, min(4*runtime.NumCPU(), int(budget/(limits.Defaults().MemoryLimitMB<<20))))
}

// MemoryBudget is what all workers together may have, in bytes: three quarters
// of what there is.
func MemoryBudget() (int64, error) {
	memory, err := MachineMemory()
	return memory / 4 * 3, err
}

// MachineMemory is what there is for daemon and workers, in bytes: the machine's
// memory, or that of the daemon's own cgroup if it has less.
func MachineMemory() (int64, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0, err
	}
	total := int64(info.Totalram) * int64(info.Unit)
	if own, err := os.ReadFile("/proc/self/cgroup"); err == nil {
		dir := filepath.Join("/sys/fs/cgroup", strings.TrimPrefix(strings.TrimSpace(string(own)), "0::"))
		for ; strings.HasPrefix(dir, "/sys/fs/cgroup/"); dir = filepath.Dir(dir) {
			data, err := os.ReadFile(filepath.Join(dir, "memory.max"))
			if err != nil {
				continue
			}
			if n, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 64); err == nil { // not "max"
				total = min(total, n)
			}
		}
	}
	return total, nil
}

// WorkerCredential is the user for the workers of a daemon that runs as root:
// picloud if there is one, else nobody. An unprivileged daemon's workers run as
// its own user.
func WorkerCredential() *supervisor.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"picloud", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 && gid != 0 {
			return &supervisor.Credential{UID: uint32(uid), GID: uint32(gid)}
		}
	}
	const overflow = 65534 // "nobody" of every distribution
	return &supervisor.Credential{UID: overflow, GID: overflow}
}
