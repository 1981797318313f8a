package lua

import (
	"sort"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func (in *Interpreter) tableFunctions() functions {
	return functions{
		"concat": in.tableConcat,
		"insert": in.tableInsert,
		"maxn":   in.tableMaxn,
		"remove": in.tableRemove,
		"sort":   in.tableSort,
	}
}

func (in *Interpreter) tableConcat(L *lua.LState) int {
	t, separator := L.CheckTable(1), L.OptString(2, "")
	from, to := L.OptInt(3, 1), 0
	if L.Get(4) == lua.LNil {
		to = in.length(t)
	} else {
		to = L.CheckInt(4)
	}
	var b strings.Builder
	for i := from; i <= to; i++ {
		v := valueAt(t, i)
		if !lua.LVCanConvToString(v) {
			L.RaiseError("invalid value (%s) at index %d in table for 'concat'", v.Type().String(), i)
		}
		s := lua.LVAsString(v)
		in.meter.charge(1 + (len(s)+len(separator))/bytesCopied)
		b.WriteString(s)
		if i == to { // also ends a range that reaches the largest integer
			break
		}
		b.WriteString(separator)
	}
	in.meter.copying(b.Len())
	L.Push(lua.LString(b.String()))
	return 1
}

func (in *Interpreter) tableInsert(L *lua.LState) int {
	t := L.CheckTable(1)
	n := in.length(t)
	switch L.GetTop() {
	case 2:
		if v := L.Get(2); v != lua.LNil {
			in.rawStore(t, lua.LNumber(n+1), v)
			t.RawSetInt(n+1, v)
		}
	case 3:
		at, v := L.CheckInt(2), L.Get(3)
		if at < 1 {
			L.ArgError(2, "position out of bounds")
		}
		if at > n {
			in.rawStore(t, lua.LNumber(at), v)
			t.RawSet(lua.LNumber(at), v)
			return 0
		}
		in.rawStore(t, lua.LNumber(n+1), v)
		in.meter.charge((len(in.layout.Table(t).Array) - at) / valuesMoved)
		t.Insert(at, v)
	default:
		L.RaiseError("wrong number of arguments to 'insert'")
	}
	return 0
}

func (in *Interpreter) tableRemove(L *lua.LState) int {
	t := L.CheckTable(1)
	n := in.length(t)
	at := L.OptInt(2, n)
	if at < 1 || at > n {
		return 0
	}
	in.meter.charge((len(in.layout.Table(t).Array) - at) / valuesMoved)
	L.Push(t.Remove(at))
	return 1
}

func (in *Interpreter) tableMaxn(L *lua.LState) int {
	t := L.CheckTable(1)
	in.chargeLength(t)
	view := in.layout.Table(t)
	in.meter.values(len(view.Keys))
	largest := lua.LNumber(t.MaxN())
	for key := range view.Hash {
		if n, ok := key.(lua.LNumber); ok && n > largest {
			largest = n
		}
	}
	L.Push(largest)
	return 1
}

func (in *Interpreter) tableSort(L *lua.LState) int {
	t := L.CheckTable(1)
	less := L.OptFunction(2, nil)
	n := in.length(t)
	in.meter.values(n)
	for i := 1; i <= n; i++ {
		if valueAt(t, i) == lua.LNil {
			L.RaiseError("attempt to sort a table with holes")
		}
	}
	sort.Sort(&order{in, L, t, less, n})
	return 0
}

// order sorts a table in place, element by element, so that nothing a
// comparing function does to the table can lead outside of it.
type order struct {
	in   *Interpreter
	L    *lua.LState
	t    *lua.LTable
	less *lua.LFunction // nil for <
	n    int
}

func (o *order) Len() int { return o.n }

func (o *order) Swap(i, j int) {
	a, b := valueAt(o.t, i+1), valueAt(o.t, j+1)
	o.t.RawSetInt(i+1, b)
	o.t.RawSetInt(j+1, a)
}

func (o *order) Less(i, j int) bool {
	o.in.meter.charge(2)
	a, b := valueAt(o.t, i+1), valueAt(o.t, j+1)
	if o.less == nil {
		o.in.meter.comparison(a, b, bytesLooked)
		return o.L.LessThan(a, b)
	}
	o.L.Push(o.less)
	o.L.Push(a)
	o.L.Push(b)
	o.L.Call(2, 1)
	is := o.L.ToBool(-1)
	o.L.Pop(1)
	return is
}
