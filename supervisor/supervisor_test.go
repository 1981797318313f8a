package supervisor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"picloud"
	"picloud/limits"
	"picloud/worker/wire"
)

// environment is where the tests of this package run: in a delegated cgroup v2
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

func TestOutcomes(t *testing.T) {
	s := start(t, "obeys", nil)
	for _, c := range []struct {
		source string
		want   picloud.Outcome
		code   picloud.Code
	}{
		{"answer", picloud.OutcomeOK, ""},
		{"log", picloud.OutcomeOK, ""},
		{"nothing", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"garbage", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"too much", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"cut off", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"twice", picloud.OutcomeOK, ""},
		{"answer and stay", picloud.OutcomeOK, ""},
		{"another's answer", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"another frame", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"log flood", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"kill", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"last words", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"status 137", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"claims memory", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
	} {
		t.Run(c.source, func(t *testing.T) {
			r := s.Invoke(context.Background(), Invocation{Job: job(c.source)})
			if r.Outcome != c.want || picloud.ErrorCode(errorOrNil(r.Err)) != c.code {
				t.Fatalf("outcome %s, error %v; want %s, %q", r.Outcome, r.Err, c.want, c.code)
			}
			if r.Usage == nil || r.Usage.PID == 0 || r.Usage.CPU <= 0 || r.Usage.MemoryPeakBytes < leastPeak() {
				t.Errorf("usage %+v", r.Usage)
			}
			if c.want == picloud.OutcomeOK && (r.Usage.Operations != 7 || len(r.Response.Body) == 0) {
				t.Errorf("usage %+v, body %q", r.Usage, r.Response.Body)
			}
		})
	}
}

// An answer is the end of a worker, whatever it has in mind: it is gone before
// another runs in its place.
func TestNothingIsLeftOfAWorkerThatHasAnswered(t *testing.T) {
	s := start(t, "obeys", func(c *Config) { c.Workers = 1 })
	last := 0
	for range 10 {
		r := s.Invoke(context.Background(), Invocation{Job: job("answer and stay")})
		if r.Outcome != picloud.OutcomeOK {
			t.Fatalf("outcome %s, error %v", r.Outcome, r.Err)
		}
		if last != 0 {
			if _, err := os.Stat(fmt.Sprintf("/proc/%d", last)); !os.IsNotExist(err) {
				t.Errorf("process %d was still there: %v", last, err)
			}
		}
		last = r.Usage.PID
	}
}

// leastPeak is what a worker has at least, in bytes. What a copy has not written to
// is not its own.
func leastPeak() int64 {
	if kind == KindZygote {
		return 64 << 10
	}
	return 1 << 20
}

func TestTimeout(t *testing.T) {
	s := start(t, "obeys", nil)
	// "sleep" answers late, "crumbs" a byte at a time for minutes
	for _, source := range []string{"hang", "sleep", "crumbs"} {
		j := job(source)
		j.Limits.TimeoutMS = 50
		r := s.Invoke(context.Background(), Invocation{Job: j})
		if r.Outcome != picloud.OutcomeTimeout || r.Err.Details["timeout_ms"] != int64(50) {
			t.Fatalf("%s: outcome %s, error %v", source, r.Outcome, r.Err)
		}
		if r.Usage.Duration < 50*time.Millisecond {
			t.Errorf("%s: ended after %v", source, r.Usage.Duration)
		}
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", r.Usage.PID)); !os.IsNotExist(err) {
			t.Errorf("%s: process %d is still there: %v", source, r.Usage.PID, err)
		}
	}
}

func TestCallerGone(t *testing.T) {
	s := start(t, "obeys", nil)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	r := s.Invoke(ctx, Invocation{Job: job("hang")})
	if r.Outcome != picloud.OutcomeWorkerKilled {
		t.Fatalf("outcome %s, error %v", r.Outcome, r.Err)
	}
}

func TestLogLines(t *testing.T) {
	s := start(t, "obeys", nil)
	var lines []string
	r := s.Invoke(context.Background(), Invocation{Job: job("log"), Log: func(l *wire.Log) { lines = append(lines, l.Message) }})
	if r.Outcome != picloud.OutcomeOK || len(lines) != 1 || lines[0] != "a line" {
		t.Fatalf("%s, %q", r.Outcome, lines)
	}
	total := 0
	s.Invoke(context.Background(), Invocation{Job: job("log flood"), Log: func(l *wire.Log) { total += wire.LogCost(l.Message) }})
	if total == 0 || total > wire.LogBudget {
		t.Errorf("%d bytes of log came through", total)
	}
}

func TestProcessesAreNeverShared(t *testing.T) {
	s := start(t, "obeys", nil)
	var mu sync.Mutex
	seen := map[string]bool{}
	var calls sync.WaitGroup
	for range manyCalls {
		calls.Go(func() {
			r := s.Invoke(context.Background(), Invocation{Job: job("answer")})
			mu.Lock()
			defer mu.Unlock()
			if r.Outcome != picloud.OutcomeOK || seen[string(r.Response.Body)] {
				t.Errorf("outcome %s, error %v, worker %s, seen before: %t", r.Outcome, r.Err, r.Response.Body, seen[string(r.Response.Body)])
			}
			seen[string(r.Response.Body)] = true
		})
	}
	calls.Wait()
}

func TestQueueIsBounded(t *testing.T) {
	s := start(t, "obeys", func(c *Config) { c.Workers, c.Queue = 1, 2 })
	var mu sync.Mutex
	outcomes := map[picloud.Outcome]int{}
	var calls sync.WaitGroup
	for range 10 {
		calls.Go(func() {
			r := s.Invoke(context.Background(), Invocation{Job: job("sleep")})
			mu.Lock()
			defer mu.Unlock()
			outcomes[r.Outcome]++
			if r.Outcome == picloud.OutcomeOverloaded && (r.Err.Code != picloud.CodeOverloaded || r.Usage != nil) {
				t.Errorf("refused with %v, usage %v", r.Err, r.Usage)
			}
		})
	}
	calls.Wait()
	if outcomes[picloud.OutcomeOK] < 3 || outcomes[picloud.OutcomeOverloaded] < 1 ||
		outcomes[picloud.OutcomeOK]+outcomes[picloud.OutcomeOverloaded] != 10 {
		t.Errorf("outcomes %v; want at least one that runs, two that wait, and the rest refused", outcomes)
	}
}

func TestIdleWorkerThatDiesIsReplaced(t *testing.T) {
	s := start(t, "obeys", func(c *Config) { c.Logger = zap.NewNop() })
	for range 10 {
		s.pool.mu.Lock()
		victims := append([]*worker(nil), s.pool.idle...)
		s.pool.mu.Unlock()
		for _, w := range victims {
			w.process.Kill()
			<-w.done
		}
		if r := s.Invoke(context.Background(), Invocation{Job: job("answer")}); r.Outcome != picloud.OutcomeOK {
			t.Fatalf("outcome %s, error %v", r.Outcome, r.Err)
		}
	}
}

func TestDrain(t *testing.T) {
	s := start(t, "obeys", nil)
	finished := make(chan *Report)
	go func() { finished <- s.Invoke(context.Background(), Invocation{Job: job("sleep")}) }()
	for s.Stats().Running == 0 {
		time.Sleep(time.Millisecond)
	}
	drained := make(chan error)
	go func() { drained <- s.Drain(context.Background()) }()
	for !s.Stats().Draining {
		time.Sleep(time.Millisecond)
	}
	if r := s.Invoke(context.Background(), Invocation{Job: job("answer")}); r.Err == nil || r.Err.Code != picloud.CodeShuttingDown {
		t.Errorf("while draining: %s, %v", r.Outcome, r.Err)
	}
	if r := <-finished; r.Outcome != picloud.OutcomeOK {
		t.Errorf("what ran: %s, %v", r.Outcome, r.Err)
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

func TestCloseEndsWhatRuns(t *testing.T) {
	s := start(t, "obeys", nil)
	finished := make(chan *Report)
	go func() { finished <- s.Invoke(context.Background(), Invocation{Job: job("hang")}) }()
	for s.Stats().Running == 0 {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := s.Drain(ctx); err == nil {
		t.Error("Drain did not report that its time was up")
	}
	go s.pool.close()
	if r := <-finished; r.Outcome != picloud.OutcomeWorkerKilled && r.Outcome != picloud.OutcomeOverloaded {
		t.Errorf("%s, %v", r.Outcome, r.Err)
	}
}

func TestWorkersThatCannotStart(t *testing.T) {
	for _, behaviour := range []string{"exits", "refuses", "babbles"} {
		t.Run(behaviour, func(t *testing.T) {
			fds := openFDs(t)
			_, err := Start(context.Background(), Config{
				Spawner: testSpawner(t, behaviour), Enclosures: testEnclosures(t),
				Workers: 1, Warm: 1, Queue: 1, Logger: zap.NewNop(),
			})
			if picloud.ErrorCode(err) != picloud.CodeCannotStart || picloud.AsError(err).Hint == "" {
				t.Fatalf("Start: %v", err)
			}
			if behaviour == "refuses" && !strings.Contains(err.Error(), "there is no lock") {
				t.Errorf("the worker's reason is lost: %v", err)
			}
			if left := children(t); len(left) > 0 {
				t.Errorf("processes left: %v", left)
			}
			if now := openFDs(t); now != fds {
				t.Errorf("%d descriptors open before, %d after", fds, now)
			}
		})
	}
}

// A worker that answers before it has a job is not one to give a job to.
func TestHastyWorker(t *testing.T) {
	s := start(t, "hasty", func(c *Config) { c.Logger = zap.NewNop() })
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	j := job("answer")
	j.InvocationID = "one that nobody knew before"
	if r := s.Invoke(ctx, Invocation{Job: j}); r.Outcome == picloud.OutcomeOK {
		t.Fatalf("the answer %q was taken", r.Response.Body)
	}
}

func TestMissingBinary(t *testing.T) {
	_, err := newSpawner("/nonexistent/picloud-worker", testCredential())
	if picloud.ErrorCode(err) != picloud.CodeCannotStart || !strings.Contains(err.Error(), "/nonexistent/picloud-worker") {
		t.Fatal(err)
	}
}

// A program in a folder that only the daemon's user can get at is started all
// the same.
func TestProgramInAPrivateFolder(t *testing.T) {
	path := stubPath(t, "obeys")
	if err := os.Chmod(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	spawner, err := newSpawner(path, testCredential())
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(context.Background(), Config{
		Spawner: spawner, Enclosures: testEnclosures(t), Workers: 1, Warm: 1, Logger: zap.NewNop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := s.Invoke(context.Background(), Invocation{Job: job("answer")}); r.Outcome != picloud.OutcomeOK {
		t.Errorf("%s, %v", r.Outcome, r.Err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
