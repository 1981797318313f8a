package lua

import (
	"fmt"
	"strings"
	"testing"

	"picloud/limits"
	"picloud/worker/wire"
)

// Programs that spend operations in every way there is. Each ends well with what
// it needs and not with one operation less.
var spenders = map[string]string{
	"nothing":           ``,
	"a loop":            `local n = 0 for i = 1, 1000 do n = n + i end return n`,
	"while":             `local n = 0 while n < 1000 do n = n + 1 end`,
	"repeat":            `local n = 0 repeat n = n + 1 until n == 1000`,
	"goto":              `local n = 0 ::top:: n = n + 1 if n < 1000 then goto top end`,
	"functions":         `local function f(n) return n + 1 end local n = 0 for i = 1, 300 do n = f(n) end`,
	"tail calls":        `local function f(n) if n > 0 then return f(n - 1) end end f(1000)`,
	"coroutines":        `local co = coroutine.wrap(function() for i = 1, 500 do coroutine.yield(i) end end) for i = 1, 500 do co() end`,
	"a coroutine alone": `coroutine.wrap(function() local n = 0 for i = 1, 1000 do n = n + i end end)()`,
	"nested coroutines": `coroutine.wrap(function() coroutine.wrap(function() local n = 0 for i = 1, 1000 do n = n + i end end)() end)()`,
	"pcall":             `for i = 1, 100 do pcall(function() local n = 0 for i = 1, 10 do n = n + i end end) end`,
	"pcall with errors": `for i = 1, 100 do pcall(function() error("x") end) pcall(error, {}) end`,
	"xpcall":            `for i = 1, 100 do xpcall(function() error("x") end, function(e) local n = 0 for i = 1, 10 do n = n + i end return e end) end`,
	"__index":           `local t = setmetatable({}, {__index = function(t, k) local n = 0 for i = 1, 10 do n = n + i end return n end}) for i = 1, 100 do local x = t.a end`,
	"__newindex":        `local t = setmetatable({}, {__newindex = function(t, k, v) for i = 1, 10 do v = v + 1 end end}) for i = 1, 100 do t.a = 1 end`,
	"arithmetic":        `local v = setmetatable({}, {__add = function(a, b) for i = 1, 10 do b = b + 1 end return a end}) for i = 1, 100 do v = v + 1 end`,
	"comparison":        `local m = {__lt = function(a, b) for i = 1, 10 do i = i + 1 end return true end, __eq = function() return true end, __le = function() return true end} local a, b = setmetatable({}, m), setmetatable({}, m) for i = 1, 100 do local x = a < b, a == b, a <= b end`,
	"__call":            `local f = setmetatable({}, {__call = function(self, n) for i = 1, 10 do n = n + 1 end return n end}) for i = 1, 100 do f(i) end`,
	"__len and __unm":   `local v = setmetatable({}, {__len = function() return 1 end, __unm = function() return 1 end}) for i = 1, 100 do local x = #v, -v end`,
	"__concat":          `local v = setmetatable({}, {__concat = function(a, b) for i = 1, 10 do i = i + 1 end return ("x"):rep(1000) end}) for i = 1, 100 do local s = v .. "a" .. i end`,
	"__tostring":        `local v = setmetatable({}, {__tostring = function() for i = 1, 10 do i = i + 1 end return "v" end}) for i = 1, 100 do tostring(v) end`,
	"an iterator":       `local function it(s, i) if i < 300 then return i + 1 end end for i in it, nil, 0 do end`,
	"pairs":             `local t = {} for i = 1, 100 do t["k" .. i] = i end for k, v in pairs(t) do end`,
	"dead keys":         `local t = {} for i = 1, 1000 do t["k" .. i] = i end for i = 1, 1000 do t["k" .. i] = nil end for i = 1, 100 do next(t) end`,
	"gsub callbacks":    `("x"):rep(100):gsub("x", function(c) for i = 1, 10 do i = i + 1 end end)`,
	"gsub table":        `("x"):rep(100):gsub("x", setmetatable({}, {__index = function() local n = 0 for i = 1, 10 do n = n + i end return "y" end}))`,
	"sort":              `local t = {} for i = 1, 200 do t[i] = (i * 7919) % 211 end table.sort(t, function(a, b) return a < b end)`,
	"sort alone":        `local t = {} for i = 1, 1000 do t[i] = (i * 7919) % 1009 end table.sort(t)`,
	"backtracking":      `("a"):rep(60):find(("a-"):rep(4) .. "b")`,
	"rep":               `local s = ("x"):rep(100000)`,
	"upper":             `local s = ("x"):rep(10000) for i = 1, 10 do s:upper() s:lower() s:reverse() end`,
	"find plain":        `local s = ("x"):rep(10000) for i = 1, 10 do s:find("y", 1, true) end`,
	"byte and char":     `local s = ("x"):rep(5000) for i = 1, 5 do string.char(s:byte(1, -1)) end`,
	"format":            `for i = 1, 100 do ("%d %s %q %5.2f"):format(i, ("x"):rep(1000), "a\nb", i) end`,
	"concat":            `local s = ("x"):rep(10000) for i = 1, 10 do local x = s .. s end`,
	"table.concat":      `local t = {} for i = 1, 1000 do t[i] = "abc" end table.concat(t, ("-"):rep(100))`,
	"insert and remove": `local t = {} for i = 1, 300 do table.insert(t, 1, i) end for i = 1, 300 do table.remove(t, 1) end`,
	"unpack":            `local t = {} for i = 1, 5000 do t[i] = i end for i = 1, 10 do select("#", unpack(t)) end`,
	"trailing nils":     `local t = {} for i = 1, 5000 do t[i] = i end for i = 5000, 1, -1 do t[i] = nil end for i = 1, 10 do local x = #t end`,
	"a gap":             `local t = {} t[10000] = 1`,
	"long strings":      `local a, b = ("x"):rep(10000), ("x"):rep(9999) .. "x" for i = 1, 10 do local x = a == b, a < b, a <= b end`,
	"long keys":         `local k = ("x"):rep(10000) local t = {} for i = 1, 10 do t[k] = i local x = t[k] end`,
	"long constants":    `local t = {} for i = 1, 10 do t["` + strings.Repeat("x", 10000) + `"] = i end`,
	"long numerals":     `local s = ("1"):rep(300) for i = 1, 100 do local x = s + 1, -s, tonumber(s) end`,
	"metatable chains":  `local t = {} for i = 1, 50 do t = setmetatable({}, {__index = t, __newindex = t}) end for i = 1, 100 do local x = t.a, t[i] end t[1] = 1`,
	"json":              `local t = {} for i = 1, 100 do t[i] = {a = i, b = "text"} end for i = 1, 10 do json.decode(json.encode(t)) end`,
	"log":               `for i = 1, 100 do print(("x"):rep(100), i) end`,
	"varargs":           `local function f(...) return ... end for i = 1, 100 do f(1, 2, 3, 4, 5) end`,
	"math and os":       `for i = 1, 100 do math.random(10) os.date("!%c", 0) os.time{year = 2020, month = 1, day = 1} end`,
	"response":          `return response(200, {a = 1}, {["x-a"] = "b"})`,
	"a large answer":    `local t = {} for i = 1, 1000 do t[i] = i end return t`,
}

func TestOperationsAreExact(t *testing.T) {
	for name, source := range spenders {
		t.Run(name, func(t *testing.T) {
			r := run(t, source, operations(1e9))
			if r.Status != wire.StatusOK {
				t.Fatalf("%s", show(r))
			}
			n := r.Operations
			if again := run(t, source, operations(n)); again.Status != wire.StatusOK || again.Operations != n {
				t.Errorf("with exactly the %d operations it took: %s, %d", n, show(again), again.Operations)
			}
			for _, less := range []int64{n - 1, n / 2, n / 3, 1} {
				if less < 1 || less >= n {
					continue
				}
				r := run(t, source, operations(less))
				if r.Status != wire.StatusLimitExceeded || r.Limit != limits.MaxOperations || r.Operations != less {
					t.Errorf("with %d of %d operations: %s, %d used", less, n, show(r), r.Operations)
				}
			}
		})
	}
}

func TestAnInstructionIsAnOperation(t *testing.T) {
	count := func(n int) int64 {
		return run(t, fmt.Sprintf("for i = 1, %d do local x = i end", n)).Operations
	}
	if a, b := count(1000), count(2000); b-a != 2000 {
		t.Errorf("1000 more rounds of two instructions cost %d operations", b-a)
	}
}

// What the library does for one instruction costs as much as doing it takes, so
// these never come to their end.
func TestLongWorkIsCharged(t *testing.T) {
	for name, source := range map[string]string{
		"rep":                  `("x"):rep(6e7)`,
		"rep in pcall":         `while true do pcall(string.rep, "xx", 3e7) end`,
		"rep in a loop":        `while true do local s = ("x"):rep(1e5) end`,
		"doubling":             `local s = "x" while true do s = s .. s end`,
		"a huge gap":           `local t = {} t[4e7] = 1`,
		"a huge gap, raw":      `rawset({}, 4e7, 1)`,
		"a huge gap, insert":   `table.insert({}, 4e7, 1)`,
		"a gap by __newindex":  `local u = {} setmetatable(u, {}) local t = setmetatable({}, {__newindex = setmetatable({}, {__newindex = u})}) t[4e7] = 1`,
		"concat over holes":    `pcall(table.concat, setmetatable({}, {}), "", 1, 1e15) local t = {} for i = 1, 3e5 do t[i] = "" end while true do table.concat(t) end`,
		"find":                 `local s = ("a"):rep(1e4) while true do s:find(".-b") end`,
		"gsub with anchors":    `local s = ("a"):rep(1e5) while true do s:gsub("^(a*)b", "") end`,
		"gmatch":               `local s = ("a"):rep(1e4) for x in s:gmatch("a*b") do end`,
		"json out":             `local t = {} for i = 1, 30 do t = {t, t} end json.encode(t)`,
		"json as the answer":   `local t = {"x"} for i = 1, 30 do t = {t, t} end while #json.encode({}) > 0 do json.encode(t) end`,
		"json in":              `local s = "[" .. ("1,"):rep(1e4) .. "1]" while true do json.decode(s) end`,
		"sort that never ends": `local t = {} for i = 1, 1e4 do t[i] = i end while true do table.sort(t, function() return true end) end`,
		"format":               `local s = ("x"):rep(1e5) while true do ("%s%s"):format(s, s) end`,
		"log":                  `while true do print("x") end`,
		"a queue":              `local t, i = {}, 0 while true do i = i + 1 t["k" .. i] = 1 t["k" .. (i - 1)] = nil next(t) end`,
		"coroutines":           `while true do coroutine.create(function() end) end`,
		"upvalues":             `local function deep(n) local a, b, c, d, e, f, g, h, i, j local function get() return a, b, c, d, e, f, g, h, i, j end if n > 0 then deep(n - 1) else while true do (function() end)() end end return get end deep(60)`,
		"errors":               `local function deep(n) if n > 0 then return (deep(n - 1)) end while true do pcall(error, "x") end end deep(60)`,
		"__concat":             `local s = ("x"):rep(1e5) local v = setmetatable({}, {__concat = function() return s end}) while true do local x = "a" .. "b" .. v end`,
		"nested __concat":      `local s = ("x"):rep(1e5) local w = setmetatable({}, {__concat = function() return "" end}) local v = setmetatable({}, {__concat = function() local x = "" .. w return s end}) while true do local x = "a" .. "b" .. v end`,
	} {
		t.Run(name, func(t *testing.T) { expect(t, "limit max_operations", source, operations(200_000), roomy) })
	}
}

// A limit can neither be caught nor outlived.
func TestALimitCannotBeCaught(t *testing.T) {
	forever := `while true do end`
	for name, source := range map[string]string{
		"pcall":                  `pcall(function() FOREVER end) return "caught"`,
		"pcall in a loop":        `while true do pcall(function() FOREVER end) end`,
		"xpcall":                 `xpcall(function() FOREVER end, function() return "caught" end) return "caught"`,
		"in a handler":           `xpcall(error, function() FOREVER end) return "caught"`,
		"a coroutine":            `coroutine.resume(coroutine.create(function() FOREVER end)) return "caught"`,
		"wrap":                   `pcall(coroutine.wrap(function() FOREVER end)) return "caught"`,
		"a metamethod":           `pcall(function() return setmetatable({}, {__index = function() FOREVER end}).x end) return "caught"`,
		"sort":                   `pcall(table.sort, {3, 2, 1}, function() FOREVER end) return "caught"`,
		"gsub":                   `pcall(string.gsub, "abc", ".", function() FOREVER end) return "caught"`,
		"tostring":               `pcall(tostring, setmetatable({}, {__tostring = function() FOREVER end})) return "caught"`,
		"the text of an error":   `error(setmetatable({}, {__tostring = function() FOREVER end}))`,
		"print":                  `pcall(print, setmetatable({}, {__tostring = function() FOREVER end})) return "caught"`,
		"the matcher":            `pcall(string.find, ("a"):rep(1e4), ("a-"):rep(9) .. "b") return "caught"`,
		"a library function":     `pcall(string.rep, "x", 6e7) return "caught"`,
		"a for loop's iterator":  `pcall(function() for x in function() FOREVER end do end end) return "caught"`,
		"pcall within pcall":     `pcall(pcall, pcall, function() FOREVER end) return "caught"`,
		"a coroutine in a pcall": `pcall(function() coroutine.wrap(function() pcall(function() FOREVER end) end)() end) return "caught"`,
	} {
		t.Run(name, func(t *testing.T) {
			expect(t, "limit max_operations", strings.ReplaceAll(source, "FOREVER", forever), operations(50_000), roomy)
		})
	}
}

func TestTheSameScriptCostsTheSame(t *testing.T) {
	for name, source := range spenders {
		first := run(t, source, operations(1e9))
		for range 3 {
			if again := run(t, source, operations(1e9)); again.Operations != first.Operations {
				t.Errorf("%s: %d operations, then %d", name, first.Operations, again.Operations)
			}
		}
	}
}
