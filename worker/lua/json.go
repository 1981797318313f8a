package lua

import (
	"errors"
	"fmt"

	glua "github.com/yuin/gopher-lua"
)

// maxJSONDepth is how deep arrays and objects may nest.
const maxJSONDepth = 128

var (
	errJSONDepth  = fmt.Errorf("nested deeper than %d levels, or a table contains itself", maxJSONDepth)
	errJSONNumber = errors.New("infinity and not-a-number do not exist in JSON")
)

func (in *Interpreter) openJSON(L *glua.LState, globals *glua.LTable) {
	module := in.module(L, globals, "json", []function{
		{"array", in.jsonArray},
		{"decode", in.jsonDecode},
		{"encode", in.jsonEncode},
	})
	text := newFunction(L, func(L *glua.LState) int {
		L.Push(glua.LString("null"))
		return 1
	})
	in.null = &glua.LUserData{Env: globals, Metatable: locked("json.null", field{"__tostring", text})}
	module.RawSetString("null", in.null)
	in.arrayMark = L.CreateTable(0, 0)
}

// jsonArray marks a table, so that it is an array even while it is empty. A
// decoded array has the mark too. The mark is a metatable.
func (in *Interpreter) jsonArray(L *glua.LState) int {
	t := &glua.LTable{Metatable: glua.LNil}
	if L.GetTop() > 0 {
		t = checkTable(L, 1)
	}
	if t.Metatable != glua.LNil && t.Metatable != in.arrayMark {
		L.RaiseError("json.array: the table has a metatable")
	}
	t.Metatable = in.arrayMark
	L.Push(t)
	return 1
}

func (in *Interpreter) jsonEncode(L *glua.LState) int {
	e := encoder{in, in.newString()}
	if err := e.encode(checkAny(L, 1), 0); err != nil {
		L.RaiseError("json.encode: %s", err.Error())
	}
	L.Push(e.value())
	return 1
}

func (in *Interpreter) jsonDecode(L *glua.LState) int {
	v, err := in.decodeJSON(in.checkString(L, 1))
	if err != nil {
		L.RaiseError("json.decode: %s", err.Error())
	}
	L.Push(v)
	return 1
}
