package lua

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func sortedNames(f functions) []string { return slices.Sorted(maps.Keys(f)) }

func (in *Interpreter) baseFunctions() functions {
	next := in.function(in.next)
	step := in.function(in.ipairsStep)
	return functions{
		"assert":       in.assert,
		"getmetatable": in.getMetatable,
		"ipairs": func(L *lua.LState) int {
			t := L.CheckTable(1)
			L.Push(step)
			L.Push(t)
			L.Push(lua.LNumber(0))
			return 3
		},
		"next": in.next,
		"pairs": func(L *lua.LState) int {
			t := L.CheckTable(1)
			L.Push(next)
			L.Push(t)
			L.Push(lua.LNil)
			return 3
		},
		"rawequal": func(L *lua.LState) int {
			a, b := L.CheckAny(1), L.CheckAny(2)
			in.meter.comparison(a, b, bytesCopied)
			L.Push(lua.LBool(L.RawEqual(a, b)))
			return 1
		},
		"rawget": func(L *lua.LState) int {
			t, key := L.CheckTable(1), L.CheckAny(2)
			in.meter.key(key)
			L.Push(t.RawGet(key))
			return 1
		},
		"rawset":       in.rawSet,
		"select":       in.selectValues,
		"setmetatable": in.setMetatable,
		"tonumber":     in.toNumber,
		"tostring": func(L *lua.LState) int {
			L.Push(lua.LString(in.text(L, L.CheckAny(1))))
			return 1
		},
		"type": func(L *lua.LState) int {
			L.Push(lua.LString(L.CheckAny(1).Type().String()))
			return 1
		},
		"unpack": in.unpack,
	}
}

// text is tostring: it calls __tostring and charges for the result.
func (in *Interpreter) text(L *lua.LState, v lua.LValue) string {
	if s, ok := v.(lua.LString); ok {
		return string(s)
	}
	made := L.ToStringMeta(v)
	s, ok := made.(lua.LString)
	if !ok {
		if n, isNumber := made.(lua.LNumber); isNumber {
			return n.String()
		}
		L.RaiseError("'tostring' must return a string to 'print'")
	}
	in.meter.copying(len(s))
	return string(s)
}

func (in *Interpreter) assert(L *lua.LState) int {
	if L.CheckAny(1); L.ToBool(1) {
		return L.GetTop()
	}
	switch message := L.Get(2).(type) {
	case *lua.LNilType:
		L.Error(lua.LString("assertion failed!"), 1)
	default:
		in.raisedAt = in.line(L)
		L.Error(message, 0)
	}
	return 0
}

func (in *Interpreter) rawSet(L *lua.LState) int {
	t, key, value := L.CheckTable(1), L.CheckAny(2), L.CheckAny(3)
	in.rawStore(t, key, value)
	L.RawSet(t, key, value)
	L.SetTop(1)
	return 1
}

func (in *Interpreter) getMetatable(L *lua.LState) int {
	v := L.CheckAny(1)
	if protected := L.GetMetaField(v, "__metatable"); protected != lua.LNil {
		L.Push(protected)
		return 1
	}
	L.Push(L.GetMetatable(v))
	return 1
}

func (in *Interpreter) setMetatable(L *lua.LState) int {
	t := L.CheckTable(1)
	if L.GetTop() < 2 {
		L.ArgError(2, "nil or table expected")
	}
	metatable := L.Get(2)
	if metatable != lua.LNil {
		L.CheckTable(2)
	}
	if L.GetMetaField(t, "__metatable") != lua.LNil {
		L.RaiseError("cannot change a protected metatable")
	}
	t.Metatable = metatable
	L.SetTop(1)
	return 1
}

func (in *Interpreter) selectValues(L *lua.LState) int {
	n := L.GetTop() - 1
	if s, ok := L.Get(1).(lua.LString); ok && s == "#" {
		L.Push(lua.LNumber(n))
		return 1
	}
	i := L.CheckInt(1)
	switch {
	case i < 0:
		i += n + 1
		if i < 1 {
			L.ArgError(1, "index out of range")
		}
	case i == 0:
		L.ArgError(1, "index out of range")
	}
	return max(n-i+1, 0)
}

func (in *Interpreter) unpack(L *lua.LState) int {
	t := L.CheckTable(1)
	from, to := L.OptInt(2, 1), 0
	if L.Get(3) == lua.LNil {
		to = in.length(t)
	} else {
		to = L.CheckInt(3)
	}
	if from > to {
		return 0
	}
	n := to - from + 1
	if n <= 0 || n > maxResults {
		L.RaiseError("too many results to unpack")
	}
	in.meter.values(n)
	for i := range n {
		L.Push(valueAt(t, from+i))
	}
	return n
}

// valueAt is t[i], raw.
func valueAt(t *lua.LTable, i int) lua.LValue {
	if v := t.RawGet(lua.LNumber(i)); v != nil {
		return v
	}
	return lua.LNil
}

func (in *Interpreter) ipairsStep(L *lua.LState) int {
	t, i := L.CheckTable(1), L.CheckInt(2)+1
	v := valueAt(t, i)
	if v == lua.LNil {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(lua.LNumber(i))
	L.Push(v)
	return 2
}

func (in *Interpreter) next(L *lua.LState) int {
	t, key := L.CheckTable(1), L.Get(2)
	if L.GetTop() < 2 {
		key = lua.LNil
	}
	in.chargeNext(t, key)
	nextKey, value := t.Next(key)
	L.Push(nextKey)
	if nextKey == lua.LNil {
		return 1
	}
	L.Push(value)
	return 2
}

// chargeNext charges for the holes and the deleted keys that lie between key
// and the one that follows it.
func (in *Interpreter) chargeNext(t *lua.LTable, key lua.LValue) {
	in.meter.key(key)
	view := in.layout.Table(t)
	holes, from := 0, 0
	switch k := key.(type) {
	case *lua.LNilType:
	case lua.LNumber:
		if k != lua.LNumber(int(k)) || k < 1 || int(k) > len(view.Array) {
			from = len(view.Array)
			break
		}
		from = int(k)
	default:
		from = len(view.Array)
	}
	dead := func(n int) {
		if holes += n; holes%smallValueList == 0 {
			in.meter.charge(smallValueList / valuesLooked)
		}
	}
	for ; from < len(view.Array); from++ {
		if view.Array[from] != lua.LNil {
			return
		}
		dead(1)
	}
	start := 0
	if i, ok := view.KeyIndex[key]; ok {
		start = i + 1
	}
	for _, k := range view.Keys[start:] {
		if t.RawGetH(k) != lua.LNil {
			return
		}
		dead(1)
	}
}

func (in *Interpreter) toNumber(L *lua.LState) int {
	v := L.CheckAny(1)
	base := L.OptInt(2, 10)
	if base < 2 || base > 36 {
		L.ArgError(2, "base out of range")
	}
	n, isNumber := v.(lua.LNumber)
	if isNumber && base == 10 {
		L.Push(n)
		return 1
	}
	if !isNumber {
		if _, ok := v.(lua.LString); !ok {
			L.Push(lua.LNil)
			return 1
		}
	}
	s := lua.LVAsString(v)
	in.meter.decimal(s)
	if f, ok := parseNumber(trimSpace(s), base); ok {
		L.Push(lua.LNumber(f))
	} else {
		L.Push(lua.LNil)
	}
	return 1
}

// parseNumber reads a number as Lua 5.1 does: decimal or 0x for base 10, an
// integer for another base.
func parseNumber(s string, base int) (f float64, ok bool) {
	negative := strings.HasPrefix(s, "-")
	digits := strings.TrimPrefix(strings.TrimPrefix(s, "-"), "+")
	if len(s)-len(digits) > 1 {
		return 0, false
	}
	hex := len(digits) > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')
	switch {
	case hex && (base == 10 || base == 16):
		f, ok = parseInteger(digits[2:], 16)
	case base == 10:
		if digits == "" || strings.Trim(digits, "0123456789.eE+-") != "" {
			return 0, false
		}
		var err error
		f, err = strconv.ParseFloat(digits, 64)
		ok = err == nil || math.IsInf(f, 0) || f == 0
		if err != nil && !isRange(err) {
			ok = false
		}
	default:
		f, ok = parseInteger(digits, base)
	}
	if negative {
		f = -f
	}
	return f, ok
}

// trimSpace takes off what isspace means in the C locale.
func trimSpace(s string) string { return strings.Trim(s, " \t\n\v\f\r") }

func isRange(err error) bool {
	n, ok := err.(*strconv.NumError)
	return ok && n.Err == strconv.ErrRange
}

func parseInteger(digits string, base int) (f float64, ok bool) {
	for _, c := range []byte(digits) {
		d := 99
		switch {
		case c >= '0' && c <= '9':
			d = int(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			d = int(c|0x20-'a') + 10
		}
		if d >= base {
			return 0, false
		}
		f = f*float64(base) + float64(d)
	}
	return f, digits != ""
}
