package lua

import (
	"fmt"
	"strings"
	"testing"

	"picloud/limits"
	"picloud/worker/wire"
)

func TestOperationsAreExact(t *testing.T) {
	for name, source := range map[string]string{
		"loop":      `local n = 0 for i = 1, 100 do n = n + i end return tostring(n)`,
		"coroutine": `local f = coroutine.wrap(function() for i = 1, 50 do coroutine.yield(i) end end) for i = 1, 50 do f() end`,
		"library":   `local s = ("x"):rep(10000):upper():gsub("X", "yy") return s:sub(1, 10)`,
		"pcall":     `for i = 1, 20 do pcall(error, "x") end`,
		"json":      `return json.encode(json.decode("[1,2,{\"a\":null}]"))`,
	} {
		t.Run(name, func(t *testing.T) {
			free := runScript(t, source)
			wantOK(t, free)
			exact := runWith(t, source, limits.MaxOperations, free.Operations)
			wantOK(t, exact)
			if exact.Operations != free.Operations || exact.body() != free.body() {
				t.Errorf("%d operations, then %d", free.Operations, exact.Operations)
			}
			short := runWith(t, source, limits.MaxOperations, free.Operations-1)
			wantLimit(t, short, limits.MaxOperations)
			if short.Operations != free.Operations-1 {
				t.Errorf("%d operations reported with a limit of %d", short.Operations, free.Operations-1)
			}
		})
	}
}

// The acceptance of the platform: a loop of 10,000 rounds.
func TestOperationsOfALoop(t *testing.T) {
	source := `local n = 0 for i = 1, 10000 do n = n + 1 end return n`
	wantLimit(t, runWith(t, source, limits.MaxOperations, 500), limits.MaxOperations)
	o := runWith(t, source, limits.MaxOperations, 1_000_000)
	wantOK(t, o)
	if o.body() != "10000" {
		t.Error(o.body())
	}
}

func TestOperationsCannotBeEvaded(t *testing.T) {
	for name, source := range map[string]string{
		"endless loop":        `while true do end`,
		"empty goto":          `::again:: goto again`,
		"pcall":               `while true do pcall(function() while true do end end) end`,
		"xpcall":              `while true do xpcall(function() while true do end end, function() return 1 end) end`,
		"coroutine":           `coroutine.wrap(function() while true do end end)()`,
		"coroutine in pcall":  `pcall(coroutine.wrap(function() pcall(function() while true do end end) end)) while true do end`,
		"resume":              `local c = coroutine.create(function() while true do end end) coroutine.resume(c) return "caught"`,
		"metamethod":          `local t = setmetatable({}, {__index = function() while true do end end}) return pcall(function() return t.x end)`,
		"gsub callback":       `(("x"):rep(10)):gsub("x", function() while true do end end)`,
		"sort callback":       `table.sort({1, 2, 3}, function() while true do end end)`,
		"tostring":            `return tostring(setmetatable({}, {__tostring = function() while true do end end}))`,
		"rep":                 `return #("x"):rep(1e18)`,
		"rep of rep":          `local s = "xx" while true do s = s:rep(2) end`,
		"concat":              `local s = "xx" while true do s = s .. s end`,
		"pattern":             `return ("a"):rep(100000):find((".-"):rep(20) .. "b")`,
		"match per position":  `return ("a"):rep(100000):match("a*b")`,
		"gmatch":              `for w in ("a"):rep(100000):gmatch("a*b") do end`,
		"back reference":      `return ("a"):rep(50000):find("(a*)%1b")`,
		"balance":             `return ("("):rep(100000):find("%b()")`,
		"set":                 `return ("a"):rep(50000):find("[" .. ("x"):rep(50000) .. "]")`,
		"plain find":          `local s = ("a"):rep(100000) while true do s:find("b", 1, true) end`,
		"compare":             `local a, b = ("x"):rep(200000) .. "a", ("x"):rep(200000) .. "b" local n = 0 for i = 1, 1e6 do if a < b then n = n + 1 end end`,
		"equal":               `local a, b = ("x"):rep(200000), ("x"):rep(200000) for i = 1, 1e6 do local c = a == b end`,
		"long key":            `local k, t = ("x"):rep(200000), {} for i = 1, 1e5 do t[k] = i end`,
		"upper":               `local s = ("x"):rep(100000) while true do s:upper() end`,
		"number in a string":  `local s = ("0"):rep(100000) for i = 1, 1e5 do local n = s + 1 end`,
		"tonumber":            `local s = ("1"):rep(100000) for i = 1, 1e5 do local n = tonumber(s) end`,
		"gap":                 `local t = {} t[6e7] = 1`,
		"gap by rawset":       `rawset({}, 6e7, 1)`,
		"gap by insert":       `table.insert({}, 6e7, 1)`,
		"gap by newindex":     `local t = setmetatable({}, {__newindex = {}}) t[6e7] = 1`,
		"length":              `local t = {} for i = 1, 50000 do t[i] = i end for i = 50000, 1, -1 do t[i] = nil end for i = 1, 1e5 do local n = #t end`,
		"unpack":              `local t = {} for i = 1, 7000 do t[i] = i end while true do unpack(t) end`,
		"byte":                `local s = ("x"):rep(7000) while true do s:byte(1, -1) end`,
		"insert":              `local t = {} for i = 1, 50000 do t[i] = i end for i = 1, 50000 do table.insert(t, 1, 0) end`,
		"remove":              `local t = {} for i = 1, 50000 do t[i] = i end while #t > 0 do table.remove(t, 1) end`,
		"table.concat":        `local t = {} for i = 1, 1000 do t[i] = ("x"):rep(1000) end while true do table.concat(t) end`,
		"concat range":        `return table.concat(setmetatable({}, {}), "", 1, 0), table.concat({"x"}, ("x"):rep(1e6), 1, 1), (function() while true do end end)()`,
		"sort":                `local t = {} for i = 1, 100000 do t[i] = -i end while true do table.sort(t) end`,
		"next over holes":     `local t = {} for i = 1, 100000 do t[i] = 1 end for i = 1, 99999 do t[i] = nil end while true do next(t) end`,
		"next over dead keys": `local t = {} for i = 1, 30000 do t["k" .. i] = 1 end for i = 1, 29999 do t["k" .. i] = nil end while true do next(t) end`,
		"json.encode":         `local t = {} for i = 1, 10000 do t[i] = "x" end while true do json.encode(t) end`,
		"json.decode":         `local s = "[" .. ("1,"):rep(10000) .. "1]" while true do json.decode(s) end`,
		"format":              `local s = ("x"):rep(100000) while true do string.format("%s%q", s, s) end`,
		"log":                 `local s = ("x"):rep(100000) while true do print(s) end`,
		"threads":             `while true do coroutine.create(function() end) end`,
		"values":              `local function g(...) return g(1, ...) end g()`,
		"error text":          `local s = ("x"):rep(100000) while true do pcall(error, s) end`,
		"open upvalues":       manyUpvalues("local function h() return nil, " + hundredNames + " end"),
		"closing upvalues":    manyUpvalues("h()"),
		"modulo":              `local x, y = 1.7e308, 3.3e-310 for i = 1, 20000 do local z = x % y end`,
		"fmod":                `for i = 1, 20000 do math.fmod(1.7e308, 3.3e-310) end`,
		"index chain":         `local t = {} for i = 1, 90 do t = setmetatable({}, {__index = t}) end for i = 1, 20000 do local z = t.x end`,
		"newindex chain":      `local t = {} for i = 1, 90 do t = setmetatable({}, {__newindex = t}) end for i = 1, 20000 do t.x = nil end`,
		"digits":              `for i = 1, 20000 do string.format("%.99e", 1.23e-308) end`,
		"hard number":         `for i = 1, 10000 do local n = "1e-320" + 1 end`,
		"number argument":     `local s = ("0"):rep(100000) for i = 1, 1000 do math.floor(s) end`,
		"bad number argument": `local s = ("x"):rep(100000) for i = 1, 1000 do pcall(string.rep, "x", s) end`,
		"date field":          `local s = ("0"):rep(100000) .. "1" for i = 1, 1000 do os.time({year = s, month = 1, day = 1}) end`,
		"key of no table":     `local s = ("x"):rep(100000) local n for i = 1, 1000 do pcall(function() n[s] = 1 end) end`,
		"tiny JSON":           `local s = "[" .. ("{},"):rep(2000) .. "1]" for i = 1, 80 do json.decode(s) end`,
		"coroutine chain":     `local function f() coroutine.wrap(function() while true do end end)() end pcall(f)`,
	} {
		t.Run(name, func(t *testing.T) {
			o := runScript(t, source)
			wantLimit(t, o, limits.MaxOperations)
			if o.Operations != limits.Defaults().MaxOperations {
				t.Errorf("%d operations", o.Operations)
			}
		})
	}
}

// hundredNames is v1, v2, ... v100.
var hundredNames = func() string {
	names := make([]string, 100)
	for i := range names {
		names[i] = fmt.Sprint("v", i+1)
	}
	return strings.Join(names, ", ")
}()

// manyUpvalues runs a statement 2000 times on top of 5000 open upvalues.
func manyUpvalues(statement string) string {
	return "local function h() end local function f(n) local " + hundredNames + " = 1 " +
		"local g = function() return nil, " + hundredNames + " end if n > 0 then return 1 + f(n - 1) end " +
		"for i = 1, 2000 do " + statement + " end return 1 end f(49)"
}

func TestCallLevelsAreExact(t *testing.T) {
	recursion := `local function f(n) if n > 1 then return 1 + f(n - 1) end return 1 end local n = f(%d) return n`
	wantOK(t, runWith(t, fmt.Sprintf(recursion, 10), limits.MaxCallLevels, 10))
	wantLimit(t, runWith(t, fmt.Sprintf(recursion, 11), limits.MaxCallLevels, 10), limits.MaxCallLevels)
	wantOK(t, runWith(t, `return 1`, limits.MaxCallLevels, 1))
	wantOK(t, runWith(t, fmt.Sprintf(recursion, 1000), limits.MaxCallLevels, 1000))
	wantLimit(t, runWith(t, fmt.Sprintf(recursion, 1001), limits.MaxCallLevels, 1000), limits.MaxCallLevels)

	throughPcall := `local function f(n) if n > 1 then local _, v = pcall(f, n - 1) return 1 + v end return 1 end local n = f(%d) return n`
	wantOK(t, runWith(t, fmt.Sprintf(throughPcall, 64), limits.MaxCallLevels, 64))
	wantLimit(t, runWith(t, fmt.Sprintf(throughPcall, 65), limits.MaxCallLevels, 64), limits.MaxCallLevels)

	throughThreads := `local function f(n) if n > 1 then return 1 + coroutine.wrap(f)(n - 1) end return 1 end local n = f(%d) return n`
	wantOK(t, runWith(t, fmt.Sprintf(throughThreads, 64), limits.MaxCallLevels, 64))
	wantLimit(t, runWith(t, fmt.Sprintf(throughThreads, 65), limits.MaxCallLevels, 64), limits.MaxCallLevels)
}

func TestTailCallsAreNoLevels(t *testing.T) {
	o := runWith(t, `local function f(n) if n == 0 then return "done" end return f(n - 1) end return f(5000)`, limits.MaxCallLevels, 2)
	wantOK(t, o)
}

func TestCallLevelsCannotBeEvaded(t *testing.T) {
	for name, source := range map[string]string{
		"plain":            `local function f() f() end f()`,
		"pcall":            `local function f() pcall(f) end f()`,
		"pcall of pcall":   `local function f() pcall(pcall, pcall, f) end f()`,
		"xpcall":           `local function f() xpcall(f, f) end f()`,
		"xpcall itself":    `local function f() error(xpcall(f, f)) end xpcall(f, f)`,
		"index":            `local t = {} setmetatable(t, {__index = function(t, k) return t[k] end}) return t.x`,
		"newindex":         `local t = {} setmetatable(t, {__newindex = function(t, k, v) t[k] = v end}) t.x = 1`,
		"call":             `local t = setmetatable({}, {__call = function(t) return 1 + t() end}) t()`,
		"concat":           `local t t = setmetatable({}, {__concat = function(a, b) return a .. b end}) return t .. t`,
		"gsub":             `local function f() return (("x"):gsub("x", f)) end f()`,
		"sort":             `local function f() table.sort({1, 2}, f) end f()`,
		"tostring":         `local t t = setmetatable({}, {__tostring = function() return tostring(t) end}) tostring(t)`,
		"library alone":    `local t = setmetatable({}, {}) getmetatable(t).__tostring = tostring tostring(t)`,
		"many pcalls":      `local t = {} for i = 1, 3000 do t[i] = pcall end return pcall(unpack(t))`,
		"coroutine":        `local function f() coroutine.wrap(f)() end f()`,
		"resume":           `local function f() coroutine.resume(coroutine.create(f)) end f()`,
		"for iterator":     `local function f() for x in f do end end f()`,
		"pcalls in thread": `local function f() local t = {} for i = 1, 100 do t[i] = pcall end t[101] = coroutine.wrap(f) pcall(unpack(t)) end f()`,
	} {
		for _, levels := range []int64{1, 64, 1000} {
			t.Run(fmt.Sprint(name, levels), func(t *testing.T) {
				job := newJob(source)
				job.Limits.MaxCallLevels, job.Limits.MaxOperations = levels, 100_000_000
				wantLimit(t, do(t, job), limits.MaxCallLevels)
			})
		}
	}
}

func TestExpressionDepthIsExact(t *testing.T) {
	for name, c := range map[string]struct {
		source func(n int) string
		fixed  int // levels the source has when n is 0
	}{
		"parentheses": {func(n int) string { return "return " + strings.Repeat("(", n) + "1" + strings.Repeat(")", n) }, 0},
		"not":         {func(n int) string { return "return " + strings.Repeat("not ", n) + "true" }, 2},
		"sum":         {func(n int) string { return "return 1" + strings.Repeat("+1", n) }, 2},
		"concat":      {func(n int) string { return "return 1" + strings.Repeat(" ..1", n) }, 2},
		"do":          {func(n int) string { return strings.Repeat("do ", n) + strings.Repeat("end ", n) }, 0},
		"fields":      {func(n int) string { return "local t = t" + strings.Repeat(".a", n) }, 2},
		"tables":      {func(n int) string { return "return " + strings.Repeat("{", n) + strings.Repeat("}", n) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			const limit = 20
			check := newJob(c.source(limit - c.fixed))
			check.Limits.MaxExprDepth = limit
			check.Purpose = wire.Check
			wantOK(t, do(t, check))

			check.Source = "\n" + c.source(limit-c.fixed+1)
			o := do(t, check)
			if o.Status != wire.StatusInvalidScript || o.Line != 2 || !strings.Contains(o.Message, "max_expr_depth") || !strings.Contains(o.Message, "(20)") {
				t.Errorf("check: %+v", o.Result)
			}
			check.Purpose = wire.Run
			wantLimit(t, do(t, check), limits.MaxExprDepth)
		})
	}
}

// Sources that make the compiler panic, hang or compile wrongly.
func TestOversizedSourcesAreRefused(t *testing.T) {
	numbered := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, source := range map[string]string{
		"elseifs":    "if a then " + strings.Repeat("elseif a then ", 600) + "end",
		"constants":  "local t = {" + numbered(11_000, "%d,") + "}",
		"labels":     numbered(1100, "::l%d:: "),
		"targets":    strings.Repeat("a,", 600) + "a = 1",
		"items":      "return {" + strings.Repeat("1,", 26_000) + "}",
		"upvalues":   upvalueSource(),
		"long body":  "while true do " + strings.Repeat("a=1 ", 66_000/2) + strings.Repeat("a()", 40_000) + " end",
		"locals":     "local " + strings.Repeat("a,", 300) + "a",
		"no label":   "goto nowhere",
		"no loop":    "break",
		"vararg":     "function f() return ... end",
		"incomplete": "if x then",
	} {
		t.Run(name, func(t *testing.T) {
			for _, purpose := range []wire.Purpose{wire.Check, wire.Run} {
				job := newJob(source)
				job.Purpose = purpose
				if o := do(t, job); o.Status != wire.StatusInvalidScript || o.Message == "" {
					t.Errorf("purpose %d: %+v", purpose, o.Result)
				}
			}
		})
	}
	for name, source := range map[string]string{
		"nots":       "return " + strings.Repeat("not ", 60_000) + "1",
		"minuses":    "return " + strings.Repeat("- ", 100_000) + "1",
		"sums":       "return 1" + strings.Repeat("+1", 100_000),
		"concats":    "return a" + strings.Repeat("..a", 80_000),
		"blocks":     strings.Repeat("do ", 80_000),
		"brackets":   "return " + strings.Repeat("(", 200_000),
		"calls":      "f" + strings.Repeat("()", 100_000),
		"powers":     "return 1" + strings.Repeat("^1", 100_000),
		"functions":  strings.Repeat("return function() ", 10_000),
		"fields":     "a" + strings.Repeat(".a", 100_000) + "=1",
		"else chain": strings.Repeat("if a then else ", 10_000),
	} {
		t.Run(name, func(t *testing.T) {
			wantLimit(t, runScript(t, source), limits.MaxExprDepth)
		})
	}
}

// upvalueSource is a function with 300 outer locals, taken from two functions
// because one has at most 200 locals.
func upvalueSource() string {
	var b, sum strings.Builder
	for half := range 2 {
		for i := range 150 {
			fmt.Fprintf(&b, "local v%d_%d = 1\n", half, i)
			fmt.Fprintf(&sum, "x = v%d_%d ", half, i)
		}
		b.WriteString("local function f() ")
	}
	b.WriteString("return function() " + sum.String() + " end end end")
	return b.String()
}
