package lua

import (
	"strings"
	"testing"
)

// The results are those of Lua 5.1.5, unless a remark says otherwise.
func TestLibrary(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		// base
		{`select("#", nil, nil), select(-1, 1, 2, 3), select(2, "a", "b", "c")`, "2 3 b c"},
		{`tonumber(" 10 "), tonumber("1e2"), tonumber("0x1F"), tonumber("-0x10"), tonumber(".5"), tonumber("5."), tonumber(7)`, "10 100 31 -16 0.5 5 7"},
		{`tonumber("10", 2), tonumber("zz", 36), tonumber("7f", 16), tonumber("-11", 3)`, "2 1295 127 -4"},
		{`tonumber(""), tonumber("x"), tonumber("1e"), tonumber("0x"), tonumber("- 1"), tonumber("8", 8), tonumber("1_0"), tonumber({}), tonumber("inf")`, "nil nil nil nil nil nil nil nil nil"},
		{`tostring(nil), tostring(true), tostring(12), tostring(0.5), tostring("x")`, "nil true 12 0.5 x"},
		{`type(nil), type(1), type("x"), type({}), type(print), type(coroutine.create(print))`, "nil number string table function thread"},
		{`unpack({1, 2, 3}, 2)`, "2 3"},
		{`unpack({1, 2}, 1, 3)`, "1 2 nil"},
		{`rawequal({}, {}), rawequal("a", "a"), rawget(setmetatable({}, {__index = {x = 1}}), "x")`, "false true nil"},
		{`next({}), next({10}), (next({x = 1}))`, "nil 1 x"}, // next({10}) is cut to one value here
		{`pcall(next, {}, "x")`, "false test:1: invalid key to 'next'"},
		{`pcall(error, {1}) and 1 or 2, pcall(error), select("#", pcall(error))`, "2 false 2"},
		{`xpcall(function() return 1, 2 end, print)`, "true 1 2"},
		{`xpcall(error, function(e) return "handled" .. tostring(e), 1 end)`, "false handlednil"},
		{`assert(1, 2, 3)`, "1 2 3"},
		{`getmetatable(setmetatable({}, {__metatable = "m"}))`, "m"},
		// string
		{`("abc"):sub(-2), ("abc"):sub(0), ("abc"):sub(2, -2), ("abc"):sub(5), ("abc"):sub(-100, 2), ("abc"):sub(2, 1)`, "bc abc b  ab "},
		{`("abc"):byte(), ("abc"):byte(-1), ("abc"):byte(10), select("#", ("abc"):byte(1, -1))`, "97 99 nil 3"},
		{`string.char(72, 105), string.char(), ("x"):rep(3), ("x"):rep("2"), ("x"):rep(0), ("x"):rep(-1), ("abc"):reverse(), #"a\0b"`, "Hi  xxx xx   cba 3"},
		{`("aBz\233"):upper(), ("aBZ\201"):lower()`, "ABZ\xe9 abz\xc9"},
		{`("hello"):find("l"), ("hello"):find("xyz"), ("hello"):find(""), ("hello"):find("", 10)`, "3 nil 1 6 5"}, // but the last, each is cut to one value
		{`("a.b"):find(".", 1, true)`, "2 2"},
		{`("hello world"):find("o w")`, "5 7"},
		{`("key=val"):find("(%w+)=(%w+)")`, "1 7 key val"},
		{`("key=val"):match("(%w+)=(%w+)")`, "key val"},
		{`("abc"):match("()b()")`, "2 3"},
		{`("2024-01-02"):match("^(%d+)-(%d+)-(%d+)$")`, "2024 01 02"},
		{`("abc"):match("b", -1), ("abc"):match("c", -1)`, "nil c"},
		{`("hello world"):gsub("o", "0")`, "hell0 w0rld 2"},
		{`("hello"):gsub("", "-")`, "-h-e-l-l-o- 6"},
		{`("abc"):gsub("%w", "%0%0")`, "aabbcc 3"},
		{`("abc"):gsub("(a)(b)", "%2%1")`, "bac 1"},
		{`("hello"):gsub("l", {l = "L"})`, "heLLo 2"},
		{`("hello"):gsub("l", {})`, "hello 2"},
		{`("hello"):gsub("(l)", function(c) return c:upper() end, 1)`, "heLlo 1"},
		{`("hello"):gsub("l", function() return nil end)`, "hello 2"},
		{`("aaa"):gsub("^a", "x")`, "xaa 1"},
		{`("abc"):gsub("b", "%%")`, "a%c 1"},
		{`("abc"):gsub("b", 7)`, "a7c 1"},
		{`("abc def"):gsub("%f[%w]%w+", "<%0>")`, "<abc> <def> 2"},
		{`(function() local r = "" for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do r = r .. k .. v end return r end)()`, "a1b2"},
		{`(function() local r = "" for x in ("abc"):gmatch("") do r = r .. "." end return r end)()`, "...."},
		{`(function() local r = "" for x in ("^a^a"):gmatch("^a") do r = r .. x end return r end)()`, "^a^a"},
		// string.format
		{`("%5d|%-5d|%05d|%+d|% d"):format(42, 42, 42, 42, 42)`, "   42|42   |00042|+42| 42"},
		{`("%x|%X|%#x|%o|%#o|%#x"):format(255, 255, 255, 8, 8, 0)`, "ff|FF|0xff|10|010|0"},
		{`("%c%c|%3c|%-3c|"):format(72, 105, 65, 66)`, "Hi|  A|B  |"},
		{`("%e|%.3f|%g|%G|%5.1f|%.0f"):format(1.5, 1.23456, 0.1, 1e20, 3.14159, 2.5)`, "1.500000e+00|1.235|0.1|1E+20|  3.1|2"},
		{`("%g|%g|%g|%.10g|%.14g|%g"):format(1e15, 123456789, 100000, 0.1, 1/3, 1e100)`, "1e+15|1.23457e+08|100000|0.1|0.33333333333333|1e+100"},
		{`("%s|%10s|%-10s|%.2s|%5.1s|"):format("hi", "hi", "hi", "hello", "xyz")`, "hi|        hi|hi        |he|    x|"},
		{`("%i|%u|%5.3d|%05.2d|%%"):format(7, 7, 5, 3)`, "7|7|  005|   03|%"},
		{`("%q"):format("a\"b\\c\nd\0e\r")`, `"a\"b\\c\` + "\n" + `d\000e\r"`},
		{`("%g %f %e|%5g|%-8g|%+g"):format(1/0, -1/0, 0/0, 1/0, -1/0, 1/0)`, "inf -inf nan|  inf|-inf    |+inf"},
		{`("%x"):format(-1)`, "ffffffffffffffff"},
		{`("%d"):format("10"), ("%d"):format(3.99), ("%s"):format(1.5)`, "10 3 1.5"},
		{`("%s %s"):format(setmetatable({}, {__tostring = function() return "mine" end}), nil)`, "mine nil"},
		// table
		{`table.concat({1, 2, 3}, ", ", 2, 3), table.concat({}, "x"), table.concat({"a", "b"}), table.concat({1, 2}, ",", 3)`, "2, 3  ab "},
		{`(function() local t = {1, 2, 3} table.insert(t, 2, 9) table.insert(t, 4) return unpack(t) end)()`, "1 9 2 3 4"},
		{`(function() local t = {1, 2, 3} return table.remove(t, 1), table.remove(t), #t, table.remove({}), table.remove(t, 5) end)()`, "1 3 1 nil"},
		{`(function() local t = {} for i = 1, 5 do t[i] = i end t[5] = nil return #t, table.remove(t), #t end)()`, "4 4 3"},
		{`table.maxn({1, 2, [10] = 1}), table.maxn({}), table.maxn({[2.5] = 1}), table.getn({1, 2})`, "10 0 2.5 2"},
		{`(function() local t = {3, 1, 2} table.sort(t) return unpack(t) end)()`, "1 2 3"},
		{`(function() local t = {"b", "a", "B"} table.sort(t, function(a, b) return a > b end) return unpack(t) end)()`, "b a B"},
		{`(function() local t = {} for i = 1, 100 do t[i] = (i * 37) % 101 end table.sort(t) for i = 2, 100 do assert(t[i-1] < t[i]) end return "sorted" end)()`, "sorted"},
		{`(function() local m = {__lt = function(a, b) return a.n < b.n end} local t = {} for i = 1, 3 do t[i] = setmetatable({n = 4 - i}, m) end table.sort(t) return t[1].n, t[3].n end)()`, "1 3"},
		// math
		{`math.max(1, 5, "3"), math.min(4, 2), math.abs(-3), math.floor(-0.5), math.ceil(0.5), math.sqrt(16)`, "5 2 3 -1 1 4"},
		{`math.fmod(-5, 3), -5 % 3, 5 % -3, math.fmod(5, -3), math.modf(-3.75)`, "-2 1 -1 2 -3 -0.75"},
		{`math.frexp(8), math.ldexp(1, 4), math.log10(1000), math.pow(2, 10), math.deg(math.pi), math.huge > 1e308`, "0.5 16 3 1024 180 true"}, // frexp is cut to one value
		{`math.modf(math.huge)`, "inf 0"},
		{`(function() for i = 1, 100 do local n = math.random(3) assert(n >= 1 and n <= 3 and n % 1 == 0) local x = math.random() assert(x >= 0 and x < 1) n = math.random(-2, 2) assert(n >= -2 and n <= 2) end return "in range" end)()`, "in range"},
		// coroutine
		{`(function() local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) local d, e = coroutine.yield(c * 2) return d + e end) local _, x = coroutine.resume(co, 1, 2) local _, y = coroutine.resume(co, 10) local _, z = coroutine.resume(co, 3, 4) return x, y, z, coroutine.status(co) end)()`, "3 20 7 dead"},
		{`select("#", coroutine.resume(coroutine.create(function() end)))`, "1"},
		{`(function() local co co = coroutine.create(function() return coroutine.status(co), coroutine.running() == co end) return select(2, coroutine.resume(co)) end)()`, "running true"},
		{`coroutine.running(), coroutine.status(coroutine.create(print))`, "nil suspended"},
		{`(function() local outer outer = coroutine.create(function() return coroutine.wrap(function() return coroutine.status(outer) end)() end) return select(2, coroutine.resume(outer)) end)()`, "normal"},
		{`(function() local r = "" for x in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do r = r .. x end return r end)()`, "123"},
		{`pcall(coroutine.wrap(function() error("x", 0) end))`, "false x"},
		{`coroutine.resume(coroutine.create(function(...) return select("#", ...), ... end), 1, nil, 3)`, "true 3 1 nil 3"},
		// os
		{`os.date("!%Y-%m-%d %H:%M:%S %a %A %b %B %j %p %y %I %w %%", 0)`, "1970-01-01 00:00:00 Thu Thursday Jan January 001 AM 70 12 4 %"},
		{`os.date("!%c|%x|%X|%D|%e|%T|%R|%Z|%n|%t", 86400 * 40)`, "Tue Feb 10 00:00:00 1970|02/10/70|00:00:00|02/10/70|10|00:00:00|00:00|UTC|\n|\t"},
		{`os.date("%U %W %V %G %u", 0), os.date("%Y", -1)`, "00 00 01 1970 4 1969"},
		{`(function() local d = os.date("!*t", 86400 * 365) return d.year, d.month, d.day, d.hour, d.min, d.sec, d.wday, d.yday, d.isdst end)()`, "1971 1 1 0 0 0 6 1 false"},
		{`os.time{year = 1970, month = 1, day = 1, hour = 0}, os.time{year = 2024, month = 2, day = 30}, os.time{year = 2000, month = 13, day = 0, hour = 0}, os.time{year = "1970", month = 1, day = 2, hour = 0, sec = 5}`, "0 1709294400 978220800 86405"},
		{`math.abs(os.time() - os.time(os.date("*t"))) <= 1, os.clock() < 60, os.difftime(5, 3)`, "true true 2"},
		// the language
		{`1 .. "", 2 .. 3, "10" + 5, "0x10" * 1, 10 / 4, 2 ^ 10, 7 % 3, -7 % 3, not nil`, "1 23 15 16 2.5 1024 1 2 true"},
		{`"a" < "b", "a" < "B", "" < "a", "a\0b" > "a", 1 == "1", "abc" == "abc"`, "true false true true false true"},
		{`#"abc", #{1, 2, 3}, #{n = 1}, ({10, 20, [2] = 30})[2]`, "3 3 0 20"},
		{`(function(...) return select("#", ...), (...) end)(nil, 2)`, "2 nil"},
		{`nil and 1, false or "x", 1 and 2, nil == false`, "nil x 2 false"},
	} {
		source := `local function show(...) local t = {} for i = 1, select("#", ...) do t[i] = tostring((select(i, ...))) end return table.concat(t, " ") end return show(` + c.source + `)`
		expect(t, "200 "+c.want, source)
	}
}

func TestLibraryErrors(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`("x"):rep({})`, "bad argument #2 to rep (number expected, got table)"},
		{`string.rep()`, "bad argument #1 to rep (string expected, got no value)"},
		{`string.char(256)`, "bad argument #1 to char (invalid value)"},
		{`("abc"):gsub("b", "%2")`, "invalid capture index"},
		{`("abc"):gsub("b", "%")`, "invalid use of '%' in replacement string"},
		{`("abc"):gsub("b", true)`, "bad argument #3 to gsub (string, function or table expected, got boolean)"},
		{`("abc"):gsub("b", function() return {} end)`, "invalid replacement value (a table)"},
		{`("abc"):find("[a")`, "malformed pattern (missing ']')"},
		{`("abc"):match("%")`, "malformed pattern (ends with '%')"},
		{`for x in ("abc"):gmatch("(") do end`, "unfinished capture"},
		{`("%y"):format(1)`, "invalid option '%y' to 'format'"},
		{`("%"):format(1)`, "invalid option '%' to 'format'"},
		{`("%0123d"):format(1)`, "invalid format (width or precision too long)"},
		{`("%+++++++d"):format(1)`, "invalid format (repeated flags)"},
		{`("%d"):format()`, "bad argument #2 to format (no value)"},
		{`("%d"):format("x")`, "bad argument #2 to format (number expected, got string)"},
		{`("x"):rep(10000):byte(1, -1)`, "string slice too long"},
		{`unpack({}, 1, 1e8)`, "too many results to unpack"},
		{`select(0)`, "bad argument #1 to select (index out of range)"},
		{`select(-5, 1)`, "bad argument #1 to select (index out of range)"},
		{`setmetatable(1, {})`, "bad argument #1 to setmetatable (table expected, got number)"},
		{`setmetatable({}, 1)`, "bad argument #2 to setmetatable (nil or table expected, got number)"},
		{`setmetatable({})`, "bad argument #2 to setmetatable (nil or table expected, got no value)"},
		{`tonumber("1", 1)`, "bad argument #2 to tonumber (base out of range)"},
		{`tonumber()`, "bad argument #1 to tonumber (value expected)"},
		{`rawset({}, nil, 1)`, "table index is nil"},
		{`table.concat({1, {}, 3})`, "invalid value (table) at index 2 in table for 'concat'"},
		{`table.concat({1}, ",", 1, 2)`, "invalid value (nil) at index 2 in table for 'concat'"},
		{`table.insert({}, 1, 2, 3)`, "wrong number of arguments to 'insert'"},
		{`table.insert({})`, "wrong number of arguments to 'insert'"},
		{`table.insert({}, 0, 1)`, "bad argument #2 to insert (position out of bounds)"},
		{`table.sort({3, 1, "x"})`, "attempt to compare "},
		{`table.sort({3, 1}, 1)`, "bad argument #2 to sort (function expected, got number)"},
		{`table.sort({3, 1, 2}, function() error("no") end)`, "no"},
		{`math.max()`, "bad argument #1 to max (number expected, got no value)"},
		{`math.random(0)`, "bad argument #1 to random (interval is empty)"},
		{`coroutine.create(1)`, "bad argument #1 to create (function expected, got number)"},
		{`coroutine.resume(1)`, "bad argument #1 to resume (coroutine expected, got number)"},
		{`os.time{}`, "field 'year' missing in date table"},
		{`os.time{year = 1e300, month = 1, day = 1}`, "field 'year' is out of range"},
		{`os.date("%c", 1e300)`, "bad argument #2 to date (time out of range)"},
		{`ipairs()`, "bad argument #1 to ipairs (table expected, got no value)"},
	} {
		got := show(run(t, c.source))
		if want := "error at 1: " + c.want; !strings.HasPrefix(got, want) {
			t.Errorf("%s\ngot  %s\nwant %s", c.source, got, want)
		}
	}
}

func TestTraversal(t *testing.T) {
	for _, c := range []struct{ source, want string }{
		{`local t = {1, 2, x = 3, [1.5] = 4} local r = {} for k, v in pairs(t) do r[#r+1] = tostring(k) .. v end return table.concat(r, " ")`, "200 11 22 x3 1.54"},
		{`local t = {} for i = 1, 10 do t["k" .. i] = i end local n = 0 for k in pairs(t) do t[k] = nil n = n + 1 end return n .. " " .. tostring(next(t))`, "200 10 nil"},
		{`local t = {1, 2, 3, a = 1} local n = 0 for k in pairs(t) do n = n + 1 t[k] = nil end return n .. ""`, "200 4"},
		{`local t = {1, 2, 3, a = 1} local n = 0 for k in pairs(t) do n = n + 1 if n == 3 then table.remove(t) table.remove(t) table.remove(t) end end return n .. ""`, "200 4"},
		{`local r = "" for i, v in ipairs({1, 2, nil, 4}) do r = r .. i end return r`, "200 12"},
		{`local t = {[0] = "z", [-1] = "m"} local n = 0 for k in pairs(t) do n = n + 1 end return n .. ""`, "200 2"},
	} {
		expect(t, c.want, c.source)
	}
}
