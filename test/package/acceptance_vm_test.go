//go:build vm

package pkg

import (
	"fmt"
	"strings"
	"sync"
)

type object = map[string]any

const countTo10000 = "local n = 0 for i = 1, 10000 do n = n + 1 end return n"

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

// acceptance is the platform's own, 1 to 5, through Caddy over HTTPS.
func (b *board) acceptance() {
	b.Helper()
	version := b.request("GET", "/version", "", 200, object{"product": "0.3.0"})
	if strings.Contains(version.body, `"schema":1`+",") {
		b.Errorf("the schema is the first one: %s", version.body)
	}
	b.admin("PUT", "/scripts/count", object{"source": countTo10000, "sandbox": object{"max_operations": 500}, "timeout_ms": 60000}, 201, nil)
	b.request("GET", "/run/count", "", 507, object{"code": "limit_exceeded", "limit": "max_operations", "value": 500})

	b.admin("PUT", "/scripts/count", object{"source": countTo10000, "sandbox": object{"max_operations": 1_000_000}, "timeout_ms": 60000}, 200, nil)
	if ok := b.request("GET", "/run/count", "", 200, nil); strings.TrimSpace(ok.body) != "10000" {
		b.Errorf("the answer is %q, want 10000", ok.body)
	}
	b.admin("POST", "/scripts", object{"name": "greedy", "source": "return 1", "sandbox": object{"max_operations": 1_000_000_000}},
		422, object{"code": "limit_exceeds_ceiling", "field": "max_operations", "requested": "1e+09", "ceiling": "1e+07"})

	// the neighbour is ended by its own clock and not by a limit
	b.admin("PATCH", "/limits/ceiling", object{"max_operations": int64(1_000_000_000_000)}, 200, nil)
	b.admin("PUT", "/scripts/hungry", object{"source": hungry, "memory_limit_mb": 32, "timeout_ms": 60000, "sandbox": object{
		"max_operations": 10_000_000, "max_array_size": 100_000, "max_map_size": 100_000}}, 201, nil)
	b.admin("PUT", "/scripts/neighbour", object{"source": forSeconds, "timeout_ms": 60000,
		"sandbox": object{"max_operations": int64(1_000_000_000_000)}}, 201, nil)
	before := b.oomKills()
	b.besideNeighbour(func() {
		b.request("GET", "/run/hungry", "", 507, object{"code": "limit_exceeded", "limit": "memory_limit_mb", "value": 32})
	})
	if after := b.oomKills(); after == before {
		b.Errorf("the kernel counts %q in memory.events as before", after)
	}
	for _, name := range []string{"count", "hungry", "neighbour"} {
		b.admin("DELETE", "/scripts/"+name, nil, 204, nil)
	}
	b.admin("PATCH", "/limits/ceiling", object{"max_operations": nil}, 200, nil)
}

// besideNeighbour makes a call while a neighbour computes, which then has to be
// answered as if nothing had been. How long the call takes is the machine's
// affair: a neighbour that has ended before is followed by one that takes longer.
func (b *board) besideNeighbour(call func()) {
	b.Helper()
	const longest = 40
	for seconds := 10; seconds <= longest; seconds *= 2 {
		var neighbour answer
		var err error
		var calls sync.WaitGroup
		calls.Go(func() { neighbour, err = b.try("GET", fmt.Sprintf("/run/neighbour?seconds=%d", seconds), "") })
		b.eventually("the neighbour runs", func() bool { return b.running() == "1" })
		call()
		runsOn := b.running() == "1"
		calls.Wait()
		if err != nil || neighbour.status != 200 {
			b.Fatalf("the neighbour got %d %s: %v", neighbour.status, neighbour.body, err)
		}
		if runsOn {
			return
		}
	}
	b.Fatalf("no neighbour of %d seconds ran on when the call was answered", longest)
}

// running is how many calls have a worker.
func (b *board) running() string {
	b.Helper()
	return b.do("curl -sf --unix-socket " + httpSocket + ` http://localhost/metrics | awk '/^picloud_workers.state="running"/ { print $2 }'`)
}

// oomKills is the kernel's count for all workers together.
func (b *board) oomKills() string {
	b.Helper()
	return b.do("grep '^oom_kill ' /sys/fs/cgroup" + b.property("ControlGroup") + "/workers/memory.events")
}
