package lua

import (
	lua "github.com/yuin/gopher-lua"
)

// maxNesting is how deep JSON may nest, in either direction.
const maxNesting = 128

// marks tell apart what Lua has one word for.
type marks struct {
	null  *lua.LUserData // json.null: a null that can stand in a table
	array *lua.LTable    // the metatable of a table that is a JSON array even when it is empty
}

func (in *Interpreter) newMarks() marks {
	m := marks{null: in.state.NewUserData(), array: in.state.NewTable()}
	metatable := in.state.NewTable()
	metatable.RawSetString("__metatable", lua.LFalse)
	metatable.RawSetString("__tostring", in.function(func(L *lua.LState) int {
		L.Push(lua.LString("null"))
		return 1
	}))
	m.null.Metatable = metatable
	return m
}

func (in *Interpreter) jsonFunctions() functions {
	return functions{
		"array": in.jsonArray,
		"decode": func(L *lua.LState) int {
			v, err := in.decodeJSON(L.CheckString(1))
			if err != nil {
				L.RaiseError("json.decode: %s", err.Error())
			}
			L.Push(v)
			return 1
		},
		"encode": func(L *lua.LState) int {
			text, err := in.encodeJSON(L.CheckAny(1))
			if err != nil {
				L.RaiseError("json.encode: %s", err.Error())
			}
			L.Push(lua.LString(text))
			return 1
		},
	}
}

// jsonArray marks a table, by default a new one, as an array.
func (in *Interpreter) jsonArray(L *lua.LState) int {
	t := L.OptTable(1, nil)
	if t == nil {
		t = L.NewTable()
	}
	if t.Metatable != lua.LNil && t.Metatable != in.json.array {
		L.ArgError(1, "the table has a metatable already")
	}
	t.Metatable = in.json.array
	L.SetTop(0)
	L.Push(t)
	return 1
}
