package hostile

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"picloud"
	"picloud/limits"
	"picloud/supervisor"
	"picloud/worker/wire"
)

// The scripts are in the test binary, so that it runs anywhere.
//
//go:embed scripts/*.lua
var folder embed.FS

// patience bounds waiting for one invocation; no test measures with it.
const patience = 2 * longTimeout * time.Millisecond

// inCgroup tells where the tests run: in a delegated cgroup v2 if
// PICLOUD_TEST_CGROUP is set, else without.
func inCgroup() bool { return os.Getenv("PICLOUD_TEST_CGROUP") != "" }

// spawners are those that PICLOUD_SPAWNER names; exec if it names none, without
// namespaces: what a script does alone is tested.
func spawners() map[supervisor.Kind]func(string, *supervisor.Credential) (supervisor.Spawner, error) {
	return map[supervisor.Kind]func(string, *supervisor.Credential) (supervisor.Spawner, error){
		"": supervisor.NewExecSpawner, supervisor.KindExec: supervisor.NewExecSpawner, supervisor.KindZygote: supervisor.NewZygoteSpawner,
	}
}

func TestMain(m *testing.M) {
	where := "natively, degraded (RLIMIT_DATA)"
	if inCgroup() {
		where = "in a delegated cgroup v2"
	}
	fmt.Printf("hostile: the workers of these tests run %s, PICLOUD_SPAWNER=%s\n", where, os.Getenv("PICLOUD_SPAWNER"))
	os.Exit(m.Run())
}

func scripts(t *testing.T) []*script {
	t.Helper()
	files, err := folder.ReadDir("scripts")
	if err != nil {
		t.Fatal(err)
	}
	var list []*script
	for _, f := range files {
		text, err := folder.ReadFile(path.Join("scripts", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		s, err := parse(f.Name(), string(text))
		if err != nil {
			t.Error(err)
			continue
		}
		list = append(list, s)
	}
	if t.Failed() {
		t.FailNow()
	}
	return list
}

func TestHostileScripts(t *testing.T) {
	list := scripts(t)
	classes := map[string]int{}
	for _, s := range list {
		classes[s.class()]++
	}
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		t.Logf("%3d %s", classes[class], class)
	}
	t.Logf("%3d scripts", len(list))

	w := startWorkers(t)
	p := w.measure(t)
	t.Logf("a worker starts in %v of CPU time, an operation of a plain loop takes %v", p.start, p.operation)
	for _, s := range list {
		t.Run(s.name, func(t *testing.T) {
			w.upload(t, s)
			w.attack(t, s, p)
			if r := w.invoke(plain, defaults()); r.Outcome != picloud.OutcomeOK || string(r.Response.Body) != "[1,2]" {
				t.Errorf("the next call: %s, %v, %q", r.Outcome, r.Err, r.Response.Body)
			}
		})
	}
}

// plain is a script that does no harm.
const plain = "return {1, 2}"

// workers runs scripts in real workers.
type workers struct {
	supervisor *supervisor.Supervisor
	logged     []wire.Log // by the last invocation
}

// startWorkers starts a pool of real workers, and checks at the end that no
// process and no cgroup of it is left.
func startWorkers(t *testing.T) *workers {
	t.Helper()
	if err := supervisor.CheckKernel(); err != nil {
		t.Fatal(err)
	}
	c := supervisor.Config{
		Workers: 1, Warm: 1, Queue: 1,
		Logger: zaptest.NewLogger(t, zaptest.Level(zap.ErrorLevel)),
	}
	var credential *supervisor.Credential
	if os.Geteuid() == 0 {
		credential = &supervisor.Credential{UID: 65534, GID: 65534}
	}
	group := ""
	var err error
	if inCgroup() {
		group, err = supervisor.DelegatedCgroup()
		if err != nil {
			t.Fatal(err)
		}
		c.Enclosures, err = supervisor.NewCgroupEnclosures(supervisor.CgroupConfig{Root: group, MemoryMax: 512 << 20, Workers: 4})
	} else {
		c.Enclosures, err = supervisor.NewRlimitEnclosures(credential)
	}
	if err != nil {
		t.Fatal(err)
	}
	newSpawner, ok := spawners()[supervisor.Kind(os.Getenv("PICLOUD_SPAWNER"))]
	if !ok {
		t.Fatal("PICLOUD_SPAWNER is exec or zygote here")
	}
	if c.Spawner, err = newSpawner(workerProgram(t), credential); err != nil {
		t.Fatal(err)
	}
	s, err := supervisor.Start(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if left := children(t); len(left) > 0 {
			t.Errorf("processes are left: %v", left)
		}
		if group == "" {
			return
		}
		if left := filepath.Join("/sys/fs/cgroup", group, "workers"); exists(left) {
			t.Errorf("cgroup %s is left", left)
		}
	})
	return &workers{supervisor: s}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// workerProgram takes the worker of PICLOUD_BIN, or builds it.
func workerProgram(t *testing.T) string {
	t.Helper()
	if bin := os.Getenv("PICLOUD_BIN"); bin != "" {
		return filepath.Join(bin, "picloud-worker")
	}
	program := filepath.Join(t.TempDir(), "picloud-worker")
	build := exec.Command("go", "build", "-o", program, "picloud/cmd/picloud-worker")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return program
}

// children lists the processes this one has not reaped.
func children(t *testing.T) []string {
	t.Helper()
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(lists) == 0 {
		t.Fatal("the kernel does not list children", err)
	}
	var found []string
	for _, l := range lists {
		data, _ := os.ReadFile(l) // of a thread that may have ended
		found = append(found, strings.Fields(string(data))...)
	}
	return found
}

// invoke runs source as a call does.
func (w *workers) invoke(source string, l limits.Limits) *supervisor.Report {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	w.logged = nil
	return w.supervisor.Invoke(ctx, supervisor.Invocation{
		Job: &wire.Job{
			Purpose: wire.Run, InvocationID: "hostile", ScriptName: "script", Version: 1, Source: source, Limits: l,
			Request: wire.Request{Method: "GET", Path: "/"},
		},
		Log: func(line *wire.Log) { w.logged = append(w.logged, *line) },
	})
}

// upload checks a script as the daemon does before it stores it: only what
// does not compile is refused.
func (w *workers) upload(t *testing.T, s *script) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := w.supervisor.Check(ctx, "script", s.source, s.limits)
	switch {
	case s.want.code == picloud.CodeInvalidScript:
		if e := picloud.AsError(err); err == nil || e.Code != s.want.code ||
			e.Details["line"] != s.want.line || !strings.Contains(fmt.Sprint(e.Details["detail"]), s.want.text) {
			t.Errorf("at upload: %v; want %s on line %d: ... %s ...", err, s.want.code, s.want.line, s.want.text)
		}
	case s.want.limit == limits.MaxExprDepth:
		if picloud.ErrorCode(err) != picloud.CodeInvalidScript {
			t.Errorf("at upload: %v; want %s", err, picloud.CodeInvalidScript)
		}
	case err != nil:
		t.Errorf("at upload: %v", err)
	}
}

// attack runs a script and looks at what came of it, and what it cost.
func (w *workers) attack(t *testing.T, s *script, p price) {
	t.Helper()
	const tries = 3
	var least time.Duration
	for try := range tries {
		r := w.invoke(s.source, s.limits)
		if problem := differs(r, s.want); problem != "" {
			t.Fatal(problem)
		}
		if problem := w.leaks(r); problem != "" {
			t.Fatal(problem)
		}
		if r.Outcome == picloud.OutcomeTimeout {
			return // what it costs is the timeout
		}
		if try == 0 || r.Usage.CPU < least {
			least = r.Usage.CPU
		}
		plain := p.of(r.Usage.Operations, s)
		if least <= p.bound(plain, s) {
			t.Logf("%d operations, %v of CPU time, %.1f of a plain loop's; memory's peak %.1f MiB",
				r.Usage.Operations, least.Round(time.Millisecond), float64(least)/float64(p.start+plain), float64(r.Usage.MemoryPeakBytes)/(1<<20))
			return
		}
		if try == tries-1 || least > 4*p.bound(plain, s) {
			t.Fatalf("%d operations took %v of CPU time, in the best of %d tries; a plain loop takes %v, and the bound is %v",
				r.Usage.Operations, least, try+1, p.start+plain, p.bound(plain, s))
		}
	}
}

// differs says how a report is not as wanted.
func differs(r *supervisor.Report, want expectation) string {
	if want.code == "" {
		if r.Outcome != picloud.OutcomeOK {
			return fmt.Sprintf("%s: %v; want ok", r.Outcome, r.Err)
		}
		if r.Response.Status != want.status || string(r.Response.Body) != want.text {
			return fmt.Sprintf("response %d %.300q; want %d %q", r.Response.Status, r.Response.Body, want.status, want.text)
		}
		return ""
	}
	got := fmt.Sprintf("%s %.300q", r.Outcome, r.Response.Body)
	if r.Err != nil {
		got = fmt.Sprintf("%.600v %v", r.Err, r.Err.Details)
	}
	if r.Err == nil || r.Err.Code != want.code {
		return fmt.Sprintf("%s; want %s", got, want.code)
	}
	details, right := r.Err.Details, true
	switch want.code {
	case picloud.CodeLimitExceeded:
		right = details["limit"] == string(want.limit) && details["value"] == want.value
	case picloud.CodeTimeout:
		right = details["timeout_ms"] == want.value
	case picloud.CodeScriptError:
		right = details["line"] == want.line && strings.Contains(fmt.Sprint(details["message"]), want.text)
	case picloud.CodeInvalidScript:
		right = details["line"] == want.line && strings.Contains(fmt.Sprint(details["detail"]), want.text)
	}
	if !right {
		return fmt.Sprintf("%s; want %+v", got, want)
	}
	return ""
}

// leaks says what no answer may have, whatever the script: words of the inside,
// more log than its budget.
func (w *workers) leaks(r *supervisor.Report) string {
	told := string(r.Response.Body)
	if r.Err != nil {
		told += fmt.Sprint(r.Err.Message, r.Err.Details)
	}
	for _, word := range []string{"goroutine", "runtime error", "runtime.", ".go:", "panic", "nil pointer", "gopher", "interpreter failed"} {
		if strings.Contains(told, word) {
			return fmt.Sprintf("the answer says %q: %.600s", word, told)
		}
	}
	logged := 0
	for i, line := range w.logged {
		logged += wire.LogCost(line.Message)
		if line.Cut != (i == len(w.logged)-1 && line.Cut) {
			return fmt.Sprintf("line %d of %d ends the log", i+1, len(w.logged))
		}
	}
	if logged > wire.LogBudget {
		return fmt.Sprintf("the log costs %d of %d", logged, wire.LogBudget)
	}
	return ""
}
