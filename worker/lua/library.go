package lua

import glua "github.com/yuin/gopher-lua"

// function is a library function under its name.
type function struct {
	name string
	f    glua.LGFunction
}

// open builds everything a script can reach, from nothing: what is not named in
// one of these functions is not there.
func (in *Interpreter) open(L *glua.LState) {
	globals := L.CreateTable(0, 32)
	in.openBase(L, globals)
	in.openString(L, globals)
	in.openTable(L, globals)
	in.openMath(L, globals)
	in.openCoroutine(L, globals)
	in.openOS(L, globals)
	in.openJSON(L, globals)
	in.openLog(L, globals)
	in.openResponse(L, globals)
	// gopher-lua's own table of globals has the coroutine module in it that
	// openCoroutine took apart.
	L.G.Global = globals
	L.Env = globals
	in.globals = globals
}

// register adds functions to a table.
func (in *Interpreter) register(L *glua.LState, t *glua.LTable, functions []function) {
	for _, f := range functions {
		t.RawSetString(f.name, newFunction(L, f.f))
	}
}

// module adds a table of functions to the globals.
func (in *Interpreter) module(L *glua.LState, globals *glua.LTable, name string, functions []function) *glua.LTable {
	t := L.CreateTable(0, len(functions))
	in.register(L, t, functions)
	globals.RawSetString(name, t)
	return t
}

// locked makes a metatable that a script can neither see nor change:
// getmetatable gives the name instead.
func locked(name string, fields ...field) *glua.LTable {
	return object(append(fields, field{"__metatable", glua.LString(name)})...)
}
