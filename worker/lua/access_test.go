package lua

import (
	"strings"
	"testing"

	glua "github.com/yuin/gopher-lua"
)

// accesses read and write fields in every way that the hook does by itself or
// leaves to the VM. Each returns what it saw as text.
var accesses = map[string]string{
	"array and map":          `local t = {10, 20, x = 30} t[3] = 40 t.y = 50 t[1.5] = 60 t[true] = 70 return t[1] .. t[3] .. t.x .. t.y .. t[1.5] .. t[true] .. #t`,
	"absent":                 `local t = {} return tostring(t[1]) .. tostring(t.x) .. tostring(t[t]) .. tostring(t[1.5])`,
	"false":                  `local m = {__index = {a = 1}} local t = setmetatable({a = false}, m) return tostring(t.a) .. tostring(t["a"])`,
	"deleting":               `local t = {1, 2, 3, x = 1} t.x = nil t[3] = nil return tostring(t.x) .. #t`,
	"the array's end":        `local t = {} for i = 1, 5 do t[i] = i end for i = 5, 3, -1 do t[i] = nil end t[3] = 9 return #t .. t[3]`,
	"keys that are numbers":  `local t = {} t[0] = 1 t[-1] = 2 t[2^53] = 3 t["1"] = 4 t[1] = 5 return t[0] .. t[-1] .. t[2^53] .. t["1"] .. t[1]`,
	"nil as a key":           `local t, k = {} local ok, e = pcall(function() t[k] = 1 end) return tostring(t[k]) .. tostring(ok) .. e`,
	"NaN as a key":           `local t, k = {}, 0/0 local ok, e = pcall(function() t[k] = 1 end) return tostring(t[k]) .. tostring(ok) .. e`,
	"no table":               `local t local ok, e = pcall(function() return t.x end) local ok2, e2 = pcall(function() t.x = 1 end) local ok3, e3 = pcall(function() t[1] = t[2] end) return e .. e2 .. e3`,
	"a number's field":       `local t = 5 local ok, e = pcall(function() return t.x end) local ok2, e2 = pcall(function() t[1] = 1 end) return e .. e2`,
	"no method":              `local t = {} local ok, e = pcall(function() return t:x() end) return e`,
	"a string's method":      `local s = "abc" return s:upper() .. s:len() .. ("x"):rep(3)`,
	"inheriting":             `local A = {a = "A"} A.__index = A local B = setmetatable({b = "B"}, A) B.__index = B local C = setmetatable({}, B) B.__index = B local o = setmetatable({o = "o"}, B) return o.o .. o.b .. o.a .. tostring(o.c) .. o["a"] .. tostring(C.a)`,
	"methods":                `local A = {} A.__index = A function A:get() return self.v end local B = setmetatable({}, A) B.__index = B function B:put(v) self.v = v return self end local o = setmetatable({}, B) return o:put("x"):get()`,
	"into its own register":  `local A = {} A.__index = A function A:me() return self end local o = setmetatable({v = 7}, A) o = o:me() o = o:me() return o.v`,
	"an __index function":    `local t = setmetatable({}, {__index = function(t, k) return k .. "!" end}) return t.x .. t[1] .. tostring(rawget(t, "x"))`,
	"function at the end":    `local base = setmetatable({}, {__index = function(_, k) return "end" .. k end}) local t = setmetatable({}, {__index = base}) return t.x .. t[2]`,
	"an __index string":      `local t = setmetatable({}, {__index = "abc"}) return tostring(t.upper ~= nil) .. tostring(t.nope)`,
	"an __index number":      `local t = setmetatable({}, {__index = 5}) local ok, e = pcall(function() return t.x end) return e`,
	"an __index of itself":   `local t = {} setmetatable(t, {__index = t}) local ok, e = pcall(function() return t.x end) return e`,
	"a loop of two":          `local a, b = {}, {} setmetatable(a, {__index = b}) setmetatable(b, {__index = a}) local ok, e = pcall(function() return a[1] end) return e`,
	"storing in a chain":     `local base = {} local mid = setmetatable({}, {__newindex = base}) local t = setmetatable({}, {__newindex = mid}) t.x = 1 t[1] = 2 return tostring(rawget(t, "x")) .. tostring(rawget(mid, "x")) .. base.x .. base[1]`,
	"storing what is there":  `local other = {} local t = setmetatable({x = 1, 5}, {__newindex = other}) t.x = 2 t[1] = 6 t.x = nil t.x = 3 return tostring(rawget(t, "x")) .. t[1] .. other.x`,
	"a __newindex function":  `local seen = "" local t = setmetatable({}, {__newindex = function(t, k, v) seen = seen .. k .. v rawset(t, k, v) end}) t.x = 1 t.x = 2 t[1] = 3 return seen .. t.x .. t[1]`,
	"a __newindex of itself": `local t = {} setmetatable(t, {__newindex = t}) local ok, e = pcall(function() t.x = 1 end) return e`,
	"nil into a chain":       `local base = {x = 1} local t = setmetatable({}, {__newindex = base}) t.x = nil return tostring(base.x)`,
	"keys in the chain":      `local base = {} local t, k = setmetatable({}, {__newindex = base}) local ok, e = pcall(function() t[k] = 1 end) local ok2, e2 = pcall(function() t[0/0] = 1 end) return e .. e2`,
	"metatable without it":   `local t = setmetatable({}, {}) t.x = 1 t[1] = 2 return t.x .. t[1] .. tostring(t.y)`,
	"changing metatables":    `local m = {} local t = setmetatable({}, m) local a = tostring(t.x) m.__index = {x = 1} local b = t.x m.__index = nil local c = tostring(t.x) setmetatable(t, nil) return a .. b .. c .. tostring(t.x)`,
	"globals":                `x = 1 y = x local a = tostring(z) z = y x = nil return a .. y .. z .. tostring(x)`,
	"a chain of strings":     `local t = setmetatable({}, {__index = string}) return t.rep("x", 3)`,
}

// Whatever the hook does by itself it does as plain gopher-lua does.
func TestAccessIsAsInPlainGopherLua(t *testing.T) {
	for name, source := range accesses {
		plain := glua.NewState()
		fn, err := plain.Load(strings.NewReader(source), "test")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		plain.Push(fn)
		if err := plain.PCall(0, 1, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := plain.ToString(-1)
		plain.Close()
		r := run(t, source)
		if got := string(r.Response.Body); got != want || got == "" {
			t.Errorf("%s: got %q, want %q (%s)", name, got, want, show(r))
		}
	}
}
