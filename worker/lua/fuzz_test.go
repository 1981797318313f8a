package lua

import (
	"testing"

	"picloud/worker/wire"
)

func seeds() []string {
	return []string{
		`return ctx.request.body`, `local a, b = (...), 1 a, b = b, (tostring(a)) return a`,
		`for k, v in pairs({1, 2})(1) do end`, `local c = coroutine.wrap(function(...) return coroutine.yield(...) end) c(1) c(2)`,
		`return json.encode(json.decode("[1,{\"a\":null}]"))`, `return ("x"):rep(9):gsub("x", {x = "%1"})`,
		`local t = setmetatable({}, {__index = function(t, k) return t[k] end}) return t.x`, `return {1, 2, x = 3}`,
		`local function f(...) return select("#", ...), f(1, ...) end f()`, `pcall(pcall, error) xpcall(print, 1)`,
		`::a:: goto a`, `table.sort({3, 2, 1}, function(a, b) return true end)`, `return string.format("%5.2f %q %c", 1, "\0", 65)`,
		`response(200, {}, {a = "b"})`, `print(("é"):rep(50000))`, `local t = {} t[1e15] = 1 t[-1] = 2 t[0.5] = 3 for k in next, t do end return #t`,
		`local o = coroutine.create(function() pcall(coroutine.yield) end) coroutine.resume(o) coroutine.resume(o)`,
	}
}

// FuzzRun checks that every source ends with a result the supervisor can read,
// within its limit, and that the figures come out the same again.
func FuzzRun(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > wire.MaxSource {
			return
		}
		job := newJob(source)
		job.Limits.MaxOperations = 20_000
		o := do(t, job)
		if o.Operations > 20_000 || o.Operations < 0 {
			t.Errorf("%d operations", o.Operations)
		}
		if o.Status == wire.StatusScriptError && o.Message == faultMessage {
			t.Errorf("a Go panic")
		}
		frame, err := o.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := wire.DecodeResult(frame[5:]); err != nil {
			t.Error(err)
		}
	})
}

// FuzzCheck checks that what a check refuses or takes, a run does too.
func FuzzCheck(f *testing.F) {
	for _, s := range seeds() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > wire.MaxSource {
			return
		}
		job := newJob(source)
		job.Purpose = wire.Check
		o := do(t, job)
		if o.Status != wire.StatusOK && (o.Status != wire.StatusInvalidScript || o.Message == "") || o.Operations != 0 {
			t.Errorf("%+v", o.Result)
		}
		if _, err := o.Encode(); err != nil {
			t.Error(err)
		}
	})
}
