package lua

import (
	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
)

// Reading and writing a table's fields is most of what scripts do, and what is
// to be charged and measured depends on where a chain of __index or __newindex
// tables ends. As the way there is the greater part of the instruction, the hook
// does the rest of it too. Calling metamethods, raising errors and all values
// that are no tables are left to the VM.

// get is for register A = object[key]. A chain may have a hundred links: beyond
// the first each is charged.
func (h *hook) get(f *vmview.Frame, inst uint32, key glua.LValue) (done bool) {
	t, ok := h.peek(f, argB(inst)).(*glua.LTable)
	if !ok {
		return false
	}
	for range glua.MaxTableGetLoop {
		v := t.RawGet(key)
		if !isNil(v) || !hasMetatable(t) {
			h.regs.Set(f.LocalBase+argA(inst), v)
			return true
		}
		if t = metaTable(t, "__index"); t == nil {
			return false
		}
		if hasMetatable(t) {
			h.charge(1)
		}
	}
	return false
}

// metaTable gives the table that stands in t's metatable for an event, if any.
func metaTable(t *glua.LTable, event string) *glua.LTable {
	meta, ok := t.Metatable.(*glua.LTable)
	if !ok {
		return nil
	}
	next, _ := meta.RawGetString(event).(*glua.LTable)
	return next
}

// set is for object[key] = value: the table that the value is stored in must
// have room for it, and the gap that a new key may leave in its array part is
// charged.
func (h *hook) set(object, key, value glua.LValue) (done bool) {
	t, ok := object.(*glua.LTable)
	if !ok {
		return false
	}
	if hasMetatable(t) {
		if t = h.receiver(t, key); t == nil {
			return false
		}
	}
	h.fitKey(t, key, value)
	switch n := key.(type) {
	case glua.LNumber:
		h.chargeGap(t, n)
		if n != n {
			return false
		}
	case *glua.LNilType:
		return false
	}
	t.RawSet(key, value)
	return true
}

// receiver follows a chain of __newindex tables to the one that a value will be
// stored in, charging for all but the first. It gives nil if there is none: a
// function will be called, or an error raised.
func (h *hook) receiver(t *glua.LTable, key glua.LValue) *glua.LTable {
	for range glua.MaxTableGetLoop {
		meta, ok := t.Metatable.(*glua.LTable)
		if !ok {
			return t
		}
		next := meta.RawGetString("__newindex")
		if next == glua.LNil || t.RawGet(key) != glua.LNil {
			return t
		}
		h.charge(1)
		if t, ok = next.(*glua.LTable); !ok {
			return nil
		}
	}
	return nil
}

func hasMetatable(t *glua.LTable) bool { return !isNil(t.Metatable) }

// isNil is v == glua.LNil in one comparison.
func isNil(v glua.LValue) bool {
	_, ok := v.(*glua.LNilType)
	return ok
}
