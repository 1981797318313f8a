package lua

import (
	"math"

	glua "github.com/yuin/gopher-lua"
)

// The functions here read a library function's arguments. As everywhere in Lua,
// a number may be given as a string and the other way round. What does not fit
// raises "bad argument".

// arg gives argument i, nil if it is not there.
func arg(L *glua.LState, i int) glua.LValue {
	if v := L.Get(i); v != nil {
		return v
	}
	return glua.LNil
}

func typeName(v glua.LValue) string {
	if v == nil {
		return "nil"
	}
	return v.Type().String()
}

func checkAny(L *glua.LState, i int) glua.LValue {
	if i > L.GetTop() {
		L.ArgError(i, "value expected")
	}
	return arg(L, i)
}

func badType(L *glua.LState, i int, want string) {
	got := "no value"
	if i <= L.GetTop() {
		got = typeName(arg(L, i))
	}
	L.ArgError(i, want+" expected, got "+got)
}

func checkTable(L *glua.LState, i int) *glua.LTable {
	t, ok := arg(L, i).(*glua.LTable)
	if !ok {
		badType(L, i, "table")
	}
	return t
}

func checkFunction(L *glua.LState, i int) *glua.LFunction {
	f, ok := arg(L, i).(*glua.LFunction)
	if !ok {
		badType(L, i, "function")
	}
	return f
}

func (m *meter) checkString(L *glua.LState, i int) string {
	switch v := arg(L, i).(type) {
	case glua.LString:
		return string(v)
	case glua.LNumber:
		m.charge(opsPerFormat)
		return formatNumber(float64(v))
	}
	badType(L, i, "string")
	return ""
}

func (m *meter) optString(L *glua.LState, i int, otherwise string) string {
	if arg(L, i) == glua.LNil {
		return otherwise
	}
	return m.checkString(L, i)
}

func (m *meter) checkNumber(L *glua.LState, i int) float64 {
	switch v := arg(L, i).(type) {
	case glua.LNumber:
		return float64(v)
	case glua.LString:
		m.charge(opsPerNumeral)
		m.chargeBytes(len(v))
		if n, ok := parseNumber(string(v)); ok {
			return n
		}
	}
	badType(L, i, "number")
	return 0
}

// maxInt is the largest whole number a place, a length or a count may be: beyond
// every string and every sequence. As an int has 32 bits on some machines and a
// script must run alike on all, it is the same on all, and so small that the
// difference of two such numbers is an int everywhere, too.
const maxInt = 1<<30 - 1

// toInt cuts the fraction off. Numbers beyond maxInt give maxInt, not-a-number
// gives 0.
func toInt(n float64) int {
	if math.IsNaN(n) {
		return 0
	}
	return int(max(-maxInt, min(n, maxInt)))
}

func (m *meter) checkInt(L *glua.LState, i int) int { return toInt(m.checkNumber(L, i)) }

func (m *meter) optInt(L *glua.LState, i, otherwise int) int {
	if arg(L, i) == glua.LNil {
		return otherwise
	}
	return m.checkInt(L, i)
}
