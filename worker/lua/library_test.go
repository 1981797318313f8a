package lua

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/wire"
)

var contains = strings.Contains

func panicking(*glua.LState) int {
	var none []int
	return none[len(none)]
}

// Expressions, and the text Lua 5.1 gives for them.
func TestLibraryResults(t *testing.T) {
	for expression, want := range map[string]string{
		`("x"):rep(3)`: "xxx", `("x"):rep(0)`: "", `("x"):rep(-1)`: "", `(""):rep(1e9)`: "",
		`("hello"):sub(2, -2)`: "ell", `("hello"):sub(-3)`: "llo", `("hello"):sub(4, 2)`: "", `("hello"):sub(-100, 100)`: "hello",
		`("aB\200"):upper()`: "AB\xc8", `("aB"):lower()`: "ab", `("abc"):reverse()`: "cba", `#("abc")`: "3",
		`("abc"):byte(-1)`: "99", `select("#", ("abc"):byte(1, -1))`: "3", `select("#", (""):byte())`: "0", `string.char(72, 105)`: "Hi",
		`("hello"):find("l")`: "3 3", `("hello"):find("(l)(l)")`: "3 4 l l", `("a.b"):find(".", 1, true)`: "2 2", `("abc"):find("b", 10, true)`: "nil",
		`("abc"):find("")`: "1 0", `("abc"):find("", 10)`: "4 3", `("abc"):find("c", -1)`: "3 3", `("abc"):find("^b")`: "nil",
		`("key = value"):match("^(%w+)%s*=%s*(%w+)$")`: "key value", `("  x "):match("^%s*(.-)%s*$")`: "x", `("x"):match("()")`: "1",
		`("f(a(b)c)d"):match("%b()")`: "(a(b)c)", `("THE (quick) fox"):find("%f[%a]%a+%f[%A]")`: "1 3", `("aa bb"):match("(%a)%1 (%a)%2")`: "a b",
		`("[x]"):match("[]]")`: "]", `("a-b"):match("[a%-]+")`: "a-", `("x^"):match("[x^]+")`: "x^", `("7"):match("[^%a]")`: "7", `("a$"):match("a$", 1)`: "nil", `("a$"):match("a%$")`: "a$",
		`("hello world"):gsub("o", "0")`: "hell0 w0rld 2", `("abc"):gsub("", "-")`: "-a-b-c- 4", `("abc"):gsub("%w", "%0%0", 2)`: "aabbc 2",
		`("hello"):gsub("l", {l = "L"})`: "heLLo 2", `("hello"):gsub("(h)(e)", "%2%1")`: "ehllo 1", `("abc"):gsub("b", function() return nil end)`: "abc 1",
		`("abc"):gsub("^a", "x")`: "xbc 1", `("a b"):gsub("%s", "%%")`: "a%b 1", `("abc def"):gsub("%w+", string.upper)`: "ABC DEF 2",
		`string.format("%d|%5d|%-5d|%05d", 1, 2, 3, 4)`: "1|    2|3    |00004", `string.format("%x %X %o", 255, 255, 8)`: "ff FF 10",
		`string.format("%.2f %e %g", 1.005, 12345.678, 1e20)`: "1.00 1.234568e+04 1e+20", `string.format("%g", 0.1)`: "0.1", `string.format("%s %s", 1, true)`: "1 true",
		`string.format("%5s|%-5s|%.2s", "a", "b", "cde")`: "    a|b    |cd", `string.format("%q", "a\n\"b\"\0")`: "\"a\\\n\\\"b\\\"\\000\"", `string.format("%c%%", 65)`: "A%",
		`string.format("%5.1f", -2.25)`: " -2.2", `string.format("%d", -3.7)`: "-3", `string.format("%g %5g", 1/0, -1/0)`: "inf  -inf", `string.format("%+d % d", 1, 1)`: "+1  1", `string.format("%i", 3)`: "3",
		`table.concat({1, 2, 3}, ",")`: "1,2,3", `table.concat({}, ",")`: "", `table.concat({1, 2, 3}, ",", 2, 3)`: "2,3",
		`(function() local t = {1, 3} table.insert(t, 2, 2) table.insert(t, 4) return table.concat(t) end)()`:                "1234",
		`(function() local t = {1, 2, 3} local r = table.remove(t, 1) return r .. table.concat(t) .. table.remove(t) end)()`: "1233",
		`(function() local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return table.concat(t) end)()`:       "321",
		`(function() local t = {"b", "a", "c"} table.sort(t) return table.concat(t) end)()`:                                  "abc",
		`select("#", table.remove({}))`: "0", `table.maxn({1, 2, [10] = 1})`: "10", `table.maxn({})`: "0",
		`tonumber("0x1F")`: "31", `tonumber("  12  ")`: "12", `tonumber("1e2")`: "100", `tonumber("z", 36)`: "35", `tonumber("8", 8)`: "nil", `tonumber("")`: "nil",
		`tonumber("0b1")`: "nil", `tonumber("1_0")`: "nil", `tonumber("inf")`: "nil", `tonumber("nan")`: "nil", `tonumber({})`: "nil", `tonumber("1 2")`: "nil", `tonumber("-.5")`: "-0.5", `tonumber("10", 2)`: "2",
		`tostring(nil)`: "nil", `tostring(1.5)`: "1.5", `tostring(setmetatable({}, {__tostring = function() return "T" end}))`: "T",
		`type(nil)`: "nil", `type(type)`: "function", `type(json.null)`: "userdata", `rawequal("a", "a")`: "true", `rawget(setmetatable({}, {__index = {x = 1}}), "x")`: "nil",
		`select(2, "a", "b", "c")`: "b c", `select(-1, "a", "b")`: "b", `select("#")`: "0", `unpack({1, 2, 3}, 2)`: "2 3", `unpack({}, 1, 2)`: "nil nil", `select("#", unpack({}))`: "0",
		`getmetatable(setmetatable({}, {__metatable = "no"}))`: "no", `getmetatable("").__index == string`: "true", `next({})`: "nil", `next({5})`: "1 5",
		`pcall(error, "x")`: "false x", `pcall(error)`: "false nil", `pcall(function() return 1, 2 end)`: "true 1 2", `pcall(function() error("x", 0) end)`: "false x", `pcall(function() error("x") end)`: "false script:1: x", `pcall(1)`: "false attempt to call a number value",
		`xpcall(function() error("x", 0) end, function(e) return e .. "!" end)`: "false x!", `xpcall(function() return 1 end, print)`: "true 1", `select("#", pcall(function() end))`: "1",
		`math.floor(-1.5)`: "-2", `math.max(1, 3, 2)`: "3", `math.min(2, 1)`: "1", `math.fmod(-7, 3)`: "-1", `-7 % 3`: "2", `math.modf(3.5)`: "3 0.5", `math.huge == 1/0`: "true", `math.abs(-1)`: "1", `math.sqrt(9)`: "3", `math.ldexp(1, 3)`: "8", `math.frexp(8)`: "0.5 4", `math.deg(math.pi)`: "180",
		`math.random(5, 5)`: "5", `(function() math.randomseed(1) local a = math.random(1000) math.randomseed(1) return a == math.random(1000) end)()`: "true", `math.random() < 1`: "true",
		`os.time({year = 2024, month = 2, day = 29, hour = 0})`: "1709164800", `os.date("%Y-%m-%d %H:%M:%S", 0)`: "1970-01-01 00:00:00", `os.date("!%c", 0)`: "Thu Jan  1 00:00:00 1970", `os.date("*t", 86400).yday`: "2", `os.difftime(5, 3)`: "2", `os.date("%j %p %%", 0)`: "001 AM %", `os.clock() >= 0`: "true",
		`coroutine.running()`: "nil", `coroutine.status(coroutine.create(function() end))`: "suspended", `coroutine.resume(coroutine.create(function(a) return a, 2 end), 1)`: "true 1 2",
		`coroutine.resume(coroutine.create(function() error("x", 0) end))`: "false x", `(function() local c c = coroutine.create(function() return coroutine.status(c) end) return select(2, coroutine.resume(c)) end)()`: "running",
		`(function() local c c = coroutine.create(function() return coroutine.wrap(function() return coroutine.status(c) end)() end) return select(2, coroutine.resume(c)) end)()`: "normal",
		`(function() local c = coroutine.create(function() end) coroutine.resume(c) return coroutine.status(c) .. tostring(coroutine.resume(c)) end)()`:                            "deadfalse",
		`(function() local s = "" for w in ("one two"):gmatch("%a+") do s = s .. w .. ";" end return s end)()`:                                                                     "one;two;",
		`(function() local s = "" for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do s = s .. k .. v end return s end)()`:                                                           "a1b2",
		`(function() local s = "" for i, v in ipairs({1, 2, nil, 4}) do s = s .. v end return s end)()`:                                                                            "12",
		`(function() local t, n = {a = 1, b = 2, 3}, 0 for k, v in pairs(t) do n = n + v end return n end)()`:                                                                      "6",
		`ctx.request.method .. ctx.request.path .. ctx.request.query.q .. ctx.request.headers["x-test"] .. ctx.request.body`:                                                       "POST/a/b1yesbody",
		`ctx.script.name .. ctx.script.version .. ctx.invocation_id`:                                                                                                               "hello3inv-1", `_VERSION`: "Lua 5.1", `_G._G == _G`: "true",
	} {
		o := runScript(t, `local function show(...) local t = {...} for i = 1, select("#", ...) do t[i] = tostring(t[i]) end return table.concat(t, " ") end return show(`+expression+`)`)
		if o.Status != wire.StatusOK || o.body() != want {
			t.Errorf("%s\n\tstatus %d, line %d: %s %q, want %q", expression, o.Status, o.Line, o.Message, o.body(), want)
		}
	}
}

func TestJSON(t *testing.T) {
	for _, text := range []string{
		`[1,null,2]`, `{"a":null}`, `[]`, `{}`, `{"a":[],"b":{}}`, `[[],{}]`, `"x"`, `1.5`, `9007199254740992`, `1e+300`, `[1,2.25,-3]`, `null`, `true`,
		`{"a":1,"b":{"c":[1,{"d":false}]}}`, `"\u0001\n\"\\é<"`, `""`, `-0.5`,
	} {
		o := runScript(t, `return json.encode(json.decode(`+fmt.Sprintf("[==[%s]==]", text)+`))`)
		if o.Status != wire.StatusOK || o.body() != text {
			t.Errorf("%s became %q (%s)", text, o.body(), o.Message)
		}
	}
	for source, want := range map[string]string{
		`return json.encode({b = 1, a = 2})`:                                       `{"a":2,"b":1}`,
		`return json.encode({})`:                                                   `{}`,
		`return json.encode(json.array{})`:                                         `[]`,
		`return json.encode(json.array())`:                                         `[]`,
		`return json.encode(json.array{1})`:                                        `[1]`,
		`return json.encode({1, 2, nil})`:                                          `[1,2]`,
		`return json.encode({json.null, 1})`:                                       `[null,1]`,
		`return tostring(json.decode("null") == json.null) .. tostring(json.null)`: `truenull`,
		`local t = json.decode("[1]") t[1] = nil return json.encode(t)`:            `[]`,
		`local t = {} return json.encode({t, t})`:                                  `[{},{}]`,
		`return json.encode(nil)`:                                                  `null`,
		`return json.encode(json.decode("{\"a\":1,\"a\":2}"))`:                     `{"a":2}`,
		`return json.encode(json.decode(("["):rep(128) .. ("]"):rep(128))):len()`:  `256`,
	} {
		o := runScript(t, source)
		if o.Status != wire.StatusOK || o.body() != want {
			t.Errorf("%s gave %q (%s)", source, o.body(), o.Message)
		}
	}
	for _, source := range []string{
		`json.encode({1, a = 2})`, `json.encode({[1.5] = 1})`, `json.encode({[true] = 1})`, `json.encode(0/0)`, `json.encode(1/0)`, `json.encode(print)`,
		`json.encode("\255")`, `local t = {} t[1] = t json.encode(t)`, `local t = {} t.x = {t} json.encode(t)`, `json.encode(json.array{a = 1})`,
		`json.encode(coroutine.create(function() end))`, `json.array(setmetatable({}, {}))`,
		`json.decode("")`, `json.decode("[1,]")`, `json.decode("[1")`, `json.decode("{\"a\"}")`, `json.decode("1 2")`, `json.decode("nul")`, `json.decode("1e999")`,
		`json.decode("\"\255\"")`, `json.decode(("["):rep(129) .. ("]"):rep(129))`, `json.decode(("["):rep(100000))`, `json.decode("{1:2}")`, `json.decode("01")`,
		`json.decode("[1 2]")`, `json.decode("{\"a\":1,}")`, `json.decode("]")`,
	} {
		if o := runScript(t, source); o.Status != wire.StatusScriptError || o.Line != 1 || o.Message == faultMessage {
			t.Errorf("%s: %+v", source, o.Result)
		}
	}
}

func TestResponses(t *testing.T) {
	for source, want := range map[string]string{
		`return "hi"`:                "200 Content-Type=text/plain; charset=utf-8 hi",
		``:                           "204 ",
		`return nil`:                 "204 ",
		`return {a = 1}`:             `200 Content-Type=application/json {"a":1}`,
		`return true`:                `200 Content-Type=application/json true`,
		`return 12`:                  `200 Content-Type=application/json 12`,
		`return json.null`:           `200 Content-Type=application/json null`,
		`return response(404, "no")`: "404 Content-Type=text/plain; charset=utf-8 no",
		`return response(201)`:       "201 ",
		`return response(200, {1}, {["X-A"] = "b"})`:                                 `200 X-A=b Content-Type=application/json [1]`,
		`return response(200, "<p>", {["content-type"] = "text/html", ["X-N"] = 5})`: "200 X-N=5 content-type=text/html <p>",
		`return "a", "b"`: "200 Content-Type=text/plain; charset=utf-8 a",
	} {
		o := runScript(t, source)
		parts := []string{fmt.Sprint(o.Response.Status)}
		for _, h := range o.Response.Headers {
			parts = append(parts, h.Name+"="+h.Value)
		}
		if got := strings.Join(append(parts, o.body()), " "); o.Status != wire.StatusOK || got != want {
			t.Errorf("%s: %q, want %q (%s)", source, got, want, o.Message)
		}
	}
	for _, source := range []string{
		`response(199)`, `response(600)`, `response(200.5)`, `response("x")`, `response()`, `response(0/0)`, `response(200, print)`,
		`response(200, "", {["a b"] = "x"})`, `response(200, "", {[""] = "x"})`, `response(200, "", {a = "x\r\nb: c"})`, `response(200, "", {a = "\0"})`,
		`response(200, "", {a = {}})`, `response(200, "", {"x"})`, `response(200, "", {a = ("x"):rep(70000)})`, `response(200, "", "x")`,
		`local h = {} for i = 1, 300 do h["h" .. i] = "x" end response(200, "", h)`,
	} {
		if o := runScript(t, source); o.Status != wire.StatusScriptError || o.Line != 1 {
			t.Errorf("%s: %+v", source, o.Result)
		}
	}
	wantOK(t, runScript(t, `return ("x"):rep(1048576)`))
	wantLimit(t, runScript(t, `return ("x"):rep(1048577)`), wire.ResponseSize)
	wantLimit(t, runScript(t, `return response(200, ("x"):rep(1048577))`), wire.ResponseSize)
}

func TestLogs(t *testing.T) {
	o := runScript(t, `print("a", 1, nil) log.debug("d") log.warn("w") log.error("e") log.info({} and true)`)
	wantOK(t, o)
	var got []string
	for _, l := range o.logs {
		got = append(got, fmt.Sprint(l.Level, l.Message, l.Cut))
	}
	want := []string{"2a\t1\tnilfalse", "1dfalse", "3wfalse", "4efalse", "2truefalse"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for _, source := range []string{
		`for i = 1, 100 do print(("é"):rep(1000)) end`,
		`print(("x"):rep(1e6)) print("after")`,
		`for i = 1, 10000 do print("") end`,
		`print(("x"):rep(65536 - 16)) print("")`,
	} {
		o := runScript(t, source)
		wantOK(t, o)
		cost := 0
		for i, l := range o.logs {
			cost += wire.LogCost(l.Message)
			if l.Cut != (i == len(o.logs)-1) {
				t.Errorf("%s: line %d of %d has cut %v", source, i, len(o.logs), l.Cut)
			}
			if _, err := l.Encode(); err != nil {
				t.Error(err)
			}
			if strings.ToValidUTF8(l.Message, "") != l.Message {
				t.Error("cut within a character")
			}
		}
		if cost > wire.LogBudget || cost < wire.LogBudget-64 {
			t.Errorf("%s: %d of %d bytes", source, cost, wire.LogBudget)
		}
	}
}
