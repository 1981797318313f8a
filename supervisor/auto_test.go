//go:build !race

package supervisor

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"picloud"
	"picloud/limits"
	"picloud/worker/wire"
)

func testLogger() *zap.Logger { return zap.NewNop() }

// realWorker takes the worker of PICLOUD_BIN, or builds it.
func realWorker(t testing.TB) string {
	t.Helper()
	if bin := os.Getenv("PICLOUD_BIN"); bin != "" {
		return filepath.Join(bin, "picloud-worker")
	}
	dir, err := os.MkdirTemp("", "picloud-worker-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "picloud-worker")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -R 0x200000", "-o", path, "picloud/cmd/picloud-worker")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// startAuto starts a supervisor that chooses its spawner itself.
func startAuto(t *testing.T, program string) (*Supervisor, *autoSpawner, *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zap.InfoLevel)
	var auto *autoSpawner
	s := start(t, "obeys", func(c *Config) {
		c.Spawner.Close()
		spawner, err := NewAutoSpawner(program, testCredential(), c.Enclosures, zap.New(core))
		if err != nil {
			t.Fatal(err)
		}
		c.Spawner, auto = spawner, spawner.(*autoSpawner)
	})
	return s, auto, logs
}

func calculate(s *Supervisor) *Report {
	j := &wire.Job{Purpose: wire.Run, Source: "return 6 * 7", Limits: limits.Defaults()}
	j.Limits.TimeoutMS = 20_000
	return s.Invoke(context.Background(), Invocation{Job: j})
}

// Calls are served by exec'ed workers while the zygote proves itself, by copies
// from then on, by exec'ed ones while there is no zygote, and by copies again.
func TestAutoTakesTheZygote(t *testing.T) {
	s, auto, _ := startAuto(t, realWorker(t))
	if s.Stats().Spawner != KindExec {
		t.Errorf("at first: %s", s.Stats().Spawner)
	}
	call := func(when string) {
		t.Helper()
		if r := calculate(s); r.Outcome != picloud.OutcomeOK || string(r.Response.Body) != "42" {
			t.Fatalf("%s: %s, %v, %q", when, r.Outcome, r.Err, r.Response.Body)
		}
	}
	until := func(k Kind) {
		t.Helper()
		for end := time.Now().Add(2 * time.Minute); s.Stats().Spawner != k; time.Sleep(time.Millisecond) {
			call("until " + string(k))
			if time.Now().After(end) {
				t.Fatalf("the spawner is %s, want %s", s.Stats().Spawner, k)
			}
		}
		call(string(k))
	}
	until(KindZygote)
	z := auto.zygote.Load()
	if z == nil {
		t.Fatal("there is no zygote")
	}
	awaitIdle(t, s, 2)
	z.notBefore = time.Now().Add(time.Second) // no other one so soon
	syscall.Kill(z.current.words.PID, syscall.SIGKILL)
	until(KindExec)
	until(KindZygote)
}

// A zygote that does not prove itself is not used, and the reason is logged.
func TestAutoFallsBack(t *testing.T) {
	s, auto, logs := startAuto(t, stubPath(t, "obeys")) // a stub does not know the job
	auto.proving.Wait()
	if s.Stats().Spawner != KindExec || auto.zygote.Load() != nil {
		t.Errorf("the spawner is %s", s.Stats().Spawner)
	}
	warnings := logs.FilterLevelExact(zap.WarnLevel).All()
	if len(warnings) != 1 || !strings.Contains(warnings[0].Message, "did not prove itself") ||
		!strings.Contains(warnings[0].ContextMap()["error"].(string), "worker 1 of 100") {
		t.Errorf("logged: %v", warnings)
	}
	if r := s.Invoke(context.Background(), Invocation{Job: job("answer")}); r.Outcome != picloud.OutcomeOK {
		t.Errorf("afterwards: %s, %v", r.Outcome, r.Err)
	}
}

// Every spawner's workers hold what the zygote's have to prove.
func TestProof(t *testing.T) {
	s, err := newSpawner(realWorker(t), testCredential())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	e := testEnclosures(t)
	defer e.Close()
	if err := proveSpawner(context.Background(), s, e); err != nil {
		t.Error(err)
	}
	if left := len(children(t)); left != 1 { // who makes them
		t.Errorf("%d children are left", left)
	}
}
