//go:build vm

package pkg

import (
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

	generous := object{"max_operations": 10_000_000, "max_array_size": 100_000, "max_map_size": 100_000}
	b.admin("PUT", "/scripts/hungry", object{"source": hungry, "memory_limit_mb": 32, "timeout_ms": 60000, "sandbox": generous}, 201, nil)
	b.admin("PUT", "/scripts/neighbour", object{"source": "local n = 0 for i = 1, 2000000 do n = n + 1 end return n",
		"timeout_ms": 60000, "sandbox": generous}, 201, nil)
	before := b.oomKills()
	var neighbour answer
	var failed error
	var beside sync.WaitGroup
	beside.Go(func() { neighbour, failed = b.try("GET", "/run/neighbour", "") })
	b.request("GET", "/run/hungry", "", 507, object{"code": "limit_exceeded", "limit": "memory_limit_mb", "value": 32})
	beside.Wait()
	if failed != nil || neighbour.status != 200 {
		b.Errorf("the neighbour got %d %s: %v", neighbour.status, neighbour.body, failed)
	}
	if after := b.oomKills(); after == before {
		b.Errorf("the kernel counts %q in memory.events as before", after)
	}
	for _, name := range []string{"count", "hungry", "neighbour"} {
		b.admin("DELETE", "/scripts/"+name, nil, 204, nil)
	}
}

// oomKills is the kernel's count for all workers together.
func (b *board) oomKills() string {
	b.Helper()
	return b.do("grep '^oom_kill ' /sys/fs/cgroup" + b.property("ControlGroup") + "/workers/memory.events")
}
