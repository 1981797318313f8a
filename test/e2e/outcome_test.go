package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestInfiniteLoop(t *testing.T) {
	d := startDaemon(t, withLongRuns())
	d.deploy("loop", endless, object{"timeout_ms": 60_000})
	a := d.run("loop")
	a.expect(t, 507, object{"code": "limit_exceeded", "limit": "max_operations", "value": 1_000_000})
	if used := a.header.Get("PiCloud-Operations"); used == "" || a.header.Get("PiCloud-Operations") != d.run("loop").header.Get("PiCloud-Operations") {
		t.Errorf("operations %q are not the same on every run", used)
	}

	d.deploy("loop", endless, object{"timeout_ms": 50, "sandbox": longRun()["sandbox"]})
	a = d.run("loop")
	a.expect(t, 504, object{"code": "timeout", "timeout_ms": 50})
	pid := int(d.invocation(a.header.Get("PiCloud-Invocation-Id"))["worker_pid"].(float64))
	if _, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid))); !os.IsNotExist(err) {
		t.Errorf("worker %d is still there: %v", pid, err)
	}
}

func TestEveryAnswerSaysWhatItUsed(t *testing.T) {
	d := startDaemon(t, withLongRuns(), withFlags("--workers", "1", "--warm", "1", "--queue", "0"))
	d.deploy("hello", "return 'hello'")
	d.deploy("failing", "error('no')")
	d.deploy("looping", endless, object{"timeout_ms": 60_000})
	d.deploy("late", endless, object{"timeout_ms": 50, "sandbox": longRun()["sandbox"]})
	d.deploy("hungry", hungry, object{"memory_limit_mb": 32, "timeout_ms": 60_000, "sandbox": object{"max_operations": 10_000_000}})
	d.deploy("busy", endless, longRun())

	const counted, killed = true, false // a process that was killed cannot say how many operations it made
	a := d.run("hello")
	a.expect(t, 200, nil)
	a.saysWhatItUsed(t, counted)
	if a.header.Get("Content-Type") != "text/plain; charset=utf-8" || a.body != "hello" {
		t.Errorf("%q, %q", a.header.Get("Content-Type"), a.body)
	}
	for _, c := range []struct {
		script  string
		status  int
		code    string
		counted bool
	}{
		{"failing", 500, "script_error", counted},
		{"looping", 507, "limit_exceeded", counted},
		{"hungry", 507, "limit_exceeded", killed},
		{"late", 504, "timeout", killed},
	} {
		a := d.run(c.script)
		a.expect(t, c.status, object{"code": c.code})
		a.saysWhatItUsed(t, c.counted)
	}

	var ended answer
	var call sync.WaitGroup
	call.Go(func() { ended, _ = d.try(httpClient(), "GET", "/run/busy", "") })
	worker := d.busyWorker()
	refused, missing := d.run("hello"), d.run("nobody")
	if err := syscall.Kill(worker, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	call.Wait()
	ended.expect(t, 502, object{"code": "worker_killed"})
	ended.saysWhatItUsed(t, killed)

	// and one that never ran used nothing
	refused.expect(t, 503, object{"code": "overloaded"})
	missing.expect(t, 404, object{"code": "script_not_found"})
	for _, a := range []answer{refused, missing} {
		if a.header.Get("PiCloud-Invocation-Id") == "" {
			t.Errorf("%d: no invocation id", a.status)
		}
		for _, name := range used() {
			if a.header.Get(name) != "" {
				t.Errorf("%d: %s: %q", a.status, name, a.header.Get(name))
			}
		}
	}
}

// used is the headers that say what an invocation used.
func used() []string {
	return []string{"PiCloud-Operations", "PiCloud-Memory-Peak-Bytes", "PiCloud-CPU-Microseconds", "PiCloud-Duration-Microseconds"}
}

// saysWhatItUsed looks for these headers; for the first only where operations
// were counted, and it has to be absent elsewhere.
func (a answer) saysWhatItUsed(t *testing.T, counted bool) {
	t.Helper()
	for _, name := range used() {
		value, atLeast := a.header.Get(name), 1
		switch name {
		case "PiCloud-Operations":
			if !counted {
				if value != "" {
					t.Errorf("%d %s: %s: %q", a.status, a.body, name, value)
				}
				continue
			}
		case "PiCloud-Memory-Peak-Bytes":
			atLeast = 1 << 20
		}
		if n, err := strconv.Atoi(value); err != nil || n < atLeast {
			t.Errorf("%d %s: %s: %q", a.status, a.body, name, value)
		}
	}
	if a.header.Get("PiCloud-Invocation-Id") == "" {
		t.Errorf("%d %s: no invocation id", a.status, a.body)
	}
}

// Each limit of the interpreter, at the limit and one beyond it.
func TestTheInterpretersLimits(t *testing.T) {
	d := startDaemon(t)
	for _, c := range []struct {
		limit            string
		value            int
		within, tooLarge string
	}{
		{"max_operations", 500, "for i = 1, 100 do end", "for i = 1, 1000 do end"},
		{"max_string_size", 100, "return ('x'):rep(100)", "return ('x'):rep(101)"},
		{"max_array_size", 10, "local t = {} for i = 1, 10 do t[i] = i end return t", "local t = {} for i = 1, 11 do t[i] = i end return t"},
		{"max_map_size", 10, "local t = {} for i = 1, 10 do t['k' .. i] = i end return t", "local t = {} for i = 1, 11 do t['k' .. i] = i end return t"},
		{"max_call_levels", 7, "local function f(n) if n > 1 then f(n - 1) end end f(7)", "local function f(n) if n > 1 then f(n - 1) end end f(8)"},
	} {
		override := object{"sandbox": object{c.limit: c.value}}
		d.deploy("limited", c.within, override)
		if a := d.run("limited"); a.status != 200 && a.status != 204 {
			t.Errorf("%s: %d %s", c.limit, a.status, a.body)
		}
		d.deploy("limited", "pcall(function() "+c.tooLarge+" end)", override)
		d.run("limited").expect(t, 507, object{"code": "limit_exceeded", "limit": c.limit, "value": c.value})
	}

	// The depth is looked at when the script is uploaded; and when it is run, as
	// the ceiling may have come down, below the default.
	nested := object{"source": "return " + strings.Repeat("(", 10) + "1" + strings.Repeat(")", 10)}
	d.admin("PUT", "/scripts/nested", nested).expect(t, 201, nil)
	d.run("nested").expect(t, 200, nil)
	d.admin("PATCH", "/limits/ceiling", object{"max_expr_depth": 9}).expect(t, 200, nil)
	d.run("nested").expect(t, 507, object{"code": "limit_exceeded", "limit": "max_expr_depth", "value": 9})
	nested["sandbox"] = object{"max_expr_depth": 9}
	d.admin("PUT", "/scripts/nested", nested).expect(t, 422, object{"code": "invalid_script", "line": 1})
}

func TestErrorsOfScripts(t *testing.T) {
	d := startDaemon(t)
	d.deploy("fails", "local x = 1\nerror('broken')")
	d.run("fails").expect(t, 500, object{"code": "script_error", "message": "broken", "line": 2})
	d.deploy("deep", "local function f() return 1 + f() end return f()")
	d.run("deep").expect(t, 507, object{"code": "limit_exceeded", "limit": "max_call_levels", "value": 64})
	d.deploy("caught", "while true do pcall(function() while true do end end) end", object{"timeout_ms": 60_000})
	d.run("caught").expect(t, 507, object{"limit": "max_operations"})

	a := d.admin("PUT", "/scripts/broken", object{"source": "return 1\nreturn (\n"})
	a.expect(t, 422, object{"code": "invalid_script"})
	if line, _ := a.field("line").(float64); line < 1 {
		t.Errorf("no line: %s", a.body)
	}
	d.admin("PUT", "/scripts/broken", object{"source": "return " + strings.Repeat("(", 100) + "1" + strings.Repeat(")", 100)}).
		expect(t, 422, object{"code": "invalid_script"})
	d.admin("GET", "/scripts/broken", nil).expect(t, 404, nil)
}

func TestRequestAndResponse(t *testing.T) {
	d := startDaemon(t)
	d.deploy("echo", `
		local r = ctx.request
		return response(201, { method = r.method, path = r.path, q = r.query.q, accept = r.headers["x-test"],
			body = r.body, name = ctx.script.name, version = ctx.script.version, id = ctx.invocation_id },
			{ ["X-Answer"] = "yes" })`)
	a := d.request("POST", "/run/echo/a//b%20c?q=1", "the body", "X-Test", "header")
	a.expect(t, 201, object{"method": "POST", "path": "/a//b c", "q": "1", "accept": "header", "body": "the body",
		"name": "echo", "version": 1, "id": a.header.Get("PiCloud-Invocation-Id")})
	if a.header.Get("X-Answer") != "yes" || a.header.Get("Content-Type") != "application/json" {
		t.Errorf("headers %v", a.header)
	}
	d.deploy("nothing", "return")
	if a := d.run("nothing"); a.status != 204 || a.body != "" {
		t.Errorf("%d %q", a.status, a.body)
	}
	d.request("POST", "/run/echo", strings.Repeat("x", 262_145)).expect(t, 413, object{"code": "request_too_large", "limit_bytes": 262_144})
	d.deploy("large", "local t = {} for i = 1, 9 do t[i] = ('x'):rep(131072) end return t", object{
		"sandbox": object{"max_string_size": 1_048_576, "max_operations": 10_000_000}})
	d.run("large").expect(t, 507, object{"limit": "response_size", "value": 1 << 20})
	if log := d.admin("PUT", "/scripts/logs", object{"source": "print('one', 2) log.warn('three') return 1"}); log.status != 201 {
		t.Fatal(log.body)
	}
	d.run("logs").expect(t, 200, nil)
	d.eventually("the script's log lines are in the log", 5*time.Second, func() bool { return len(d.records("script log")) >= 2 })
	lines := d.records("script log")
	if lines[0]["text"] != "one\t2" || lines[1]["text"] != "three" || lines[1]["level"] != "warn" || lines[0]["script"] != "logs" {
		t.Errorf("log lines %v", lines)
	}
}

func TestWorkerKilled(t *testing.T) {
	d := startDaemon(t, withLongRuns())
	d.deploy("busy", endless, longRun())
	d.deploy("hello", "return 'hello'")
	d.atRest()
	before := d.resources()
	var a answer
	var call sync.WaitGroup
	call.Go(func() { a, _ = d.try(httpClient(), "GET", "/run/busy", "") })
	if err := syscall.Kill(d.busyWorker(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	call.Wait()
	a.expect(t, 502, object{"code": "worker_killed"})
	d.run("hello").expect(t, 200, nil)
	d.atRest()
	d.backTo(before)
}

// A program in the worker's place that is no worker: the daemon refuses to start.
func TestProgramThatIsNoWorker(t *testing.T) {
	d := newDaemon(t, withEnv("PICLOUD_WORKER=/bin/false"))
	err := d.launch()
	if !inSystemd() && err == nil {
		<-d.exited
		if code := d.command.ProcessState.ExitCode(); code != 1 {
			t.Errorf("status %d", code)
		}
	} else if inSystemd() && err == nil {
		t.Error("the service started")
	}
	if log := d.log(); !strings.Contains(log, "error: no worker can be started") || !strings.Contains(log, "hint: ") {
		t.Errorf("the log says %s", tail(log, 10))
	}
	if _, err := os.Stat(d.path("admin.sock")); !os.IsNotExist(err) {
		t.Errorf("a socket is left: %v", err)
	}
	if inSystemd() {
		systemctl("reset-failed", d.unit)
	}
	d.checkNothingLeft()
}

func TestQueueBeyondItsBound(t *testing.T) {
	d := startDaemon(t, withLongRuns(), withFlags("--workers", "1", "--warm", "1", "--queue", "1"))
	d.deploy("slow", aWhile, longRun())
	var mu sync.Mutex
	statuses := map[int]int{}
	var calls sync.WaitGroup
	for range 8 {
		calls.Go(func() {
			a, err := d.try(httpClient(), "GET", "/run/slow", "")
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			statuses[a.status]++
			if a.status == 503 && (a.field("code") != "overloaded" || a.header.Get("Retry-After") == "") {
				t.Errorf("503: %s, Retry-After %q", a.body, a.header.Get("Retry-After"))
			}
		})
	}
	calls.Wait()
	if statuses[200] < 1 || statuses[503] < 1 || statuses[200]+statuses[503] != 8 {
		t.Errorf("answers by status: %v", statuses)
	}
}
