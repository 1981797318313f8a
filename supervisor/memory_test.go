//go:build !race

package supervisor

import (
	"context"
	"os"
	"testing"

	"picloud"
)

// stubMemoryMB is enough for a stub: a test binary, twice as large as a worker,
// with a cryptography library that keeps 32 MiB.
const stubMemoryMB = 96

// manyCalls is how many calls at once make a crowd.
const manyCalls = 40

// kinds are the ways to make workers that all tests are run with.
func kinds() []Kind { return []Kind{KindExec, KindZygote} }

// newSpawner makes workers as the daemon does, in the way that the tests are run
// with.
func newSpawner(path string, c *Credential) (Spawner, error) {
	if kind == KindZygote {
		return NewZygoteSpawner(path, c)
	}
	return NewNurserySpawner(path, c)
}

func TestMemoryLimit(t *testing.T) {
	s := start(t, "obeys", nil)
	j := job("grow")
	j.Limits.TimeoutMS = 300_000 // the VM takes its time
	r := s.Invoke(context.Background(), Invocation{Job: j})
	if r.Outcome != picloud.OutcomeLimitExceeded || r.Err.Details["limit"] != "memory_limit_mb" || r.Err.Details["value"] != int64(stubMemoryMB) {
		t.Fatalf("outcome %s, error %v, details %v", r.Outcome, r.Err, r.Err.Details)
	}
	const batch = 1 << 20 // the kernel charges ahead, in batches for each processor
	if s.Stats().Mode == ModeCgroup && (r.Usage.OOMKills == 0 || r.Usage.MemoryPeakBytes > stubMemoryMB<<20+batch) {
		t.Errorf("usage %+v", r.Usage)
	}
	if r := s.Invoke(context.Background(), Invocation{Job: job("answer")}); r.Outcome != picloud.OutcomeOK {
		t.Errorf("the next call: %s, %v", r.Outcome, r.Err)
	}
}

// A script that is killed because all together had no memory left has not
// reached its own limit.
func TestNodeOutOfMemory(t *testing.T) {
	if os.Getenv("PICLOUD_TEST_CGROUP") == "" {
		end := &ending{evidence: Evidence{OOMKills: 1}}
		if o, err := classify(end, job(""), ModeCgroup); o != picloud.OutcomeOverloaded || err.Code != picloud.CodeOverloaded {
			t.Fatalf("by the evidence alone: %s, %v", o, err)
		}
		return
	}
	s := start(t, "obeys", func(c *Config) {
		c.Enclosures.Close()
		root, err := DelegatedCgroup()
		if err != nil {
			t.Fatal(err)
		}
		if c.Enclosures, err = NewCgroupEnclosures(CgroupConfig{Root: root, MemoryMax: 96 << 20, Workers: 16}); err != nil {
			t.Fatal(err)
		}
	})
	j := job("grow")
	j.Limits.MemoryLimitMB, j.Limits.TimeoutMS = 256, 300_000
	if r := s.Invoke(context.Background(), Invocation{Job: j}); r.Outcome != picloud.OutcomeOverloaded {
		t.Fatalf("outcome %s, error %v", r.Outcome, r.Err)
	}
}
