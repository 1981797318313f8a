package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"picloud/worker/nursery"
	"picloud/worker/zygote"
)

// workers lists the processes that are workers of this daemon, by the program
// they were started from: after the daemon's death they may have another parent.
// Copies of a zygote have its arguments, and a worker's name.
func (d *daemon) workers() []int {
	d.t.Helper()
	return d.processes(func(pid int, cmdline string) bool {
		return begins(cmdline, d.worker) || begins(cmdline, zygote.Name, d.worker) && isCopy(pid)
	})
}

// nurseries lists the processes that make them.
func (d *daemon) nurseries() []int {
	d.t.Helper()
	return d.processes(func(pid int, cmdline string) bool {
		return begins(cmdline, nursery.Name, d.worker) || begins(cmdline, zygote.Name, d.worker) && !isCopy(pid)
	})
}

// begins tells whether a process's arguments begin so.
func begins(cmdline string, arguments ...string) bool {
	return strings.HasPrefix(cmdline, strings.Join(arguments, "\x00")+"\x00")
}

// isCopy tells whether a process with a zygote's arguments has become a worker.
func isCopy(pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && string(name) == zygote.WorkerName+"\n"
}

// processes lists those that match.
func (d *daemon) processes(match func(pid int, cmdline string) bool) []int {
	d.t.Helper()
	var pids []int
	entries, err := os.ReadDir("/proc")
	if err != nil {
		d.t.Fatal(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		cmdline, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err == nil && match(pid, string(cmdline)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// workerGroups lists the cgroups of workers.
func (d *daemon) workerGroups() []string {
	d.t.Helper()
	if !inSystemd() {
		return nil
	}
	groups, err := filepath.Glob(filepath.Join(d.cgroup(), "workers", "*", "cgroup.procs"))
	if err != nil {
		d.t.Fatal(err)
	}
	return groups
}

// checkNothingLeft looks after a daemon's stop for what must be gone.
func (d *daemon) checkNothingLeft() {
	d.t.Helper()
	d.eventually("no worker process is left", 5*time.Second, func() bool { return len(d.workers()) == 0 })
	d.eventually("no nursery is left", 5*time.Second, func() bool { return len(d.nurseries()) == 0 })
	if d.unit != "" {
		path := filepath.Join("/sys/fs/cgroup/picloud.slice", d.unit)
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			d.t.Errorf("cgroup %s is left: %v", path, err)
		}
	}
	if _, err := os.Stat(d.path("admin.sock")); !errors.Is(err, fs.ErrNotExist) {
		d.t.Errorf("the admin socket is left: %v", err)
	}
}

// resources is what a daemon holds when it is at rest. Descriptors of the
// database are left out: its pool opens a connection when there is use for it.
type resources struct{ workers, groups, descriptors int }

func (d *daemon) resources() resources {
	d.t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd/", d.pid())
	fds, err := os.ReadDir(dir)
	if err != nil {
		d.t.Fatal(err)
	}
	r := resources{len(d.workers()), len(d.workerGroups()), 0}
	for _, fd := range fds {
		if target, err := os.Readlink(dir + fd.Name()); err == nil && !strings.Contains(target, "picloud.db") {
			r.descriptors++
		}
	}
	return r
}

// backTo waits until the daemon holds just what it held before.
func (d *daemon) backTo(before resources) {
	d.t.Helper()
	for deadline := time.Now().Add(patience(5 * time.Second)); ; time.Sleep(50 * time.Millisecond) {
		after := d.resources()
		if after == before {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("before %+v, after %+v", before, after)
		}
	}
}

// atRest waits until the pool is full and nothing runs.
func (d *daemon) atRest() {
	d.t.Helper()
	d.eventually("the daemon is at rest", 10*time.Second, func() bool {
		a := d.request("GET", "/readyz", "")
		pool, _ := a.field("pool").(map[string]any)
		return a.status == 200 && pool["running"] == 0.0 && pool["starting"] == 0.0 &&
			pool["idle"] == pool["warm"] &&
			len(d.workers()) == int(pool["idle"].(float64))
	})
}

// busyWorker waits until one worker has been computing for a while without a
// pause. One that only starts pauses before it has used so much time.
func (d *daemon) busyWorker() int {
	d.t.Helper()
	const samples, apart = 8, 100 * time.Millisecond
	grown, ticks := map[int]int{}, map[int]int{}
	var found int
	d.eventually("a worker is busy", 10*time.Second, func() bool {
		for _, pid := range d.workers() {
			now := cpuTicks(pid)
			if before, seen := ticks[pid]; seen && now > before {
				grown[pid]++
			} else {
				grown[pid] = 0
			}
			ticks[pid] = now
			if grown[pid] >= samples {
				found = pid
			}
		}
		time.Sleep(apart)
		return found != 0
	})
	return found
}

// cpuTicks is utime and stime of a process, see proc_pid_stat(5).
func cpuTicks(pid int) int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	utime, _ := strconv.Atoi(fields[11])
	stime, _ := strconv.Atoi(fields[12])
	return utime + stime
}
