package lua

import (
	"sort"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
)

func (in *Interpreter) openTable(L *glua.LState, globals *glua.LTable) {
	in.module(L, globals, "table", []function{
		{"concat", in.tableConcat},
		{"getn", in.tableGetN},
		{"insert", in.tableInsert},
		{"maxn", in.tableMaxN},
		{"remove", in.tableRemove},
		{"sort", in.tableSort},
	})
}

// length gives a table's length, and charges for finding it.
func (m *meter) length(t *glua.LTable) int {
	m.chargeLength(t)
	return t.Len()
}

// tableConcat counts the bytes first, so that the string is paid for when it
// is made.
func (in *Interpreter) tableConcat(L *glua.LState) int {
	t := checkTable(L, 1)
	separator := in.optString(L, 2, "")
	first := in.optInt(L, 3, 1)
	last := 0
	if arg(L, 4) == glua.LNil {
		last = in.length(t)
	} else {
		last = in.checkInt(L, 4)
	}
	if first > last {
		L.Push(glua.LString(""))
		return 1
	}
	size := 0
	for i := first; i <= last; i++ {
		in.charge(1)
		switch v := t.RawGetInt(i).(type) {
		case glua.LString:
			size += len(v)
		case glua.LNumber:
			in.charge(opsPerFormat)
			size += len(formatNumber(float64(v)))
		default:
			L.RaiseError("invalid value (%s) at index %d in table for 'concat'", typeName(v), i)
		}
		if i < last {
			size += len(separator)
		}
		in.fit(size)
	}
	in.chargeMade(size)
	var b strings.Builder
	b.Grow(size)
	for i := first; i <= last; i++ {
		b.WriteString(textOf(t.RawGetInt(i)))
		if i < last {
			b.WriteString(separator)
		}
	}
	L.Push(glua.LString(b.String()))
	return 1
}

func (in *Interpreter) tableGetN(L *glua.LState) int {
	L.Push(glua.LNumber(in.length(checkTable(L, 1))))
	return 1
}

// tableMaxN looks at every key, as Lua does: the largest one need not be in the
// array part.
func (in *Interpreter) tableMaxN(L *glua.LState) int {
	t := checkTable(L, 1)
	in.charge(vmview.TableOf(t).Distance(glua.LNil, glua.LNil) / valuesPerOp)
	largest := glua.LNumber(0)
	for k, _ := t.Next(glua.LNil); k != glua.LNil; k, _ = t.Next(k) {
		if n, ok := k.(glua.LNumber); ok {
			largest = max(largest, n)
		}
	}
	L.Push(largest)
	return 1
}

func (in *Interpreter) tableInsert(L *glua.LState) int {
	t := checkTable(L, 1)
	n := in.length(t)
	position, value := n+1, arg(L, 2)
	switch L.GetTop() {
	case 2:
	case 3:
		position, value = in.checkInt(L, 2), arg(L, 3)
		if position < 1 || position == maxInt {
			L.ArgError(2, "position out of bounds")
		}
	default:
		L.RaiseError("wrong number of arguments to 'insert'")
	}
	if position > n {
		in.chargeGap(t, glua.LNumber(position))
		in.rawSet(t, glua.LNumber(position), value)
		return 0
	}
	in.chargeValues(n - position)
	if vmview.TableOf(t).ArrayLen() == n && n < in.maxArray-1 {
		t.Insert(position, value)
		return 0
	}
	// Insert would make the array part longer although it has empty places
	// at its end, or longer than it may be.
	in.charge(n - position)
	for i := n; i >= position; i-- {
		in.rawSet(t, glua.LNumber(i+1), t.RawGetInt(i))
	}
	t.RawSetInt(position, value)
	return 0
}

func (in *Interpreter) tableRemove(L *glua.LState) int {
	t := checkTable(L, 1)
	n := in.length(t)
	position := in.optInt(L, 2, n)
	if position < 1 || position > n {
		return 0
	}
	in.chargeValues(vmview.TableOf(t).ArrayLen() - position)
	L.Push(t.RawGetInt(position))
	t.Remove(position)
	return 1
}

func (in *Interpreter) tableSort(L *glua.LState) int {
	t := checkTable(L, 1)
	s := &sorter{in: in, L: L, t: t, n: in.length(t)}
	if arg(L, 2) != glua.LNil {
		s.less = checkFunction(L, 2)
	}
	sort.Sort(s)
	return 0
}

// sorter sorts in place, so that a comparison function sees the table as it is
// at the time, as in Lua. One that contradicts itself gives some order.
type sorter struct {
	in   *Interpreter
	L    *glua.LState
	t    *glua.LTable
	less *glua.LFunction
	n    int
}

func (s *sorter) Len() int { return s.n }

func (s *sorter) Swap(i, j int) {
	a, b := s.t.RawGetInt(i+1), s.t.RawGetInt(j+1)
	if max(i, j)+1 < s.in.maxArray { // fits anyway, and needs no key on the heap
		s.t.RawSetInt(i+1, b)
		s.t.RawSetInt(j+1, a)
		return
	}
	s.in.rawSet(s.t, glua.LNumber(i+1), b)
	s.in.rawSet(s.t, glua.LNumber(j+1), a)
}

func (s *sorter) Less(i, j int) bool {
	s.in.charge(2)
	a, b := s.t.RawGetInt(i+1), s.t.RawGetInt(j+1)
	if s.less == nil {
		return s.in.lessThan(s.L, a, b)
	}
	s.L.Push(s.less)
	s.L.Push(a)
	s.L.Push(b)
	call(s.L, 2, 1)
	r := s.L.ToBool(-1)
	s.L.Pop(1)
	return r
}

// lessThan is a < b, which may call a metamethod.
func (in *Interpreter) lessThan(L *glua.LState, a, b glua.LValue) bool {
	switch x := a.(type) {
	case glua.LNumber:
		if y, ok := b.(glua.LNumber); ok {
			return x < y
		}
	case glua.LString:
		if y, ok := b.(glua.LString); ok {
			in.chargeBytes(min(len(x), len(y)))
			return x < y
		}
	}
	room(L)
	return L.LessThan(a, b)
}
