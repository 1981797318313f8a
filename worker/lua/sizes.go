package lua

import (
	glua "github.com/yuin/gopher-lua"

	"picloud/limits"
	"picloud/worker/lua/vmview"
)

// sizes are the three limits on one value. What the job brings (the request in
// ctx) and the library's own words do not count; whatever the script makes does.
//
// A table's sequence is its keys 1 to max_array_size, which the VM keeps in an
// array. Larger whole numbers are keys like all others, but for the one that
// would make the sequence longer.
type sizes struct {
	maxString int // bytes
	maxArray  int // elements of a table's sequence
	maxMap    int // other keys of a table

	globals *glua.LTable
	builtin int // keys the globals have before the script begins
}

func newSizes(l limits.Limits, globals *glua.LTable) sizes {
	return sizes{
		maxString: int(l.MaxStringSize), maxArray: int(l.MaxArraySize), maxMap: int(l.MaxMapSize),
		globals: globals, builtin: vmview.TableOf(globals).MapLen(),
	}
}

// fit ends the script if a string it is about to make is too long.
func (m *meter) fit(bytes int) {
	if bytes > m.maxString {
		m.exceed(limits.MaxStringSize)
	}
}

// made is fit for a short string that is made already.
func (m *meter) made(s string) glua.LString {
	m.fit(len(s))
	return glua.LString(s)
}

// caught is fit for an error that is about to be seen by the script: the
// position before a message may have made it too long.
func (m *meter) caught(err glua.LValue) {
	if s, ok := err.(glua.LString); ok {
		m.fit(len(s))
	}
}

// fitKey ends the script if t[key] = value would make t too large. It does not
// look at metatables.
func (m *meter) fitKey(t *glua.LTable, key, value glua.LValue) {
	view := vmview.TableOf(t)
	if n, ok := key.(glua.LNumber); ok {
		if i := int(n); glua.LNumber(i) == n && i > 0 {
			if i < m.maxArray {
				if view.Grows(i) {
					m.garbage.add(2 * i * bytesPerValue)
				}
				return
			}
			if m.fitEnd(view, i, value); i == m.maxArray {
				return
			}
		}
	}
	if view.Keys() >= m.maxMap {
		m.fitMap(t, view, key, value)
	}
}

// fitEnd sees to it that the last place of the longest sequence and the one
// behind it are never taken both.
func (m *meter) fitEnd(view *vmview.Table, i int, value glua.LValue) {
	if value == glua.LNil || i > m.maxArray+1 {
		return
	}
	neighbour := view.Filled(m.maxArray)
	if i == m.maxArray {
		neighbour = view.Has(glua.LNumber(i + 1))
	}
	if neighbour {
		m.exceed(limits.MaxArraySize)
	}
}

// fitMap is for a table that has had as many keys as it may have, dead ones
// included.
func (m *meter) fitMap(t *glua.LTable, view *vmview.Table, key, value glua.LValue) {
	if value == glua.LNil || view.Has(key) {
		return
	}
	live := view.MapLen()
	if t == m.globals {
		live -= m.builtin
	}
	if live >= m.maxMap {
		m.exceed(limits.MaxMapSize)
	}
	// The VM keeps the keys of values that are gone; without this a table
	// that is used as a queue would grow without end.
	const spare = 64
	if dead := view.Keys() - view.MapLen(); dead > view.MapLen()+spare {
		m.chargeValues(2 * view.Keys())
		view.Forget()
	}
}

// fitList ends the script if a constructor's items, which are to be stored from
// key first on, make t too long.
func (m *meter) fitList(t *glua.LTable, first int, items []glua.LValue) {
	for i := max(m.maxArray-first, 0); i < len(items); i++ {
		v := items[i]
		if v == nil || v == glua.LNil {
			continue
		}
		if first+i > m.maxArray {
			m.exceed(limits.MaxArraySize)
		}
		m.fitEnd(vmview.TableOf(t), first+i, v)
	}
}

// rawSet is t[key] = value for library functions, within the limits and
// without metamethods.
func (m *meter) rawSet(t *glua.LTable, key, value glua.LValue) {
	m.fitKey(t, key, value)
	t.RawSet(key, value)
}
