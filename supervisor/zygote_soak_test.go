//go:build !race

package supervisor

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/zap"

	"picloud"
	"picloud/limits"
	"picloud/worker/wire"
)

// soakCopies is how many copies TestZygoteSoak makes: some thousand, more than one
// zygote may make, or as many as SOAK_COPIES says; fewer under emulation.
func soakCopies(t *testing.T) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("SOAK_COPIES")); err == nil && n > 0 {
		return n
	}
	if os.Getenv("PICLOUD_TEST_CGROUP") != "" {
		return 300
	}
	return 4000
}

// Thousands of copies that collect garbage, wait for timers and goroutines, move
// their stacks, reach limits and are killed: each has its answer, and the right one,
// and neither the zygote nor what it needs grows.
func TestZygoteSoak(t *testing.T) {
	var z *zygoteSpawner
	program := realWorker(t)
	s := start(t, "obeys", func(c *Config) {
		c.Spawner.Close()
		spawner, err := NewZygoteSpawner(program, testCredential())
		if err != nil {
			t.Fatal(err)
		}
		c.Spawner, z = spawner, spawner.(*zygoteSpawner)
		c.Logger = zap.NewNop()
	})
	jobs := []struct {
		name, source, body string
		timeoutMS          int64
		outcome            picloud.Outcome
	}{
		{"a sum", "return 6 * 7", "42", 60_000, picloud.OutcomeOK},
		{"garbage", "local n = 0 for i = 1, 200 do local t = {} for j = 1, 300 do t[j] = 'x' .. j end n = n + #t end return n", "60000", 60_000, picloud.OutcomeOK},
		{"recursion", "local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end return f(60)", "60", 60_000, picloud.OutcomeOK},
		{"coroutines", "local n = 0 for i = 1, 50 do local c = coroutine.wrap(function() coroutine.yield(1) return 2 end) n = n + c() + c() end return n", "150", 60_000, picloud.OutcomeOK},
		{"too deep", "local function f() return 1 + f() end return f()", "", 60_000, picloud.OutcomeLimitExceeded},
		{"killed", "while true do end", "", 5, picloud.OutcomeTimeout},
		{"proof", "", "", 60_000, picloud.OutcomeOK},
	}
	var next atomic.Int64
	var callers sync.WaitGroup
	for range s.config.Workers {
		callers.Go(func() {
			for i := next.Add(1); i <= int64(soakCopies(t)); i = next.Add(1) {
				j := jobs[i%int64(len(jobs))]
				work := &wire.Job{Purpose: wire.Run, Source: j.source, Limits: limits.Defaults()}
				work.Limits.TimeoutMS, work.Limits.MaxOperations = j.timeoutMS, 1_000_000_000
				if j.name == "proof" {
					work.Purpose = wire.Prove
				}
				r := s.Invoke(context.Background(), Invocation{Job: work})
				if r.Outcome != j.outcome || string(r.Response.Body) != j.body {
					t.Errorf("call %d, %s: %s, %v, %q", i, j.name, r.Outcome, r.Err, r.Response.Body)
				}
			}
		})
	}
	callers.Wait()
	stats := s.Stats()
	if stats.Failures > 0 {
		t.Errorf("%d workers failed, the last: %v", stats.Failures, stats.LastFailure)
	}
	t.Logf("%d copies were made; the last zygote made %d and has %s resident", stats.Spawned, z.current.copies, resident(t, z.current.words.PID))
	if z.current.copies > maxCopies+500 {
		t.Errorf("a zygote made %d workers", z.current.copies)
	}
}

func resident(t *testing.T, pid int) string {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(strings.Fields(strings.TrimPrefix(lineOf(string(status), "VmRSS:"), "VmRSS:")), " ")
}
