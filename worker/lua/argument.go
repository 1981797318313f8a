package lua

import (
	lua "github.com/yuin/gopher-lua"
)

// checkNumber is argument i as a number. A string is read as Lua 5.1 reads it
// and is charged for: gopher-lua's own CheckNumber takes "010" for octal, and
// its time grows with the string.
func checkNumber(L *lua.LState, i int) lua.LNumber {
	switch v := L.Get(i).(type) {
	case lua.LNumber:
		return v
	case lua.LString:
		hookOf(L).in.meter.coercion(v)
		if f, ok := parseNumber(trimSpace(string(v)), 10); ok {
			return lua.LNumber(f)
		}
	}
	L.TypeError(i, lua.LTNumber)
	return 0
}

// optNumber is argument i as a number, or otherwise if there is none.
func optNumber(L *lua.LState, i int, otherwise lua.LNumber) lua.LNumber {
	if L.Get(i) == lua.LNil {
		return otherwise
	}
	return checkNumber(L, i)
}
