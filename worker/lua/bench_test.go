package lua

import (
	"testing"

	"picloud/limits"
	"picloud/worker/wire"
)

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := New(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDo gives the cost of an operation, for programs of different kinds.
func BenchmarkDo(b *testing.B) {
	for name, source := range map[string]string{
		"empty":   `return "ok"`,
		"loop":    `local n = 0 for i = 1, 1000000 do n = n + i % 7 end return n`,
		"calls":   `local function fib(n) if n < 2 then return n end return fib(n-1) + fib(n-2) end return fib(24)`,
		"tables":  `local t = {} for i = 1, 200000 do t[i] = {x = i} end local s = 0 for _, v in ipairs(t) do s = s + v.x end return s`,
		"methods": `local C = {} C.__index = C function C:inc() self.n = self.n + 1 end local o = setmetatable({n = 0}, C) for i = 1, 200000 do o:inc() end return o.n`,
		"strings": `local t = {} for i = 1, 50000 do t[#t+1] = ("%d:%s"):format(i, tostring(i * 2)):upper() end return #table.concat(t, ",")`,
		"match":   `local n = 0 local s = ("key=value; "):rep(1000) for k, v in s:gmatch("(%w+)=(%w+)") do n = n + #k end return n`,
		"errors":  `for i = 1, 20000 do pcall(error, "x") pcall(function() local x = nil; return x.y end) end`,
		"json":    `local s = json.encode({a = {1, 2, 3}, b = {c = "text", d = true}}) for i = 1, 5000 do s = json.encode(json.decode(s)) end return s`,
		"yield":   `local co = coroutine.wrap(function() for i = 1, 100000 do coroutine.yield(i) end end) local n = 0 for i = 1, 100000 do n = n + co() end return n`,
		"sort":    `local t = {} for i = 1, 20000 do t[i] = (i * 7919) % 20011 end table.sort(t, function(a, b) return a < b end) return t[1]`,
	} {
		b.Run(name, func(b *testing.B) {
			l := limits.Defaults()
			l.MaxOperations = 1 << 40
			job := &wire.Job{Purpose: wire.Run, Source: source, Limits: l}
			var operations int64
			for b.Loop() {
				b.StopTimer()
				in, err := New()
				if err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				r := in.Do(job, func(*wire.Log) {})
				if r.Status != wire.StatusOK {
					b.Fatalf("%+v", r)
				}
				operations = r.Operations
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(max(operations, 1)), "ns/operation")
		})
	}
}
