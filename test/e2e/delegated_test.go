//go:build vm

package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The service is unprivileged, and what it made of its cgroup is as promised.
func TestDaemonIsUnprivileged(t *testing.T) {
	d := startDaemon(t)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.pid()))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(status), "CapEff:\t0000000000000000\n") || strings.Contains(string(status), "Uid:\t0\t") {
		t.Errorf("the daemon has privileges:\n%s", status)
	}
	for file, want := range map[string]string{
		"workers/memory.swap.max": "0", "workers/cpu.weight": "50", "workers/cgroup.subtree_control": "cpu memory pids",
	} {
		data, err := os.ReadFile(d.cgroup() + "/" + file)
		if err != nil || strings.TrimSpace(string(data)) != want {
			t.Errorf("%s is %q, %v; want %q", file, data, err, want)
		}
	}
	if max, err := os.ReadFile(d.cgroup() + "/workers/memory.max"); err != nil || strings.HasPrefix(string(max), "max") {
		t.Errorf("all workers together: memory.max %q, %v", max, err)
	}
	d.atRest()
	for _, procs := range d.workerGroups() {
		dir := strings.TrimSuffix(procs, "cgroup.procs")
		for file, want := range map[string]string{"memory.swap.max": "0", "memory.oom.group": "1", "pids.max": "64",
			"cpu.max": "100000 100000", "cpu.weight": "100"} {
			data, err := os.ReadFile(dir + file)
			if err != nil || strings.TrimSpace(string(data)) != want {
				t.Errorf("%s%s is %q, %v; want %q", dir, file, data, err, want)
			}
		}
	}
}
