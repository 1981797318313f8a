package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// httpClient makes a client whose connections nobody else uses.
func httpClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

const endless = "while true do end"

// withLongRuns raises the ceiling so far that only a script's time ends it.
func withLongRuns() option { return withEnv("PICLOUD_CEILING_MAX_OPERATIONS=1000000000000") }

func longRun() object {
	return object{"timeout_ms": 60_000, "sandbox": object{"max_operations": int64(1_000_000_000_000)}}
}

// aWhile computes for two seconds.
const aWhile = "local begin, n = os.clock(), 0 while os.clock() - begin < 2 do n = n + 1 end return n"

func TestTwoCallsNeverShareAProcess(t *testing.T) {
	d := startDaemon(t)
	d.deploy("global", "local before = seen seen = true return { before = before or json.null }")
	pids := map[any]bool{}
	var mu sync.Mutex
	var calls sync.WaitGroup
	for range 12 {
		calls.Go(func() {
			a, err := d.try(httpClient(), "GET", "/run/global", "")
			if err != nil || a.status != 200 {
				t.Errorf("%v %d %s", err, a.status, a.body)
				return
			}
			if a.field("before") != nil {
				t.Errorf("a global of an earlier call is seen: %s", a.body)
			}
			mu.Lock()
			defer mu.Unlock()
			pid := d.invocation(a.header.Get("PiCloud-Invocation-Id"))["worker_pid"]
			if pid == nil || pids[pid] {
				t.Errorf("process %v had two calls", pid)
			}
			pids[pid] = true
		})
	}
	calls.Wait()
}

// What the kernel says of a worker, idle and while it runs a script.
func TestWorkerIsLocked(t *testing.T) {
	d := startDaemon(t, withLongRuns())
	d.deploy("busy", endless, longRun())
	d.atRest()
	idle := d.workers()
	if len(idle) == 0 {
		t.Fatal("there is no idle worker")
	}
	d.checkLocked(idle[0])
	fds := d.descriptors(idle[0])
	if len(fds) != 3 {
		t.Errorf("an idle worker's descriptors: %v; want the pipe's, 0, 1 and 2", fds)
	}

	done := make(chan struct{})
	go func() {
		defer close(done)
		d.try(httpClient(), "GET", "/run/busy", "")
	}()
	busy := d.busyWorker()
	d.checkLocked(busy)
	if err := syscall.Kill(busy, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	<-done
}

func (d *daemon) checkLocked(pid int) {
	d.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		d.t.Fatal(err)
	}
	for _, line := range []string{"Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapPrm:\t0000000000000000"} {
		if !strings.Contains(string(status), line+"\n") {
			d.t.Errorf("worker %d: no line %q in its status:\n%s", pid, line, status)
		}
	}
	if strings.Contains(string(status), "Uid:\t0\t") {
		d.t.Errorf("worker %d is root", pid)
	}
	if environ, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); err != nil || len(environ) != 0 {
		d.t.Errorf("worker %d has an environment: %q, %v", pid, environ, err)
	}
	for fd, target := range d.descriptors(pid) {
		if !strings.HasPrefix(target, "pipe:") && target != "anon_inode:[eventpoll]" && target != "anon_inode:[eventfd]" {
			d.t.Errorf("worker %d: descriptor %s is %s", pid, fd, target)
		}
	}
	if inSystemd() {
		group, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", pid))
		if err != nil || !strings.Contains(string(group), d.unit+"/workers/") {
			d.t.Errorf("worker %d is in cgroup %q, %v", pid, group, err)
		}
	}
}

func (d *daemon) descriptors(pid int) map[string]string {
	d.t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd/", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		d.t.Fatal(err)
	}
	fds := map[string]string{}
	for _, e := range entries {
		fds[e.Name()], _ = os.Readlink(dir + e.Name())
	}
	return fds
}
