package lua

import (
	lua "github.com/yuin/gopher-lua"
)

// maxResults is how many values one library call may push.
const maxResults = 8000

// functions is a part of the library: the names a script sees.
type functions map[string]lua.LGFunction

// installLibrary fills the globals. What is not named here, in the tables the
// other files give, or in requestContext does not exist for a script.
func (in *Interpreter) installLibrary() {
	resume, create := in.stockCoroutines()
	globals := in.state.NewTable()
	in.state.G.Global = globals
	in.state.Env = globals

	in.json = in.newMarks()
	in.fill(globals, in.baseFunctions())
	in.fill(globals, in.callFunctions())
	in.fill(globals, functions{"print": in.logAt(infoLevel), "response": in.response})
	globals.RawSetString("_G", globals)
	globals.RawSetString("_VERSION", lua.LString(lua.LuaVersion))

	text := in.module(globals, "string", in.stringFunctions())
	in.module(globals, "table", in.tableFunctions())
	numbers := in.module(globals, "math", in.mathFunctions())
	in.addMathConstants(numbers)
	in.module(globals, "coroutine", in.coroutineFunctions(create, resume))
	in.module(globals, "os", in.timeFunctions())
	in.module(globals, "log", in.logFunctions())
	encoding := in.module(globals, "json", in.jsonFunctions())
	encoding.RawSetString("null", in.json.null)

	metatable := in.state.NewTable()
	metatable.RawSetString("__index", text)
	in.state.SetMetatable(lua.LString(""), metatable)
}

func (in *Interpreter) module(globals *lua.LTable, name string, f functions) *lua.LTable {
	t := in.state.NewTable()
	in.fill(t, f)
	globals.RawSetString(name, t)
	return t
}

// fill adds functions in the order of their names, so that a walk over the
// table has the same order every time.
func (in *Interpreter) fill(t *lua.LTable, f functions) {
	for _, name := range sortedNames(f) {
		t.RawSetString(name, in.function(f[name]))
	}
}

// function makes a library function. Whatever a script can call goes through
// here: the stacks are looked at first, and an argument that a fault of the
// compiler left a Go nil becomes a Lua nil.
func (in *Interpreter) function(f lua.LGFunction) *lua.LFunction {
	return in.state.NewFunction(func(L *lua.LState) int {
		h := hookOf(L)
		frame := *h.frame
		h.enter(frame)
		for i := frame.LocalBase; i < h.registers.Top; i++ {
			if h.registers.Values[i] == nil {
				L.Replace(i-frame.LocalBase+1, lua.LNil)
			}
		}
		return f(L)
	})
}
