package lua

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	glua "github.com/yuin/gopher-lua"
)

// reachable lists every value a script can come to without calling anything,
// metatables that only the VM follows included.
func reachable(in *Interpreter) []string {
	seen := map[glua.LValue]bool{}
	var list []string
	var walk func(path string, v glua.LValue)
	walk = func(path string, v glua.LValue) {
		list = append(list, path+" "+v.Type().String())
		switch v.(type) {
		case *glua.LTable, *glua.LUserData:
			if seen[v] {
				return
			}
			seen[v] = true
		}
		if t, ok := v.(*glua.LTable); ok {
			if t.Metatable != glua.LNil {
				walk(path+"<meta>", t.Metatable)
			}
			t.ForEach(func(k, v glua.LValue) { walk(fmt.Sprintf("%s.%v", path, k), v) })
		}
		if u, ok := v.(*glua.LUserData); ok && u.Metatable != glua.LNil {
			walk(path+"<meta>", u.Metatable)
		}
	}
	walk("_G", in.globals)
	walk("(string)", in.main.GetMetatable(glua.LString("")))
	slices.Sort(list)
	return slices.Compact(list)
}

func TestTheSandboxHasNothingElse(t *testing.T) {
	in, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	add := func(prefix, kind, names string) {
		for _, n := range strings.Fields(names) {
			want = append(want, prefix+n+" "+kind)
		}
	}
	add("", "table", "_G _G._G _G.coroutine _G.json _G.log _G.math _G.os _G.string _G.table _G.json.null<meta>")
	add("_G.", "function", "assert error getmetatable ipairs next pairs pcall print rawequal rawget rawset response select "+
		"setmetatable tonumber tostring type unpack xpcall")
	add("_G.", "string", "_VERSION json.null<meta>.__metatable")
	add("_G.", "table", "ctx ctx.request ctx.request.headers ctx.request.query ctx.script")
	add("_G.ctx.", "string", "invocation_id request.body request.method request.path script.name")
	add("_G.ctx.", "number", "script.version")
	add("_G.json.null<meta>.", "function", "__tostring")
	add("_G.coroutine.", "function", "create resume running status wrap yield")
	add("_G.json.", "function", "array decode encode")
	add("_G.json.", "userdata", "null")
	add("_G.log.", "function", "debug error info warn")
	add("_G.math.", "function", "abs acos asin atan atan2 ceil cos cosh deg exp floor fmod frexp ldexp log log10 max min mod modf pow "+
		"rad random randomseed sin sinh sqrt tan tanh")
	add("_G.math.", "number", "huge pi")
	add("_G.os.", "function", "clock date difftime time")
	add("_G.string.", "function", "byte char find format gmatch gsub len lower match rep reverse sub upper")
	add("_G.table.", "function", "concat getn insert maxn remove sort")
	add("(string)", "string", " ")
	want = append(want, "(string) string") // getmetatable("") gives a name
	slices.Sort(want)
	got := reachable(in)
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("a script can reach %s", g)
		}
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("missing: %s", w)
		}
	}
	// The VM's registry, which knows the original coroutine module, stays away.
	expect(t, "200 nil", `return tostring(_LOADED or package or debug or io or require)`)
}

func TestTheSandboxIsLocked(t *testing.T) {
	for _, c := range []struct{ want, source string }{
		{"200 string", `return getmetatable("")`},
		{"200 false", `return tostring((pcall(setmetatable, "", {})))`},
		{"200 false", `return tostring((pcall(setmetatable, json.null, {})))`},
		{"200 json.null", `return getmetatable(json.null)`},
		{"200 response", `return getmetatable(response(200))`},
		{"200 nil", `return tostring(getmetatable(print) or getmetatable(1) or getmetatable(nil) or getmetatable(coroutine.create(print)))`},
		{"200 false", `local t = setmetatable({}, {__metatable = 1}) return tostring((pcall(setmetatable, t, nil)))`},
		{"200 xx", `return ("x"):rep(2)`},
		{"200 locked", `local ok = pcall(function() local s = "" s.x = 1 end) return ok and "open" or "locked"`},
	} {
		expect(t, c.want, c.source)
	}
}

// What one script changes, the next does not see: every job has an interpreter
// of its own, also in one process.
func TestInterpretersShareNothing(t *testing.T) {
	for range 3 {
		expect(t, "200 nil", `local r = tostring(leftover) leftover = 1 string.rep = nil json.null = nil math.pi = 3 return r`)
	}
	expect(t, "200 aa3.14", `return ("a"):rep(2) .. ("%.2f"):format(math.pi)`)
}

func TestRandomNumbersDiffer(t *testing.T) {
	source := `return {math.random(1, 1e9), math.random(1, 1e9)}`
	if a, b := show(run(t, source)), show(run(t, source)); a == b {
		t.Errorf("two interpreters draw the same: %s", a)
	}
	source = `math.randomseed(7) return {math.random(1, 1e9), math.random(1, 1e9)}`
	if a, b := show(run(t, source)), show(run(t, source)); a != b {
		t.Errorf("one seed, two sequences: %s, %s", a, b)
	}
	// A process that is cloned has the same seed; the invocation differs.
	s := seed{1}
	if s.generator("a").Uint64() == s.generator("b").Uint64() {
		t.Error("two invocations draw the same from one seed")
	}
}
