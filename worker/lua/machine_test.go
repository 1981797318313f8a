package lua

import (
	"testing"

	"picloud/limits"
	"picloud/worker/wire"
)

// Programs gopher-lua 1.1.2 by itself runs wrongly, and what Lua 5.1 answers.
func TestMachineFaultsAreWorkedAround(t *testing.T) {
	for source, want := range map[string]string{
		`local t, o = {} o = t t, t.x = {}, 5 return tostring(o.x) .. tostring(t.x)`:                                                                                                             "5nil",
		`local t, o = {} o = t t.x, t = 5, {} return tostring(o.x) .. tostring(t.x)`:                                                                                                             "5nil",
		`local n = {} local head = n head.next, head = {v = 1}, nil return n.next.v .. tostring(head)`:                                                                                           "1nil",
		`local a = {b = {}} local o = a.b a.b.c, a.b = 1, 2 return o.c .. a.b`:                                                                                                                   "12",
		`local list = {v = 1, next = {v = 2}} local prev, cur = nil, list while cur do prev, cur, cur.next = cur, cur.next, prev end return prev.v .. prev.next.v`:                               "21",
		`local a, b = 1, 2 a, b = b, a return a .. b`:                                                                                                                                            "21",
		`local a, b, c = 1, 2, 3 a, b, c = c, a, b return a .. b .. c`:                                                                                                                           "312",
		`local a, b = 0, 1 for i = 1, 10 do a, b = b, a + b end return tostring(a)`:                                                                                                              "55",
		`local a, t = 1, {2} a, t[1] = t[1], a return a .. t[1]`:                                                                                                                                 "21",
		`local i, t = 1, {} i, t[i] = i + 1, 20 return i .. t[1]`:                                                                                                                                "220",
		`return tostring(math.floor("010")) .. tostring(pcall(math.floor, "0b1")) .. tostring(pcall(math.floor, "inf"))`:                                                                         "10falsefalse",
		`local function f(...) local a, b, c = 1, 2, 3 a = (...) return tostring(a) .. tostring(b) .. tostring(c) end return f(9)`:                                                               "923",
		`local function f(...) local a, g, c = 1, 2, 3 a, g = ..., 7 return tostring(a) .. tostring(g) .. tostring(c) end return f(9, 8)`:                                                        "973",
		`local function f(a) local q, r = 7, 8 a, q = type(1), type("") return a .. q .. tostring(r) end return f()`:                                                                             "numberstring8",
		`local a, b = 1, 2 a = (type(1)) return a .. tostring(b)`:                                                                                                                                "number2",
		`local a, b, c = 1, 2, 3 a, b = tostring(4), 5 return a .. b .. tostring(c)`:                                                                                                             "453",
		`local t = {} t.x, t.y = tostring(1), tostring(2) return t.x .. t.y`:                                                                                                                     "12",
		`local function two() return 1, 2 end local a, b, c = 7, 8, 9 a, b, c = two(), two() return tostring(a) .. tostring(b) .. c`:                                                             "112",
		`local function two() return 1, 2 end local a, b = 7, 8 a, b = two() return a .. "," .. b`:                                                                                               "1,2",
		`local function two() return 1, 2 end local a, b = 7, 8 a, b = (two()) return a .. "," .. tostring(b)`:                                                                                   "1,nil",
		`local function g() return function() return function(_, i) i = (i or 0) + 1 if i < 4 then return i end end end end local s = "" for k in g()(1) do s = s .. k end return s`:             "123",
		`local function g() return {it = function(t) return ipairs(t) end} end local s = "" for k, v in g().it({7, 8}) do s = s .. k .. v end return s`:                                          "1728",
		`local s = "" for k, v in pairs({5}), {6} do s = s .. v end return s`:                                                                                                                    "6",
		`local s = "" for i, v in ipairs({1, 2, 3}) do if v == 2 then goto next end s = s .. v ::next:: end return s`:                                                                            "13",
		`local r = {} for _, v in ipairs({1, 2}) do r[#r + 1] = function() return v end end return r[1]() .. r[2]()`:                                                                             "12",
		`local function f() return 1 end local x, y = 5, 6 local function g() x, y = f(), f() + 1 return x .. y end return g()`:                                                                  "12",
		`local t = setmetatable({}, {__concat = function(a, b) return "c" end}) return t .. "x" .. "y"`:                                                                                          "c",
		`local n = 0 local t = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v) n = n + 1 end}) t.a = 1 t.a = 2 return t.a .. n`:                                                 "21",
		`local c = coroutine.wrap(function(...) local a, b = ..., 2 local d = coroutine.yield(a) return d .. b end) local x = c(7) return x .. c(8)`:                                             "782",
		`local co = coroutine.wrap(function() return coroutine.yield(1) end) return co() .. co(2)`:                                                                                               "12",
		`local function y(v) return coroutine.yield(v) end local co = coroutine.wrap(function() local a = y(1) return a, y(3) end) return co() .. co(2) .. select(2, co(4))`:                     "134",
		`local y = coroutine.yield local co = coroutine.create(function(a) return y(a) end) coroutine.resume(co, 1) return tostring(select(2, coroutine.resume(co, 5))) .. coroutine.status(co)`: "5dead",
		`local co = coroutine.wrap(function() return tostring(5) end) return co()`:                                                                                                               "5",
		`local function f(n) if n == 0 then return "end" end return f(n - 1) end local co = coroutine.wrap(function() return f(20) end) return co() .. f(20)`:                                    "endend",
	} {
		o := runScript(t, source)
		if o.Status != wire.StatusOK || o.body() != want {
			t.Errorf("%s\n\tstatus %d %q (line %d %s), want %q", source, o.Status, o.body(), o.Line, o.Message, want)
		}
	}
}

// What would crash the machine gives an error a script can catch.
func TestRefusedWhereTheMachineWouldCrash(t *testing.T) {
	for name, source := range map[string]string{
		"yield across pcall":      `coroutine.wrap(function() local ok, e = pcall(coroutine.yield, 1) error(e, 0) end)()`,
		"yield in pcall":          `coroutine.wrap(function() local ok, e = pcall(function() coroutine.yield(1) end) error(e, 0) end)()`,
		"yield across metamethod": `coroutine.wrap(function() local t = setmetatable({}, {__index = function() coroutine.yield(1) end}) return t.x end)()`,
		"yield as metamethod":     `coroutine.wrap(function() local t = setmetatable({}, {__index = coroutine.yield}) return t.x end)()`,
		"yield across iterator":   `coroutine.wrap(function() for x in function() coroutine.yield(1) end do end end)()`,
		"yield as iterator":       `coroutine.wrap(function() for x in coroutine.yield do end end)()`,
		"yield across gsub":       `coroutine.wrap(function() (("x"):gsub("x", function() coroutine.yield(1) end)) end)()`,
		"yield across sort":       `coroutine.wrap(function() table.sort({1, 2}, function() coroutine.yield(1) end) end)()`,
		"yield outside":           `coroutine.yield(1)`,
		"built-in coroutine":      `coroutine.create(print)`,
		"resume itself":           `local c c = coroutine.create(function() error(select(2, coroutine.resume(c)), 0) end) error(select(2, coroutine.resume(c)), 0)`,
		"resume the resumer": `local a a = coroutine.create(function() coroutine.wrap(function() error(select(2, coroutine.resume(a)), 0) end)() end)
			error(select(2, coroutine.resume(a)), 0)`,
		"resume the dead":  `local c = coroutine.wrap(function() end) c() c()`,
		"random(0)":        `math.random(0)`,
		"random backwards": `math.random(2, 1)`,
		"random NaN":       `math.random(0 / 0)`,
		"format table":     `string.format("%d", {})`,
		"format width":     `string.format("%1000000000d", 1)`,
		"format nothing":   `string.format("%d")`,
		"format end":       `string.format("%")`,
		"unpack range":     `unpack({}, 1, 1e8)`,
		"nil key":          `local t = {} t[nil] = 1`,
		"NaN key":          `local t = {} t[0 / 0] = 1`,
		"rawset nil":       `rawset({}, nil, 1)`,
		"pattern set":      `("x"):find("[")`,
		"pattern end":      `("x"):find("%")`,
		"pattern set end":  `("x"):find("[%")`,
		"pattern depth":    `("x"):rep(1000):find(("x?"):rep(1000))`,
		"captures":         `("x"):find(("()"):rep(33))`,
		"capture":          `("x"):find("(x")`,
		"capture index":    `("x"):gsub("x", "%2")`,
		"balance":          `("x"):find("%b")`,
		"frontier":         `("x"):find("%f")`,
		"char":             `string.char(256)`,
		"sort holes":       `local t = {1, nil, 3} table.sort({{}, {}})`,
		"metatable":        `setmetatable(json.null, {})`,
	} {
		t.Run(name, func(t *testing.T) {
			o := runScript(t, source)
			if o.Status != wire.StatusScriptError || o.Message == faultMessage {
				t.Fatalf("%+v", o.Result)
			}
			caught := runScript(t, `local ok = pcall(function() `+source+` end) return tostring(ok)`)
			wantOK(t, caught)
			if caught.body() != "false" && name != "yield outside" {
				t.Error(caught.body())
			}
		})
	}
}

func TestReachedLimitCannotBeCaught(t *testing.T) {
	for name, source := range map[string]string{
		"pcall":       `pcall(function() while true do end end) return "caught"`,
		"xpcall":      `xpcall(function() while true do end end, function() end) return "caught"`,
		"resume":      `coroutine.resume(coroutine.create(function() while true do end end)) return "caught"`,
		"wrap":        `pcall(coroutine.wrap(function() while true do end end)) return "caught"`,
		"gsub":        `pcall(string.gsub, "x", "x", function() while true do end end) return "caught"`,
		"all":         `pcall(coroutine.wrap(function() xpcall(function() (("x"):gsub("x", function() while true do end end)) end, print) end)) return "caught"`,
		"in tostring": `pcall(print, setmetatable({}, {__tostring = function() while true do end end})) return "caught"`,
	} {
		t.Run(name, func(t *testing.T) {
			wantLimit(t, runWith(t, source, limits.MaxOperations, 2000), limits.MaxOperations)
		})
	}
}

func TestScriptErrors(t *testing.T) {
	for _, c := range []struct {
		source string
		line   int
		text   string
	}{
		{"\nerror('boom')", 2, "boom"},
		{"error('boom', 0)", 0, "boom"},
		{"\n\nlocal t = nil\nreturn t.x", 4, "nil"},
		{"error({message = 'told'})", 1, "told"},
		{"\nerror({})", 2, "table"},
		{"error()", 1, "without a message"},
		{"error(12)", 0, "12"},
		{"error(setmetatable({}, {__tostring = function() while true do end end}))", 1, "table"},
		{"\nassert(false)", 2, "assertion failed!"},
		{"assert(nil, 'said')", 0, "said"},
		{"\nlocal f = coroutine.wrap(function()\nerror('inside') end) f()", 3, "inside"},
		{"nothing()", 1, "attempt to call"},
		{"return 1 + {}", 1, "table"},
		{"error(('x'):rep(100000))", 1, "xxx"},
		{"error('\\255\\254', 0)", 0, "?"},
		{"return print", 0, "function"},
		{"return {1, x = 2}", 0, "both"},
		{"return 0/0", 0, "NaN"},
	} {
		o := runScript(t, c.source)
		wantError(t, o, c.line, c.text)
		if len(o.Message) > wire.MaxMessage {
			t.Error("too long")
		}
		if o.Line == c.line && c.line > 0 && len(o.Message) > 7 && o.Message[:7] == "script:" {
			t.Errorf("position left in %q", o.Message)
		}
		if _, err := o.Encode(); err != nil {
			t.Error(err)
		}
	}
}

func TestInvalidScripts(t *testing.T) {
	for _, c := range []struct {
		source string
		line   int
		text   string
	}{
		{"x = = 1", 1, "unexpected '='"},
		{"\nif x then\n\n", 2, "'end' expected to close 'then' of line 2"},
		{"return (1", 1, "')' expected"},
		{"x = 5 end", 1, "found 'end'"},
		{"local t = {\n1, 2", 2, "'}' expected to close '{' of line 1"},
		{"repeat x()", 1, "'until' expected"},
		{"x = 'abc", 1, "unterminated string"},
		{"\ngoto nowhere", 0, "nowhere"},
		{"\nbreak", 2, "loop"},
	} {
		job := newJob(c.source)
		job.Purpose = wire.Check
		o := do(t, job)
		if o.Status != wire.StatusInvalidScript || !contains(o.Message, c.text) || c.line > 0 && o.Line != c.line {
			t.Errorf("%q: %+v; want line %d with %q", c.source, o.Result, c.line, c.text)
		}
		if o.Operations != 0 {
			t.Error("a check ran something")
		}
	}
}

func TestGoPanicEndsTheScript(t *testing.T) {
	for name, source := range map[string]string{
		"plain":     `broken()`,
		"pcall":     `pcall(broken) return "caught"`,
		"xpcall":    `xpcall(broken, print) return "caught"`,
		"coroutine": `coroutine.resume(coroutine.create(function() broken() end)) return "caught"`,
		"wrap":      `pcall(coroutine.wrap(function() broken() end)) return "caught"`,
		"after an error": `pcall(error, "x") coroutine.resume(coroutine.create(function() error("y") end))
			coroutine.resume(coroutine.create(function() broken() end)) return "caught"`,
	} {
		t.Run(name, func(t *testing.T) {
			in, err := New()
			if err != nil {
				t.Fatal(err)
			}
			in.state.G.Global.RawSetString("broken", in.function(panicking))
			result := in.Do(newJob(source), func(*wire.Log) {})
			if result.Status != wire.StatusScriptError || result.Message != faultMessage {
				t.Errorf("%+v", result)
			}
		})
	}
}
