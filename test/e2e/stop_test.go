package e2e

import (
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// SIGTERM lets what runs finish and refuses what comes.
func TestGracefulStop(t *testing.T) {
	d := startDaemon(t, withLongRuns())
	d.deploy("while", aWhile, longRun())
	d.deploy("hello", "return 'hello'")
	var running answer
	var runningErr error
	var call sync.WaitGroup
	call.Go(func() { running, runningErr = d.try(httpClient(), "GET", "/run/while", "") })
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
}

// Good, looping, hungry and failing calls at once: each gets its one right
// answer, and afterwards all is as before.
func TestMixedCalls(t *testing.T) {
	total, parallel := 1000, 16
	d := startDaemon(t)
	d.deploy("good", "return { n = tonumber(ctx.request.query.n) * 2 }", object{"timeout_ms": 60_000})
	d.deploy("looping", endless, object{"timeout_ms": 60_000, "sandbox": object{"max_operations": 20_000}})
	d.deploy("hungry", hungry, object{"memory_limit_mb": 16, "timeout_ms": 60_000, "sandbox": object{
		"max_operations": 10_000_000, "max_array_size": 100_000, "max_map_size": 100_000}})
	d.deploy("failing", "error('no ' .. ctx.request.query.n)", object{"timeout_ms": 60_000})
	d.run("good").expect(t, 500, nil) // no n: also what warms the daemon up
	d.atRest()
	before := d.resources()

	type result struct {
		n int
		answer
		err error
	}
	numbers := make(chan int)
	results := make(chan result)
	var callers sync.WaitGroup
	for range parallel {
		callers.Go(func() {
			client := httpClient()
			for n := range numbers {
				a, err := d.try(client, "GET", fmt.Sprintf("/run/%s?n=%d", kindOf(n), n), "")
				results <- result{n, a, err}
			}
		})
	}
	go func() {
		for n := range total {
			numbers <- n
		}
		close(numbers)
		callers.Wait()
		close(results)
	}()
	answers := map[string]int{}
	for r := range results {
		if r.err != nil {
			t.Errorf("call %d: %v", r.n, r.err)
			continue
		}
		kind := kindOf(r.n)
		right := false
		switch kind {
		case "good":
			right = r.status == 200 && r.field("n") == float64(2*r.n)
		case "looping":
			right = r.status == 507 && r.field("limit") == "max_operations"
		case "hungry":
			right = r.status == 507 && r.field("limit") == "memory_limit_mb"
		case "failing":
			right = r.status == 500 && r.field("message") == "no "+strconv.Itoa(r.n)
		}
		if !right {
			t.Errorf("call %d (%s): %d %s", r.n, kind, r.status, r.body)
		}
		answers[kind]++
	}
	t.Logf("answers: %v", answers)
	if sum := answers["good"] + answers["looping"] + answers["hungry"] + answers["failing"]; sum != total {
		t.Errorf("%d answers to %d calls", sum, total)
	}
	d.atRest()
	// connections that the callers have closed may take the daemon a moment
	d.backTo(before)
}

func kindOf(n int) string {
	switch {
	case n%20 == 0:
		return "hungry"
	case n%5 == 1:
		return "looping"
	case n%5 == 2:
		return "failing"
	}
	return "good"
}
