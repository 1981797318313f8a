package supervisor

import (
	"strings"
	"testing"

	"picloud"
)

func TestKernelOfTheseTestsServes(t *testing.T) {
	if err := CheckKernel(); err != nil {
		t.Fatal(err)
	}
}

// A Raspberry Pi's firmware switches the memory controller off: the hint has the
// exact word that switches it on.
func TestHints(t *testing.T) {
	if hint := kernelHint("memory"); !strings.Contains(hint, "cgroup_enable=memory") || !strings.Contains(hint, "reboot") {
		t.Errorf("memory: %q", hint)
	}
	if hint := kernelHint("pids"); !strings.Contains(hint, "cgroup_disable=pids") {
		t.Errorf("pids: %q", hint)
	}
	dir := t.TempDir() // has no cgroup.controllers
	if err := checkControllers(dir, kernelHint); picloud.ErrorCode(err) != picloud.CodeCannotStart {
		t.Errorf("a directory that is no cgroup: %v", err)
	}
}
