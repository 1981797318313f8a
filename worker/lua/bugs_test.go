package lua

import (
	"strings"
	"testing"

	"picloud/worker/wire"
)

// What gopher-lua 1.1.2 itself crashes, hangs or goes wrong on. Each program
// ends as it should, or as what it is: too much.
func TestKnownBugsOfTheVM(t *testing.T) {
	for _, c := range []struct{ name, want, source string }{
		{"registry overflow", "limit max_operations", `local function g(...) return g(1,...) end g()`},

		{"... cut to one", "200 [2,3]", `local function f(...) local a,b,c=1,2,3 a=(...) return {b,c} end return f(9,8)`},
		{"... before another value", "200 [9,2,7]", `local function f(...) local a,b,c=1,2,3 a,c=...,7 return {a,b,c} end return f(9,8)`},
		{"... to a function", "200 [2]", `local function f(...) local a,b,g=1,2 a,g=...,7 return {b} end return f()`},
		{"no value in ...", "200 nil2", `local function f(...) local a,b,c=1,2,3 a=(...) return type(a)..b end return f()`},

		{"a call to the last parameter", "200 [8,\"number\",\"string\"]", `local function f(a) local q,r=7,8 a,q=type(1),type("") return {r,a,q} end return f()`},
		{"a call cut to one", "200 [7,8,\"number\"]", `local function f(a) local q,r=7,8 a=(type(1)) return {q,r,a} end return f()`},

		{"a for over a call's call", "200 [1,1]", `local function g() return function(x) local n=0 return function() n=n+1 if n<2 then return n,x end end end end for k,v in g()(1) do return {k,v} end`},
		{"a for over a field of a call", "200 [1,7]", `local t={it=function(t) return next,t end} local function g() return t end for k,v in g().it({7}) do return {k,v} end`},
		{"a for over an operator", "200 x1", `local function f() return "x" end local ok=pcall(function() for t in f()..1 do end end) return f()..1`},
		{"a for over four values", "200 done", `local function f() end for a in f, 1, 2, 3, 4 do end return "done"`},

		{"values of yield, cut to one", "200 [1,1,\"1nilnil\"]", `local w=coroutine.wrap local a=w(function() return (coroutine.yield()) end) a() local b=w(function() return select("#",(coroutine.yield())) end) b() local c=w(function() local x=coroutine.yield() local y,z return tostring(x)..tostring(y)..tostring(z) end) c() return {select("#",a(1,2,3)),b(1,2,3),c(1,2,3)}`},
		{"yield across pcall", "200 [false,\"test:1: attempt to yield across a library function\"]", `local ok,e=coroutine.wrap(function() return pcall(function() coroutine.yield(1) end) end)() return {ok,e}`},
		{"yield across a metamethod", "200 [false,\"test:1: attempt to yield across a metamethod or an iterator\"]", `local co=coroutine.create(function() return setmetatable({},{__add=function() coroutine.yield(1) end})+1 end) return {coroutine.resume(co)}`},
		{"yield across __index", "200 false", `local co=coroutine.create(function() return setmetatable({},{__index=function() coroutine.yield(1) end}).x end) return tostring((coroutine.resume(co)))`},
		{"yield across a tail call in a metamethod", "200 false", `local function y() coroutine.yield(1) end local co=coroutine.create(function() return setmetatable({},{__index=function() return y() end}).x end) return tostring((coroutine.resume(co)))`},
		{"yield as a metamethod", "200 false", `local co=coroutine.create(function() return setmetatable({},{__index=coroutine.yield}).x end) return tostring((coroutine.resume(co)))`},
		{"yield in an iterator", "200 false", `local co=coroutine.create(function() for x in function() coroutine.yield(1) end do end end) return tostring((coroutine.resume(co)))`},
		{"yield as an iterator", "200 false", `local co=coroutine.create(function() for x in coroutine.yield do end end) return tostring((coroutine.resume(co)))`},
		{"yield across sort", "200 false", `local co=coroutine.create(function() table.sort({2,1}, function() coroutine.yield(1) end) end) return tostring((coroutine.resume(co)))`},
		{"yield in the main chunk", "error at 1: attempt to yield from outside a coroutine", `coroutine.yield(1)`},
		{"yield by a tail call", "200 [1,5]", `local co=coroutine.wrap(function() return coroutine.yield(1) end) return {co(), co(5)}`},
		{"yield by tail calls", "200 [1,5,6]", `local co=coroutine.wrap(function() local function g() return coroutine.yield(1) end local function h() return g() end local x=h() return coroutine.yield(x) end) return {co(), co(5), co(6)}`},
		{"yield with missing values", "200 nil nil 3", `local co=coroutine.wrap(function() local a,b=coroutine.yield() local c=3 return type(a).." "..type(b).." "..c end) co() return co()`},
		{"yield in arguments", "200 [1,2,3]", `local co=coroutine.wrap(function() return {1, coroutine.yield()} end) co() return co(2,3)`},
		{"a coroutine of a library function", "200 [\"number\"]", `return {coroutine.wrap(type)(1)}`},
		{"resuming who resumed", "200 cannot resume non-suspended coroutine", `local co co=coroutine.create(function() return select(2, coroutine.wrap(function() return coroutine.resume(co) end)()) end) return select(2, coroutine.resume(co))`},
		{"resuming the dead", "200 cannot resume dead coroutine", `local co=coroutine.create(function() end) local ok,e for i=1,1000 do ok,e=coroutine.resume(co) end return e`},

		{"a call behind 50 items", "200 [7,8,52]", `local function f() return 7, 8 end local t = {` + strings.Repeat("1, ", 50) + `f()} return {t[51], t[52], #t}`},
		{"... behind 100 items", "200 [7,8,102]", `local function f(...) local t = {` + strings.Repeat("1, ", 100) + `...} return {t[101], t[102], #t} end return f(7, 8)`},
		{"a key behind 50 items", "200 [1,9,50]", `local function f() return 9 end local t = {` + strings.Repeat("1, ", 50) + `x = f()} return {t[1], t.x, #t}`},
		{"keys behind 50 items", "200 [1,1,9,17,2,8,52]", `local function f() return 9 end local t = {` + strings.Repeat("1, ", 50) + `[f()] = f(), x = f(), 2, f() - 1} return {t[1], t[2], t.x, t[9] + 8, t[51], t[52], #t}`},
		{"a call behind a key behind 50 items", "200 [1,7,3,51]", `local function f() return 7 end local t = {` + strings.Repeat("1, ", 50) + `x = 3, f()} return {t[1], t[51], t.x, #t}`},
		{"constructors behind 50 items", "200 [1,50,51,50,1]", `local t = {` + strings.Repeat("1, ", 50) + `{` + strings.Repeat("2, ", 50) + `x = {1}, {}}, y = {` + strings.Repeat("2, ", 50) + `x = 1}} return {t[1], #t - 1, #t[51], #t.y, t.y.x}`},

		{"a call under the last key", "200 [2,7]", `local function f() return 7, 8, 9 end local t = {1, 1, x = f()} return {#t, t.x}`},
		{"... under the last key", "200 [2,7]", `local function f(...) local t = {1, 1, x = ...} return {#t, t.x} end return f(7, 8, 9)`},

		{"math.random(0)", "200 false", `return tostring((pcall(math.random,0)))`},
		{"math.random of nothing", "200 false", `return tostring((pcall(math.random,2,1)))`},
		{"math.random of everything", "200 true", `return tostring((pcall(math.random,-1e308,1e308)))`},
		{"string.rep of too much", "limit max_string_size", `pcall(string.rep,"xx",1e18)`},
		{"string.find beyond the end", "200 nil", `return tostring(string.find("abc","b",10,true))`},

		{"a handler of many results", "200 [2,false,\"e\"]", `return {select("#", xpcall(error, function() return "e", 1, 2 end)), xpcall(error, function() return "e", 1 end)}`},
		{"a handler of no results", "200 2", `return select("#", xpcall(error, function() end)) .. ""`},
		{"an error in a handler", "200 ok3x", `local n = 0 local _, e = xpcall(error, function(e) n = n + 1 if n < 3 then error("x", 0) end return "ok" .. n .. e end) return e`},
		{"errors in a handler", "200 error in error handling", `local _, e = xpcall(error, error) return e`},
		{"xpcall with itself", "limit max_call_levels", `local function f() xpcall(f,f) end xpcall(f,f)`},

		{"format of a table", "200 false", `return tostring((pcall(string.format,"%d",{})))`},
		{"format of a long width", "200 false", `return tostring((pcall(string.format,"%1000000000d",1)))`},
		{"upper of no UTF-8", "200 4", `return #("\255a\254b"):upper().. ""`},

		{"swapping local variables", "200 [2,1]", `local a,b=1,2 a,b=b,a return {a,b}`},
		{"a target's order with two values", "200 123", `local s, t = "", {} local function f(x) s = s .. x return x end t[f(1)] = f(2), f(3) return s`},
		{"a target's order with a condition", "200 123", `local s, t = "", {} local function f(x) s = s .. x return x end (f(1) and t)[f(2)] = f(3) or 4 return s`},
		{"a target's order with a call cut to one", "200 12", `local s, t = "", {} local function f(x) s = s .. x return x end t[f(1)] = (f(2)) return s`},
		{"a table that is set too", "200 5", `local t={} local old=t t.x,t=5,nil return old.x .. ""`},
		{"a key that is set too", "200 [2,20]", `local i,t=1,{} i,t[i]=i+1,20 return {i,t[1]}`},
		{"captured before an error", "200 [2,2]", `local x=1 local function get() return x end pcall(error,"e") x=2 return {get(),x}`},
		{"captured before a VM error", "200 [2,2]", `local x=1 local function get() return x end pcall(function() local n; n() end) x=2 return {get(),x}`},
		{"captured below two errors", "200 [3,3]", `local x=1 local function get() return x end pcall(function() pcall(error,"e") error("f") end) x=3 return {get(),x}`},
		{"captured in what an error ends", "200 42", `local g pcall(function() local y=42 g=function() return y end error("x") end) local a,b,c,d,e=1,2,3,4,5 return g() .. ""`},
		{"captured in what xpcall ends", "200 42", `local g xpcall(function() local y=42 g=function() return y end error("x") end, function() end) local a,b,c,d,e=1,2,3,4,5 return g() .. ""`},
		{"captured in a failed coroutine", "200 42", `local g coroutine.resume(coroutine.create(function() local y=42 g=function() return y end error("x") end)) return g() .. ""`},
		{"captured, then a goto", "200 [2,2]", `local n=0 local function inc() n=n+1 end for i=1,3 do if i==2 then goto continue end inc() ::continue:: end return {n, (function() return n end)()}`},
		{"captured in a loop of gotos", "200 [11,12,21,31]", `local fs={} do local i=1 ::top:: local x=i*10 fs[i]=function() x=x+1 return x end i=i+1 if i<=3 then goto top end end return {fs[1](),fs[1](),fs[2](),fs[3]()}`},
		{"a logical value to a variable", "200 nil nil nil false", `local a,b,c,d,t=1,2,3,4,{} a=t.x and 5 b=(t.x or t.y) and 6 c=t.x and t.y and 7 d=not t and 8 return tostring(a).." "..tostring(b).." "..tostring(c).." "..tostring(d)`},
		{"a for that begins with a jump", "200 true1 false1", `local r={} for i,v in ipairs({true,false}) do local b=nil or false r[i]=tostring(v)..(b and 0 or 1) end return table.concat(r," ")`},
		{"a for that begins with a condition", "200 3", `local n=0 for k in pairs({1,2,3}) do if (false or nil) then break end n=n+1 end return n..""`},
		{"a while that begins with a jump", "200 3", `local n=0 while (nil and n) or n<3 do n=n+1 end return n..""`},
		{"a while body that begins with a jump", "200 3", `local n=0 while true do if nil then n=9 end n=n+1 if n==3 then break end end return n..""`},
		{"a repeat that begins with a jump", "200 4", `local n=0 repeat local x=nil or n n=n+1 until x==3 return n..""`},
		{"a repeat that is only a condition", "200 3", `local n=0 local function inc() n=n+1 return n end repeat until (nil and n) or inc()==3 return n..""`},
		{"a label before a jump", "200 3", `local n=0 ::top:: if nil or false then n=9 end n=n+1 if n<3 then goto top end return n..""`},
		{"an octal literal", "200 10", `return 0010 .. ""`},
		{"a large literal", "200 true", `return tostring(1e999 == math.huge and 0xffffffffffffffff == 2^64)`},
		{"a number's text", "200 0.3 1e+15 9.007199254741e+15 inf -inf nan", `return (0.1 + 0.2) .. " " .. tostring(1e15) .. " " .. 2^53 .. (" %s "):format(1/0) .. table.concat({-1/0, " "}) .. 0/0`},
		{"a number's text everywhere", "200 0.3 0.3 0.3 0.3", `local x = 0.1 + 0.2 return ("%s"):format(x) .. " " .. (("a"):gsub("a", {a = x})) .. " " .. ("").rep(x, 1) .. " " .. table.concat({x})`},
		{"a number for __concat", "200 number", `return 1.5 .. setmetatable({}, {__concat = function(n) return type(n) end})`},
		{"numbers beside __concat", "200 number string", `local m = {__concat = function(a, b) return type(a) == "table" and type(b) or type(a) end} local t = setmetatable({}, m) return (t .. 0.1) .. " " .. (t .. 1/3 .. 1/3)`},
		{"octal in a string", "200 [10,11,90,5,1,100]", `return {"010" + 0, 1 + "010", "010" * "9", "010" / 2, "010" % 3, "010" ^ 2}`},
		{"a negative octal in a string", "200 [-10,8]", `return {-"010", -"-8"}`},
		{"minus no number in a string", "200 test:1: __unm undefined", `return select(2, pcall(function() return -"1_0" end))`},
		{"no number in a string", "200 test:1: cannot perform add operation between string and number", `return select(2, pcall(function() return "1_0" + 1 end))`},
		{"a string and a metamethod", "200 10 add 10 add mul", `local t = setmetatable({}, {__add = function(a, b) return (type(a) == "string" and a or b) .. " add" end, __mul = function() return "mul" end}) return ("10" + t) .. " " .. (t + "10") .. " " .. ("x" * t)`},
		{"strings in a numeric for", "200 10 8 6 4 2 ", `local s = "" for i = "10", "1", "-2" do s = s .. i .. " " end return s`},
		{"no number in a numeric for", "200 false", `return tostring((pcall(function() for i = "a", 2 do end end)))`},
		{"an error of a library function as a coroutine", "200 bad argument #1 to (anonymous) (table expected, got no value)", `return select(2, coroutine.resume(coroutine.create(unpack)))`},
		{"an error's level beyond a coroutine", "200 x", `return select(2, coroutine.resume(coroutine.create(function() error("x", 2) end)))`},
		{"an error's level", "200 test:2: x", "local function f() error('x', 2) end local ok, e = pcall(function()\n f() end) return e"},
	} {
		t.Run(c.name, func(t *testing.T) { expect(t, c.want, c.source) })
	}
}

// What cannot be compiled rightly is refused with a line.
func TestKnownBugsOfTheCompiler(t *testing.T) {
	upvalues := ""
	for i := range 6 {
		upvalues += "local function f" + string(rune('a'+i)) + "()\n"
		for j := range 50 {
			upvalues += "local v" + string(rune('a'+i)) + strings.Repeat("x", j) + "=1 "
		}
	}
	upvalues += "\nreturn function()\nreturn 0"
	for i := range 6 {
		for j := range 50 {
			upvalues += "+v" + string(rune('a'+i)) + strings.Repeat("x", j)
		}
	}
	upvalues += " end" + strings.Repeat(" end", 6)
	for _, c := range []struct{ name, want, source string }{
		{"a long loop", "invalid at 1: the function that begins here compiles to ", "while true do\n" + strings.Repeat("a=-b ", 47_000) + " end"},
		{"many upvalues", "invalid at 8: the function that begins here uses 300 variables", upvalues},
		{"many targets", "invalid at 1: an assignment to more than 200 variables", strings.Repeat("a,", 600) + "a=f()"},
		{"many items", "invalid at 1: a table constructor with more than 25500 items", "return {" + strings.Repeat("1,", 25_501) + "}"},
		{"many nots", "invalid at 1: a chain", "return " + strings.Repeat("not ", 50_000) + "1"},
		{"many minuses", "invalid at 1: a chain", "return " + strings.Repeat("- ", 100_000) + "1"},
		{"many ..", "invalid at 1: a chain", "return 1" + strings.Repeat(" ..1", 50_000)},
		{"many +", "invalid at 1: a chain", "return 1" + strings.Repeat("+1", 100_000)},
		{"many ^", "invalid at 1: a chain", "return 1" + strings.Repeat("^1", 100_000)},
		{"many and", "invalid at 1: a chain", "return 1" + strings.Repeat(" and 1", 40_000)},
		{"many calls", "invalid at 1: a chain", "f" + strings.Repeat("()", 100_000)},
		{"many indexes", "invalid at 1: a chain", "return a" + strings.Repeat(".b", 100_000)},
		{"many elseifs", "invalid at 502: a chain", "if a then\n" + strings.Repeat("elseif a then\n", 10_000) + "end"},
		{"deep blocks", "limit", strings.Repeat("do ", 60_000) + strings.Repeat("end ", 20_000)},
		{"deep brackets", "limit", "return " + strings.Repeat("(", 250_000)},
		{"deep tables", "limit", "return " + strings.Repeat("{", 100_000) + strings.Repeat("}", 100_000)},
		{"deep functions", "limit", strings.Repeat("f(function() ", 15_000) + strings.Repeat("end) ", 10_000)},
		{"many names", "invalid at 1: the function that begins here has too many", names(60_000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := show(run(t, c.source)); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %.200s, want %s", got, c.want)
			}
			r := run(t, c.source, check)
			if r.Status != wire.StatusInvalidScript || r.Line == 0 || r.Message == "" {
				t.Errorf("at upload: %.200s", show(r))
			}
		})
	}
}

// names is source with n different names.
func names(n int) string {
	const digits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var b strings.Builder
	for i := range n {
		b.WriteByte('x')
		b.WriteByte(digits[i%52])
		b.WriteByte(digits[i/52%52])
		b.WriteByte(digits[i/52/52%52])
		b.WriteString("=1 ")
		if b.Len() > wire.MaxSource-10 {
			break
		}
	}
	return b.String()
}

// A Go panic under a script ends it, and its text stays inside.
func TestAGoPanicEndsTheScript(t *testing.T) {
	for name, source := range map[string]string{
		"alone":                    `crash() return "went on"`,
		"pcall":                    `pcall(crash) return "went on"`,
		"pcall of a function":      `pcall(function() crash() end) return "went on"`,
		"xpcall":                   `xpcall(crash, function(e) return e end) return "went on"`,
		"a handler":                `xpcall(error, crash) return "went on"`,
		"a coroutine":              `coroutine.resume(coroutine.create(crash)) return "went on"`,
		"wrap":                     `pcall(coroutine.wrap(function() pcall(error, "x") crash() end)) return "went on"`,
		"a metamethod":             `pcall(function() return setmetatable({}, {__index = crash}).x end) return "went on"`,
		"the text of an error":     `error(setmetatable({}, {__tostring = crash}))`,
		"a pcall in a coroutine":   `coroutine.wrap(function() pcall(crash) end)() return "went on"`,
		"a coroutine in a handler": `xpcall(error, function() coroutine.wrap(crash)() end) return "went on"`,
	} {
		t.Run(name, func(t *testing.T) {
			in, err := New()
			if err != nil {
				t.Fatal(err)
			}
			var none *Interpreter
			in.globals.RawSetString("crash", in.main.NewFunction(none.osClock))
			r := in.Do(job(source), func(*wire.Log) {})
			if r.Status != wire.StatusScriptError || r.Message != brokenMessage {
				t.Errorf("got %s", show(r))
			}
		})
	}
}

// An error that merely reads like a Go panic is an error like any other.
func TestAnErrorThatReadsLikeAPanic(t *testing.T) {
	expect(t, "200 went on", `pcall(error, "runtime error: index out of range", 0) coroutine.resume(coroutine.create(function() error("runtime error: x", 0) end)) return "went on"`)
}
