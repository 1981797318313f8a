package lua

import (
	"fmt"
	"strings"
	"testing"
)

// Every way to nest calls. Each program enters LEVELS script functions within
// each other and returns "done".
var nestings = map[string]string{
	"calls":                   `local function f(n) if n > 1 then f(n - 1) end end f(LEVELS)`,
	"a method":                `local o = {} function o:f(n) if n > 1 then self:f(n - 1) end end o:f(LEVELS)`,
	"mutual":                  `local f, g function f(n) if n > 1 then g(n - 1) end end function g(n) if n > 1 then f(n - 1) end end f(LEVELS)`,
	"not a tail call":         `local function f(n) if n > 1 then return (f(n - 1)) end end f(LEVELS)`,
	"through pcall":           `local function f(n) if n > 1 then pcall(f, n - 1) end end f(LEVELS)`,
	"through xpcall":          `local n = LEVELS local function f() n = n - 1 if n > 0 then xpcall(f, print) end end f()`,
	"in handlers":             `local n = LEVELS local function f() n = n - 1 if n > 0 then xpcall(error, f) end end f()`,
	"through __index":         `local m = {} local function at(t, n) if n > 1 then return t[n - 1] end end m.__index = at local t = setmetatable({}, m) local x = t[LEVELS]`,
	"through __newindex":      `local m = {} function m.__newindex(t, n) if n > 1 then t[n - 1] = 1 end end setmetatable({}, m)[LEVELS] = 1`,
	"through __add":           `local m = {} function m.__add(t, n) if n > 1 then return t + (n - 1) end end local x = setmetatable({}, m) + LEVELS`,
	"through __concat":        `local m = {} function m.__concat(t, n) if n > 1 then return t .. (n - 1) end end local x = setmetatable({}, m) .. LEVELS`,
	"through __lt":            `local m, n = {}, LEVELS local a, b = setmetatable({}, m), setmetatable({}, m) function m.__lt() n = n - 1 if n > 0 then return a < b end end local x = a < b`,
	"through __eq":            `local m, n = {}, LEVELS local a, b = setmetatable({}, m), setmetatable({}, m) function m.__eq() n = n - 1 if n > 0 then return a == b end end local x = a == b`,
	"through __le":            `local m, n = {}, LEVELS local a, b = setmetatable({}, m), setmetatable({}, m) function m.__le() n = n - 1 if n > 0 then return a <= b end end local x = a <= b`,
	"through __len":           `local m, n = {}, LEVELS local a = setmetatable({}, m) function m.__len() n = n - 1 if n > 0 then return #a end return 1 end local x = #a`,
	"through __unm":           `local m, n = {}, LEVELS local a = setmetatable({}, m) function m.__unm() n = n - 1 if n > 0 then return -a end end local x = -a`,
	"through __call":          `local m = {} local t = setmetatable({}, m) function m.__call(t, n) if n > 1 then t(n - 1) end end t(LEVELS)`,
	"through tostring":        `local m, n = {}, LEVELS local a = setmetatable({}, m) function m.__tostring() n = n - 1 if n > 0 then return tostring(a) end return "a" end tostring(a)`,
	"through print":           `local m, n = {}, LEVELS local a = setmetatable({}, m) function m.__tostring() n = n - 1 if n > 0 then print(a) end return "a" end print(a)`,
	"through pcall(tostring)": `local m, n = {}, LEVELS local a = setmetatable({}, m) function m.__tostring() n = n - 1 if n > 0 then pcall(tostring, a) end return "a" end tostring(a)`,
	"through gsub":            `local n = LEVELS local function f() n = n - 1 if n > 0 then string.gsub("x", "x", f) end end f()`,
	"through sort":            `local n = LEVELS local function less(a, b) n = n - 1 if n > 0 then table.sort({1, 2}, less) end return a < b end table.sort({1, 2}, less)`,
	"through an iterator":     `local n = LEVELS local function it() n = n - 1 if n > 0 then for x in it do end end end for x in it do end`,
	"through coroutines":      `local function f(n) if n > 1 then coroutine.wrap(f)(n - 1) end end f(LEVELS)`,
	"through resume":          `local function f(n) if n > 1 then coroutine.resume(coroutine.create(f), n - 1) end end f(LEVELS)`,
	"within a coroutine":      `coroutine.wrap(function() local function f(n) if n > 1 then f(n - 1) end end f(LEVELS - 1) end)()`,
	"half in a coroutine":     `local function f(n, m) if n > 1 then f(n - 1, m) elseif m then coroutine.wrap(f)(m) end end local half = math.floor(LEVELS / 2) if half > 0 then f(half, LEVELS - half) else f(LEVELS) end`,
}

func TestLevelsAreExact(t *testing.T) {
	for name, source := range nestings {
		for _, n := range []int{1, 2, 7, 64, 128, 200} {
			if name == "within a coroutine" && n == 1 {
				continue // it enters two at least
			}
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				enter := func(levels int) string {
					return strings.ReplaceAll(source, "LEVELS", fmt.Sprint(levels)) + ` return "done"`
				}
				expect(t, "200 done", enter(n), levels(int64(n)), operations(1e8))
				expect(t, "limit max_call_levels", enter(n+1), levels(int64(n)), operations(1e8))
			})
		}
	}
}

func TestTailCallsDoNotNest(t *testing.T) {
	expect(t, "200 done", `local function f(n) if n == 0 then return "done" end return f(n - 1) end return f(10000)`, levels(1))
}

// Recursion without end comes to an end whatever it goes through, library
// functions alone included.
func TestRecursionWithoutEnd(t *testing.T) {
	for name, source := range map[string]string{
		"pcall":                      `local function f() pcall(f) end f()`,
		"pcall catching":             `local function f() local ok, e = pcall(f) return error(e) end f()`,
		"xpcall with itself":         `local function f() xpcall(f, f) end xpcall(f, f)`,
		"a handler that fails":       `local function h() error("again") end local function f() xpcall(error, f) end f()`,
		"a handler that calls":       `local function h(e) xpcall(error, h) end xpcall(error, h)`,
		"gsub":                       `local function f() ("x"):gsub("x", f) end f()`,
		"sort":                       `local function f() table.sort({2, 1}, f) end f()`,
		"__index":                    `local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) return t[k] end local x = t.x`,
		"__call is pcall":            `local t = setmetatable({}, {__call = pcall}) t()`,
		"__tostring is tostring":     `tostring(setmetatable({}, {__tostring = tostring}))`,
		"__tostring is print":        `print(setmetatable({}, {__tostring = print}))`,
		"__index is tostring":        `local t = {} setmetatable(t, {__index = function() return tostring(t) end, __tostring = function() return t.x end}) tostring(t)`,
		"coroutines":                 `local function f() coroutine.wrap(f)() end f()`,
		"resumes of resume":          `local co = coroutine.create(print) while true do co = coroutine.wrap(coroutine.resume, co) coroutine.resume(coroutine.create(function() end)) local next = co co = coroutine.create(coroutine.wrap(function() next(co) end)) coroutine.resume(co) local function f() coroutine.wrap(f)() end f() end`,
		"pcall chains":               `local t = {} for i = 1, 5000 do t[i] = pcall end pcall(unpack(t))`,
		"a metamethod of everything": `local m = {} local t = setmetatable({}, m) local function f() return t + t .. t end m.__add, m.__concat, m.__index = f, f, f f()`,
		"log":                        `local t = {} setmetatable(t, {__tostring = function() log.info(t) end}) log.info(t)`,
	} {
		t.Run(name, func(t *testing.T) { expect(t, "limit max_call_levels", source, operations(1e7)) })
	}
}

// A chain of coroutines whose bodies are library functions has no level of its
// own.
func TestResumedCoroutinesNest(t *testing.T) {
	expect(t, "limit max_call_levels", `
		local co = coroutine.wrap(function() return 1 end)
		for i = 1, 100 do
			local inner = co
			co = coroutine.wrap(pcall)
			local outer = co
			co = function() return outer(inner) end
		end
		co()
	`, operations(1e7))
}

// Many values on the stack are bounded too, by the call levels' name.
func TestRegistersAreBounded(t *testing.T) {
	source := `
		local t = {} for i = 1, 8000 do t[i] = i end
		local function grow(n, ...) if n > 0 then return grow(n - 1, MORE ...) end return select("#", ...) end
		return grow(ROUNDS, unpack(t))`
	source = strings.ReplaceAll(source, "MORE", strings.Repeat("1, ", 150))
	expect(t, "200 9500", strings.ReplaceAll(source, "ROUNDS", "10"), operations(1e8))
	expect(t, "limit max_call_levels", strings.ReplaceAll(source, "ROUNDS", "100000"), operations(1e8))
}
