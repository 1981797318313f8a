package lua

import (
	"slices"
	"strings"
	"testing"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
	"picloud/worker/wire"
)

// allowed is everything a script can reach by names.
const allowed = `_G _VERSION assert error getmetatable ipairs next pairs pcall print rawequal rawget rawset response select
setmetatable tonumber tostring type unpack xpcall
coroutine coroutine.create coroutine.resume coroutine.running coroutine.status coroutine.wrap coroutine.yield
json json.array json.decode json.encode json.null
log log.debug log.error log.info log.warn
math math.abs math.acos math.asin math.atan math.atan2 math.ceil math.cos math.cosh math.deg math.exp math.floor math.fmod
math.frexp math.huge math.ldexp math.log math.log10 math.max math.min math.modf math.pi math.pow math.rad math.random
math.randomseed math.sin math.sinh math.sqrt math.tan math.tanh
os os.clock os.date os.difftime os.time
string string.byte string.char string.find string.format string.gmatch string.gsub string.len string.lower string.match
string.rep string.reverse string.sub string.upper
table table.concat table.insert table.maxn table.remove table.sort
ctx ctx.invocation_id ctx.request ctx.request.body ctx.request.headers ctx.request.headers.x-test ctx.request.method
ctx.request.path ctx.request.query ctx.request.query.q ctx.script ctx.script.name ctx.script.version`

func TestAllowList(t *testing.T) {
	in, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if r := in.Do(newJob(""), func(*wire.Log) {}); r.Status != wire.StatusOK {
		t.Fatal(r)
	}
	var names []string
	seen := map[*glua.LTable]bool{}
	var walk func(prefix string, table *glua.LTable)
	walk = func(prefix string, table *glua.LTable) {
		if seen[table] {
			return
		}
		seen[table] = true
		table.ForEach(func(key, value glua.LValue) {
			name := prefix + key.String()
			names = append(names, name)
			if f, ok := value.(*glua.LFunction); ok && f.Env != in.state.G.Global && f.Env.Len() != 0 {
				t.Errorf("%s has an environment of its own", name)
			}
			if inner, ok := value.(*glua.LTable); ok {
				walk(name+".", inner)
			}
		})
	}
	walk("", in.state.G.Global)
	want := strings.Fields(allowed)
	slices.Sort(names)
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("reachable: %v", names)
	}
	metatable := in.state.GetMetatable(glua.LString("")).(*glua.LTable)
	if view := in.layout.Table(metatable); len(view.Strings) != 1 || metatable.RawGetString("__index") != in.state.GetGlobal("string") {
		t.Error("the metatable of strings has more than string")
	}
	for _, v := range []glua.LValue{glua.LNumber(1), glua.LTrue, glua.LNil, in.state, in.state.GetGlobal("print")} {
		if in.state.GetMetatable(v) != glua.LNil {
			t.Errorf("%s values have a metatable", v.Type())
		}
	}
}

func TestOperationsAreDeterministic(t *testing.T) {
	source := `
		local t = {} for i = 1, 300 do t["k" .. i] = i end
		local n = 0 for k, v in pairs(t) do n = n + #k * v end
		table.sort(json.decode("[3,1,2]"))
		local s = json.encode(t) local back = json.decode(s)
		local c = coroutine.wrap(function() for i = 1, 9 do coroutine.yield(tostring({})) end end)
		for i = 1, 9 do c() end
		pcall(function() local x = nil + 1 end)
		print(s:gsub("%d+", function(d) return d + 1 end))
		return response(200, s, {a = 1, b = 2, c = 3})`
	first := runScript(t, source)
	wantOK(t, first)
	for range 20 {
		again := runScript(t, source)
		if again.Operations != first.Operations || again.body() != first.body() || !slices.Equal(again.Response.Headers, first.Response.Headers) {
			t.Fatalf("%d operations, then %d", first.Operations, again.Operations)
		}
	}
}

func TestRandomnessDiffers(t *testing.T) {
	source := `return tostring(math.random(1e15))`
	if a, b := runScript(t, source), runScript(t, source); a.body() == b.body() {
		t.Errorf("twice %s", a.body())
	}
}

// A thread's frames, registers and tables, as package vmview sees them while a
// script runs.
func TestViews(t *testing.T) {
	layout, err := vmview.Verify()
	if err != nil {
		t.Fatal(err)
	}
	L := glua.NewState(glua.Options{SkipOpenLibs: true})
	defer L.Close()
	table := L.NewTable()
	table.Append(glua.LNumber(7))
	table.RawSetString("a", glua.LTrue)
	table.RawSetH(glua.LTrue, glua.LFalse)
	view := layout.Table(table)
	if len(view.Array) != 1 || view.Strings["a"] != glua.LTrue || view.Hash[glua.LTrue] != glua.LFalse || len(view.Keys) != 2 || view.KeyIndex[glua.LTrue] != 1 {
		t.Errorf("%+v", view)
	}
	if *layout.CurrentFrame(L) != nil {
		t.Error("a frame before anything runs")
	}
	called := false
	function := L.NewFunction(func(L *glua.LState) int {
		frame, registers := *layout.CurrentFrame(L), layout.Registers(L)
		called = frame.Index == 0 && frame.Arguments == 2 && frame.Function.IsG && frame.Caller == nil &&
			registers.Top == frame.LocalBase+2 && registers.Values[frame.LocalBase] == glua.LNumber(7)
		return 0
	})
	L.Push(function)
	L.Push(glua.LNumber(7))
	L.Push(glua.LNumber(8))
	L.Call(2, 0)
	if !called {
		t.Error("the views do not fit")
	}
}

func TestNilRegisterReadsAsNil(t *testing.T) {
	in, err := New()
	if err != nil {
		t.Fatal(err)
	}
	in.state.G.Global.RawSetString("hole", in.function(func(L *glua.LState) int {
		L.Push(nil)
		return 1
	}))
	r := in.Do(newJob(`return type((hole())) .. tostring(hole()) .. tostring(rawequal(hole(), nil))`), func(*wire.Log) {})
	if r.Status != wire.StatusOK || string(r.Response.Body) != "nilniltrue" {
		t.Errorf("%+v", r)
	}
}
