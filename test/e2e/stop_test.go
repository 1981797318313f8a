package e2e

import (
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// SIGTERM lets what runs finish and refuses what comes.
func TestGracefulStop(t *testing.T) {
	d := startDaemon(t, withLongRuns())
	d.deploy("while", forSeconds, longRun())
	d.deploy("hello", "return 'hello'")
	seconds := 2
	if inSystemd() { // where it takes a while to see that it runs, and the daemon to hear that it is to stop
		seconds = 8
	}
	var running answer
	var runningErr error
	var call sync.WaitGroup
	call.Go(func() {
		running, runningErr = d.try(httpClient(), "GET", fmt.Sprint("/run/while?seconds=", seconds), "")
	})
	d.busyWorker()
	if err := syscall.Kill(d.pid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	d.asked = true
	refused := false
	d.eventually("new calls are refused", 5*time.Second, func() bool {
		a, err := d.try(httpClient(), "GET", "/run/hello", "")
		if err != nil {
			return true // the listener has gone: the call that ran was too quick to see more
		}
		refused = a.status == 503 && a.field("code") == "shutting_down" && a.header.Get("Retry-After") != ""
		return refused
	})
	call.Wait()
	if runningErr != nil {
		t.Fatalf("what ran was not answered: %v", runningErr)
	}
	running.expect(t, 200, nil)
	if !refused {
		t.Error("no call was refused with 503 while another ran")
	}
}

// kill9 ends the daemon without its knowing, and waits until it is gone.
func (d *daemon) kill9() {
	d.t.Helper()
	if err := syscall.Kill(d.pid(), syscall.SIGKILL); err != nil {
		d.t.Fatal(err)
	}
	if !inSystemd() {
		<-d.exited
		return
	}
	d.eventually("systemd has noticed", 10*time.Second, func() bool { return d.property("ActiveState") == "failed" })
}

// A daemon that is killed under load leaves no worker, and the one after it no
// cgroup and no data lost.
func TestDaemonKilledUnderLoad(t *testing.T) {
	d := startDaemon(t, withLongRuns())
	d.deploy("while", aWhile, longRun())
	d.deploy("hello", "return 'hello'")
	var stop atomic.Bool
	var load sync.WaitGroup
	for range 6 {
		load.Go(func() {
			for !stop.Load() {
				d.try(httpClient(), "GET", "/run/while", "")
			}
		})
	}
	d.busyWorker()
	d.kill9()
	stop.Store(true)
	load.Wait()
	d.eventually("the kernel has ended the workers", 5*time.Second, func() bool { return len(d.workers()) == 0 })

	d.start()
	d.run("hello").expect(t, 200, nil)
	d.atRest()
	if r := d.resources(); inSystemd() && r.groups != r.workers {
		t.Errorf("%d workers and %d cgroups", r.workers, r.groups)
	}
	if n := len(d.nurseries()); n > 1 {
		t.Errorf("%d nurseries: the killed daemon's lives", n)
	}
}
