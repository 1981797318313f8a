package lua

import (
	"runtime"
	"testing"

	"picloud/limits"
	"picloud/worker/wire"
)

// Each quarter of a process's memory in strings or sequences is followed by a collection that the
// script waits for, whatever makes them.
func TestGarbageIsCollected(t *testing.T) {
	const megabytes = 64 // at least
	for name, loop := range map[string]string{
		"rep":       `for i = 1, 64 do local s = ("x"):rep(2^20) end`,
		"..":        `local x = ("x"):rep(2^19) for i = 1, 64 do local s = x .. x end`,
		"reverse":   `local x = ("x"):rep(2^20) for i = 1, 64 do x = x:reverse() end`,
		"upper":     `local x = ("x"):rep(2^20) for i = 1, 64 do x = x:upper() end`,
		"gsub":      `local x = ("x"):rep(2^20) for i = 1, 64 do x = x:gsub("^x", "y") end`,
		"format":    `local x = ("x"):rep(2^20) for i = 1, 64 do x = ("%s"):format(x) end`,
		"concat":    `local x = ("x"):rep(2^19) for i = 1, 64 do local s = table.concat({x, x}) end`,
		"encode":    `local x = ("x"):rep(2^19) for i = 1, 128 do local s = json.encode(x) end`,
		"sequences": `for i = 1, 16 do local t = {} for j = 1, 90000 do t[j] = true end end`,
		"decode":    `local x = '"' .. ("x"):rep(2^19) .. '"' for i = 1, 128 do local s = json.decode(x) end`,
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := run(t, loop+" return 1", func(j *wire.Job) {
				j.Limits.MaxOperations, j.Limits.MaxStringSize, j.Limits.MaxArraySize = 1<<30, 1<<20, 100_000
				j.Limits.MemoryLimitMB = limits.Minimum().MemoryLimitMB
			})
			if r.Status != wire.StatusOK {
				t.Fatal(show(r))
			}
			runtime.ReadMemStats(&after)
			want := uint32(megabytes / (limits.Minimum().MemoryLimitMB / 4))
			if n := after.NumForcedGC - before.NumForcedGC; n < want-1 {
				t.Errorf("%d collections, not %d", n, want)
			}
		})
	}
}
