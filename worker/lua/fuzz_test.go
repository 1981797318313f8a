package lua

import (
	"runtime/metrics"
	"testing"

	"picloud/limits"
	"picloud/worker/wire"
)

// seeds gives a fuzz target every program of the other tests to begin with.
func seeds(f *testing.F) {
	for _, source := range spenders {
		f.Add(source)
	}
	for _, list := range []map[string]string{nestings, makers, sequences, keyedTables} {
		for _, source := range list {
			f.Add(source)
		}
	}
	for _, source := range []string{
		`local t = setmetatable({}, {__call = pcall}) t()`,
		`local co co = coroutine.wrap(function(...) return coroutine.yield(...), co() end) co(1, nil)`,
		`for k, v in (function() return next end)()({1, x = 2}), nil, 3 do goto l ::l:: end`,
		`a, b.c, d[1], e = (f or print)(), ..., nil`,
		`return response(200, json.array{}, {["x-a"] = 1}), 2`,
		`xpcall(error, function(e) error(e) end) error(setmetatable({}, {__tostring = tostring}))`,
		`repeat local x = function() return x end until #{x()} .. "" > "1" or 0x1p3 ^ -2 ^ 2`,
		`::a:: do local b = function() return a end goto a end`,
		`("%5.3q"):format(("x"):gsub(".", {x = "%1"}), os.date("*t"))`,
		"if a then elseif b then else end while nil do break end\r\n--[==[ ]] ]==] return 'a\\z\\065'",
	} {
		f.Add(source)
	}
}

// What a run may take of memory, garbage included: so much for the interpreter,
// for each byte of the source, and for each operation. An operation makes a value
// and perhaps its first place to keep others; what makes more is charged more.
const (
	bytesAtStart      = 4 << 20
	bytesPerByte      = 4 << 10
	bytesPerOperation = 1 << 10
)

// allocated is how many bytes of memory the process has asked for so far.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// FuzzRun runs anything. do checks what must hold for every result: nothing in
// the script's reach is larger than its limits, among others.
func FuzzRun(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > wire.MaxSource {
			return
		}
		before := allocated()
		first, _ := do(t, job(source, operations(20_000), with(limits.MaxStringSize, 1000),
			with(limits.MaxArraySize, 100), with(limits.MaxMapSize, 100)))
		if first.Status == wire.StatusScriptError && first.Message == brokenMessage {
			t.Errorf("the VM fails")
		}
		used := allocated() - before
		if most := bytesAtStart + bytesPerByte*uint64(len(source)) + bytesPerOperation*uint64(first.Operations); used > most {
			t.Errorf("%d bytes were taken for %d operations and %d bytes of source; allowed are %d", used, first.Operations, len(source), most)
		}
	})
}

// FuzzCheck compiles anything, and whatever compiles must compile again when it
// is run, and the other way round.
func FuzzCheck(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > wire.MaxSource {
			return
		}
		checked, _ := do(t, job(source, check))
		ran, _ := do(t, job(source, operations(1)))
		invalid := ran.Status == wire.StatusInvalidScript || ran.Limit == "max_expr_depth"
		if invalid != (checked.Status == wire.StatusInvalidScript) {
			t.Errorf("checked: %s, run: %s", show(checked), show(ran))
		}
	})
}
