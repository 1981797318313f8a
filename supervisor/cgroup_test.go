//go:build vm

package supervisor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"picloud"
)

// What an earlier daemon left, processes and all, is gone before the first
// worker is made.
func TestLeftoversAreSwept(t *testing.T) {
	root, err := DelegatedCgroup()
	if err != nil {
		t.Fatal(err)
	}
	config := CgroupConfig{Root: root, MemoryMax: 128 << 20, Workers: 2}
	earlier, err := NewCgroupEnclosures(config)
	if err != nil {
		t.Fatal(err)
	}
	left, err := earlier.New()
	if err != nil {
		t.Fatal(err)
	}
	orphan := exec.Command("/bin/sleep", "1000")
	orphan.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: left.CgroupFD()}
	if err := orphan.Start(); err != nil {
		t.Fatal(err)
	}
	reaped := make(chan error)
	go func() { reaped <- orphan.Wait() }() // a zombie holds its cgroup: init would reap it
	path := left.(*cgroupEnclosure).path

	e, err := NewCgroupEnclosures(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-reaped; err == nil {
		t.Error("the orphan ended well")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is left: %v", path, err)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		t.Errorf("the workers' cgroup is not there again: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// No worker gets a cgroup that another had: not its name, and nothing that
// the kernel counted in it.
func TestEveryWorkerHasAFreshCgroup(t *testing.T) {
	s := start(t, "obeys", nil)
	j := job("grow")
	j.Limits.TimeoutMS = 300_000
	if r := s.Invoke(context.Background(), Invocation{Job: j}); r.Usage.OOMKills == 0 {
		t.Fatalf("%s, %v, %+v", r.Outcome, r.Err, r.Usage)
	}
	for range 4 { // more than were warm
		r := s.Invoke(context.Background(), Invocation{Job: job("answer")})
		if r.Outcome != picloud.OutcomeOK || r.Usage.OOMKills != 0 || r.Usage.MemoryPeakBytes > stubMemoryMB<<19 {
			t.Errorf("%s, %v, %+v", r.Outcome, r.Err, r.Usage)
		}
	}
	paths := map[string]bool{}
	for range 3 {
		e, err := s.config.Enclosures.New()
		if err != nil {
			t.Fatal(err)
		}
		path := e.(*cgroupEnclosure).path
		if evidence, err := e.Evidence(); err != nil || evidence.OOMKills != 0 || evidence.OverLimit || paths[path] {
			t.Errorf("%s: %+v, %v", path, evidence, err)
		}
		paths[path] = true
		if err := e.Remove(); err != nil {
			t.Error(err)
		}
	}
}

// Limits that cannot be set are errors, never silence.
func TestLimitThatCannotBeSet(t *testing.T) {
	root, err := DelegatedCgroup()
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewCgroupEnclosures(CgroupConfig{Root: root, MemoryMax: 128 << 20, Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := os.WriteFile(filepath.Join(e.(*cgroupEnclosures).path, "cgroup.subtree_control"), []byte("-memory"), 0); err != nil {
		t.Fatal(err)
	}
	if c, err := e.New(); err == nil {
		t.Errorf("an enclosure without a memory controller was made: %+v", c)
	}
	if _, err := NewCgroupEnclosures(CgroupConfig{Root: "/no/such.slice", MemoryMax: 1, Workers: 1}); err == nil {
		t.Error("a cgroup that is not ours was taken")
	}
}
