package supervisor

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"picloud/limits"
	"picloud/worker/wire"
)

// testEnclosures are where the tests of this package run: in a delegated cgroup v2
// if PICLOUD_TEST_CGROUP is set, else without.
func testEnclosures(t *testing.T) Enclosures {
	t.Helper()
	if os.Getenv("PICLOUD_TEST_CGROUP") == "" {
		t.Log("ran without cgroup v2 (RLIMIT_DATA)")
		e, err := NewRlimitEnclosures(testCredential())
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	root, err := DelegatedCgroup()
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewCgroupEnclosures(CgroupConfig{Root: root, MemoryMax: 512 << 20, Workers: 16})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("ran in cgroup v2 %s", root)
	return e
}

func testCredential() *Credential {
	if os.Geteuid() == 0 {
		return &Credential{UID: 65534, GID: 65534}
	}
	return nil
}

func testSpawner(t *testing.T, behaviour string) Spawner {
	t.Helper()
	s, err := newSpawner(stubPath(t, behaviour), testCredential())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// start starts a supervisor whose workers behave as named, and checks at the
// end that nothing of it is left.
func start(t *testing.T, behaviour string, change func(*Config)) *Supervisor {
	t.Helper()
	goroutines, fds := goleak.IgnoreCurrent(), openFDs(t)
	c := Config{
		Spawner: testSpawner(t, behaviour), Enclosures: testEnclosures(t),
		Workers: 4, Warm: 2, Queue: 100, Logger: zaptest.NewLogger(t, zaptest.Level(zap.ErrorLevel)),
	}
	if change != nil {
		change(&c)
	}
	s, err := Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if left := children(t); len(left) > 0 {
			t.Errorf("processes left: %v", left)
		}
		if now := openFDs(t); now != fds {
			t.Errorf("%d descriptors open before, %d after", fds, now)
		}
		if e, ok := c.Enclosures.(*cgroupEnclosures); ok {
			if _, err := os.Stat(e.path); !os.IsNotExist(err) {
				t.Errorf("cgroup %s is left: %v", e.path, err)
			}
		}
		goleak.VerifyNone(t, goroutines)
	})
	return s
}

func children(t *testing.T) []string {
	t.Helper()
	var found []string
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(lists) == 0 {
		t.Fatal("the kernel does not list children", err)
	}
	for _, l := range lists {
		data, _ := os.ReadFile(l) // of a thread that may have ended
		found = append(found, strings.Fields(string(data))...)
	}
	return found
}

func openFDs(t *testing.T) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, fd := range fds {
		// the runtime's own, opened when it first needs them
		if target, _ := os.Readlink("/proc/self/fd/" + fd.Name()); !strings.HasPrefix(target, "anon_inode:") {
			n++
		}
	}
	return n
}

func job(source string) *wire.Job {
	l := limits.Defaults()
	l.MemoryLimitMB, l.TimeoutMS = stubMemoryMB, 20_000
	return &wire.Job{Purpose: wire.Run, Source: source, Limits: l}
}
