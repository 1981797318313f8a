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

// systemd before 254, as in Debian 12, knows no DelegateSubgroup= and leaves the
// daemon in the cgroup that it is to divide: the daemon makes the leaf itself.
func TestWithoutDelegateSubgroup(t *testing.T) {
	d := startDaemon(t, withUnit("DelegateSubgroup=\n"))
	d.deploy("hello", "return 'hello'")
	d.run("hello").expect(t, 200, nil)
	if got := d.property("DelegateSubgroup"); got != "" {
		t.Errorf("systemd makes the leaf %q", got)
	}
	group, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", d.pid()))
	if want := "0::" + d.property("ControlGroup") + "/supervisor"; err != nil || strings.TrimSpace(string(group)) != want {
		t.Errorf("the daemon is in %q, want %q (%v)", group, want, err)
	}
}
