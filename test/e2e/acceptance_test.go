package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const countTo10000 = "local n = 0 for i = 1, 10000 do n = n + 1 end return n"

// The seed's acceptance, 1 to 4.
func TestAcceptance(t *testing.T) {
	d := startDaemon(t)

	version := d.request("GET", "/version", "")
	version.expect(t, 200, object{"product": "0.3.0", "sdk": 1, "api": 1})
	if schema, _ := version.field("schema").(float64); schema < 2 {
		t.Errorf("schema %v, want 2 or later", version.field("schema"))
	}

	d.deploy("count", countTo10000, object{"sandbox": object{"max_operations": 500}})
	d.run("count").expect(t, 507, object{"code": "limit_exceeded", "limit": "max_operations", "value": 500})

	d.deploy("count", countTo10000, object{"sandbox": object{"max_operations": 1_000_000}})
	ok := d.run("count")
	ok.expect(t, 200, nil)
	if strings.TrimSpace(ok.body) != "10000" {
		t.Errorf("the answer is %q, want 10000", ok.body)
	}

	d.admin("POST", "/scripts", object{"name": "greedy", "source": "return 1", "sandbox": object{"max_operations": 1_000_000_000}}).
		expect(t, 422, object{"code": "limit_exceeds_ceiling", "field": "max_operations", "requested": 1_000_000_000, "ceiling": 10_000_000})
	d.admin("GET", "/scripts/greedy", nil).expect(t, 404, nil)
}

// hungry fills tables with more than 32 MiB, within its interpreter limits.
const hungry = `
local all = {}
for i = 1, 1000 do
  local t = {}
  for j = 1, 5000 do t[j] = j end
  all[i] = t
end
return #all`

// forSeconds computes for as long as it is told.
const forSeconds = `
local n = 0
while os.clock() < tonumber(ctx.request.query.seconds) do n = n + 1 end
return n`

// The seed's acceptance, 5: what it left for later. The neighbour begins before
// and ends after the one that is killed.
func TestMemoryLimitIsTheKernels(t *testing.T) {
	d := startDaemon(t, withLongRuns())
	d.deploy("hungry", hungry, object{"memory_limit_mb": 32, "timeout_ms": 60_000, "sandbox": object{
		"max_operations": 10_000_000, "max_array_size": 100_000, "max_map_size": 100_000}})
	d.deploy("neighbour", forSeconds, longRun())
	d.deploy("hello", "return 'hello'")
	before := d.oomKills()
	killed := d.besideNeighbour(func() answer { return d.run("hungry") })

	killed.expect(t, 507, object{"code": "limit_exceeded", "limit": "memory_limit_mb", "value": 32})
	d.run("hello").expect(t, 200, nil)

	record := d.invocation(killed.header.Get("PiCloud-Invocation-Id"))
	if record["outcome"] != "limit_exceeded" {
		t.Errorf("the log says %v", record)
	}
	if !inSystemd() {
		t.Log("held by RLIMIT_DATA here; the kernel's oom_kill is for the virtual machine")
		return
	}
	if record["oom_kill"] == 0.0 {
		t.Errorf("memory.events of the worker's cgroup had no oom_kill: %v", record)
	}
	if after := d.oomKills(); after <= before {
		t.Errorf("oom_kill in the memory.events of all workers: %d before, %d after", before, after)
	}
	if peak, _ := strconv.Atoi(killed.header.Get("PiCloud-Memory-Peak-Bytes")); peak < 16<<20 || peak > 33<<20 {
		t.Errorf("the peak is %d bytes; the limit is 32 MiB, and the kernel charges a little ahead", peak)
	}
}

// besideNeighbour makes a call while a neighbour computes, which then has to be
// answered as if nothing had been. How long the call takes is the machine's
// affair: a neighbour that has ended before is followed by one that takes longer.
func (d *daemon) besideNeighbour(call func() answer) answer {
	d.t.Helper()
	const longest = 32
	seconds := 4
	if inSystemd() {
		seconds = 16
	}
	for ; seconds <= longest; seconds *= 2 {
		var neighbour answer
		var err error
		var calls sync.WaitGroup
		calls.Go(func() {
			neighbour, err = d.try(httpClient(), "GET", fmt.Sprintf("/run/neighbour?seconds=%d", seconds), "")
		})
		worker := d.busyWorker()
		a := call()
		runsOn := cpuTicks(worker) > 0
		calls.Wait()
		if err != nil {
			d.t.Fatal(err)
		}
		neighbour.expect(d.t, 200, nil)
		if runsOn {
			return a
		}
	}
	d.t.Fatalf("no neighbour of %d seconds ran on when the call was answered", longest)
	return answer{}
}

// What the limit promises a script it can use, less what the worker itself takes.
func TestMemoryLimitLeavesRoom(t *testing.T) {
	d := startDaemon(t)
	d.deploy("half", `
local all = {}
for i = 1, 250 do
  local t = {}
  for j = 1, 4096 do t[j] = j end
  all[i] = t
end
return #all`, object{"memory_limit_mb": 64, "timeout_ms": 60_000, "sandbox": object{
		"max_operations": 10_000_000, "max_array_size": 100_000, "max_map_size": 100_000}})
	for range 5 {
		d.run("half").expect(t, 200, nil)
	}
}

// oomKills reads what the kernel counts for all workers together, those that
// are gone too; see memory.events in the kernel's cgroup-v2 document.
func (d *daemon) oomKills() int {
	d.t.Helper()
	if !inSystemd() {
		return 0
	}
	data, err := os.ReadFile(filepath.Join(d.cgroup(), "workers", "memory.events"))
	if err != nil {
		d.t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if n, ok := strings.CutPrefix(line, "oom_kill "); ok {
			count, err := strconv.Atoi(strings.TrimSpace(n))
			if err != nil {
				d.t.Fatal(err)
			}
			return count
		}
	}
	d.t.Fatalf("no oom_kill in memory.events: %q", data)
	return 0
}
