package lua

import (
	"strings"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
)

// maxResults is how many values a library function gives back at most, as in
// Lua.
const maxResults = 8000

func (in *Interpreter) openBase(L *glua.LState, globals *glua.LTable) {
	in.next = newFunction(L, in.baseNext)
	in.ipairsNext = newFunction(L, in.baseIpairsNext)
	globals.RawSetString("_G", globals)
	globals.RawSetString("_VERSION", glua.LString(glua.LuaVersion))
	globals.RawSetString("next", in.next)
	in.register(L, globals, []function{
		{"assert", in.baseAssert},
		{"error", in.baseError},
		{"getmetatable", in.baseGetMetatable},
		{"ipairs", in.baseIpairs},
		{"pairs", in.basePairs},
		{"pcall", in.pcall},
		{"print", in.print},
		{"rawequal", in.baseRawEqual},
		{"rawget", in.baseRawGet},
		{"rawset", in.baseRawSet},
		{"select", in.baseSelect},
		{"setmetatable", in.baseSetMetatable},
		{"tonumber", in.baseToNumber},
		{"tostring", in.baseToString},
		{"type", in.baseType},
		{"unpack", in.baseUnpack},
		{"xpcall", in.xpcall},
	})
}

func (in *Interpreter) baseAssert(L *glua.LState) int {
	if glua.LVAsBool(checkAny(L, 1)) {
		return L.GetTop()
	}
	switch message := arg(L, 2).(type) {
	case *glua.LNilType:
		L.RaiseError("assertion failed!")
	case glua.LString:
		in.chargeBytes(len(message))
		L.RaiseError("%s", string(message))
	default:
		L.Error(message, 0)
	}
	return 0
}

func (in *Interpreter) baseError(L *glua.LState) int {
	value, level := arg(L, 1), in.optInt(L, 2, 1)
	if glua.LVCanConvToString(value) && level > 0 {
		message := in.checkString(L, 1)
		in.chargeBytes(len(message))
		// A position is the place of a script's function, or nothing.
		if where := L.Where(level); where != "" && !strings.HasPrefix(where, "[G]") {
			value = glua.LString(where + " " + message)
		}
	}
	L.Error(value, 0)
	return 0
}

func (in *Interpreter) baseGetMetatable(L *glua.LState) int {
	L.Push(L.GetMetatable(checkAny(L, 1)))
	return 1
}

func (in *Interpreter) baseSetMetatable(L *glua.LState) int {
	t, meta := checkTable(L, 1), arg(L, 2)
	if _, ok := meta.(*glua.LTable); !ok && (meta != glua.LNil || L.GetTop() < 2) {
		badType(L, 2, "nil or table")
	}
	if L.GetMetaField(t, "__metatable") != glua.LNil {
		L.RaiseError("cannot change a protected metatable")
	}
	t.Metatable = meta
	L.SetTop(1)
	return 1
}

func (in *Interpreter) baseIpairs(L *glua.LState) int {
	t := checkTable(L, 1)
	L.Push(in.ipairsNext)
	L.Push(t)
	L.Push(glua.LNumber(0))
	return 3
}

func (in *Interpreter) baseIpairsNext(L *glua.LState) int {
	i := in.checkInt(L, 2) + 1
	v := checkTable(L, 1).RawGetInt(i)
	if v == nil || v == glua.LNil {
		return 0
	}
	L.Push(glua.LNumber(i))
	L.Push(v)
	return 2
}

func (in *Interpreter) basePairs(L *glua.LState) int {
	t := checkTable(L, 1)
	L.Push(in.next)
	L.Push(t)
	L.Push(glua.LNil)
	return 3
}

// baseNext charges for the dead keys it goes over: gopher-lua keeps every key a
// table ever had.
func (in *Interpreter) baseNext(L *glua.LState) int {
	t, key := checkTable(L, 1), arg(L, 2)
	view := vmview.TableOf(t)
	if key != glua.LNil && !view.Knows(key) {
		// A key of the array part may be behind its end by now, when the table
		// shrank during the traversal.
		n, ok := key.(glua.LNumber)
		if !ok || n < 1 || n != glua.LNumber(toInt(float64(n))) {
			L.RaiseError("invalid key to 'next'")
		}
		key = min(n, glua.LNumber(view.ArrayLen()))
		if key == glua.LNumber(0) {
			key = glua.LNil // there is no array part left to be behind
		}
	}
	nextKey, value := t.Next(key)
	in.charge(view.Distance(key, nextKey) / nilsPerOp)
	L.Push(nextKey)
	if nextKey == glua.LNil {
		return 1
	}
	L.Push(value)
	return 2
}

func (in *Interpreter) baseRawEqual(L *glua.LState) int {
	a, b := checkAny(L, 1), checkAny(L, 2)
	if s, ok := a.(glua.LString); ok {
		in.chargeBytes(len(s))
	}
	L.Push(glua.LBool(L.RawEqual(a, b)))
	return 1
}

func (in *Interpreter) baseRawGet(L *glua.LState) int {
	t, key := checkTable(L, 1), checkAny(L, 2)
	in.chargeKey(key)
	L.Push(t.RawGet(key))
	return 1
}

func (in *Interpreter) baseRawSet(L *glua.LState) int {
	t, key, value := checkTable(L, 1), checkAny(L, 2), checkAny(L, 3)
	in.chargeKey(key)
	in.fitKey(t, key, value)
	if n, ok := key.(glua.LNumber); ok {
		in.chargeGap(t, n)
	}
	L.RawSet(t, key, value) // raises an error for nil and not-a-number
	L.SetTop(1)
	return 1
}

func (in *Interpreter) baseSelect(L *glua.LState) int {
	top := L.GetTop()
	if arg(L, 1) == glua.LString("#") {
		L.Push(glua.LNumber(top - 1))
		return 1
	}
	n := in.checkInt(L, 1)
	if n < 0 {
		n += top
	}
	if n < 1 {
		L.ArgError(1, "index out of range")
	}
	n = max(top-n, 0)
	in.chargeValues(n)
	return n
}

func (in *Interpreter) baseToNumber(L *glua.LState) int {
	v := checkAny(L, 1)
	base := in.optInt(L, 2, 10)
	if base < 2 || base > 36 {
		L.ArgError(2, "base out of range")
	}
	result := glua.LValue(glua.LNil)
	switch v := v.(type) {
	case glua.LNumber:
		result = v
	case glua.LString:
		in.charge(opsPerNumeral)
		in.chargeBytes(4 * len(v))
		parse := parseNumber
		if base != 10 {
			parse = func(s string) (float64, bool) { return parseBase(s, base) }
		}
		if n, ok := parse(string(v)); ok {
			result = glua.LNumber(n)
		}
	}
	L.Push(result)
	return 1
}

func (in *Interpreter) baseToString(L *glua.LState) int {
	L.Push(in.toString(L, checkAny(L, 1)))
	return 1
}

// toString converts a value as tostring does, with its __tostring metamethod
// if it has one. What that gives back need not be a string.
func (in *Interpreter) toString(L *glua.LState, v glua.LValue) glua.LValue {
	switch v := v.(type) {
	case nil:
		return glua.LString("nil")
	case glua.LString:
		return v
	case glua.LNumber:
		in.charge(opsPerFormat)
		return in.made(formatNumber(float64(v)))
	}
	if f := L.GetMetaField(v, "__tostring"); callable(L, f) {
		L.Push(f)
		L.Push(v)
		call(L, 1, 1)
		result := arg(L, -1)
		L.Pop(1)
		return result
	}
	in.charge(opsPerFormat)
	return in.made(v.String())
}

// text is toString for those who need a string: user names who.
func (in *Interpreter) text(L *glua.LState, v glua.LValue, user string) string {
	s := in.toString(L, v)
	if !glua.LVCanConvToString(s) {
		L.RaiseError("'tostring' must return a string to '%s'", user)
	}
	return textOf(s)
}

func (in *Interpreter) baseType(L *glua.LState) int {
	L.Push(glua.LString(typeName(checkAny(L, 1))))
	return 1
}

func (in *Interpreter) baseUnpack(L *glua.LState) int {
	t := checkTable(L, 1)
	first := in.optInt(L, 2, 1)
	last := 0
	if arg(L, 3) == glua.LNil {
		last = in.length(t)
	} else {
		last = in.checkInt(L, 3)
	}
	n := last - first + 1
	if n <= 0 {
		return 0
	}
	if n > maxResults {
		L.RaiseError("too many results to unpack")
	}
	in.chargeValues(n)
	for i := first; i <= last; i++ {
		L.Push(t.RawGetInt(i))
	}
	return n
}
