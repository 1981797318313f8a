package lua

import (
	lua "github.com/yuin/gopher-lua"
)

// store is called before object[key] = value, wherever a script can bring that
// about, and charges for the work. It follows __newindex to the table that
// will really take the value; a function there does its own stores.
func (in *Interpreter) store(L *lua.LState, object, key, value lua.LValue) {
	if t, ok := object.(*lua.LTable); ok && t.Metatable == lua.LNil {
		in.rawStore(t, key, value)
		return
	}
	for range lua.MaxTableGetLoop {
		if object == nil {
			return
		}
		in.meter.key(key) // an object without keys gives an error that holds this one
		in.meter.charge(1)
		t, isTable := object.(*lua.LTable)
		if isTable {
			if t.RawGet(key) != lua.LNil {
				in.rawStore(t, key, value)
				return
			}
		}
		next := L.GetMetaField(object, "__newindex")
		switch next.(type) {
		case *lua.LNilType:
			if isTable {
				in.rawStore(t, key, value)
			}
			return
		case *lua.LFunction:
			return
		}
		object = next
	}
}

// index is called before object[key] is read. It follows __index as store
// follows __newindex.
func (in *Interpreter) index(object, key lua.LValue) {
	in.meter.key(key)
	for range lua.MaxTableGetLoop {
		t, ok := object.(*lua.LTable)
		if !ok || t.Metatable == lua.LNil || t.RawGet(key) != lua.LNil {
			return
		}
		metatable, ok := t.Metatable.(*lua.LTable)
		if !ok {
			return
		}
		in.meter.charge(1)
		in.meter.key(key)
		object = metatable.RawGetString("__index")
	}
}

// rawStore is called before a value is put into t itself.
func (in *Interpreter) rawStore(t *lua.LTable, key, _ lua.LValue) {
	switch k := key.(type) {
	case lua.LString:
		in.meter.key(k)
	case lua.LNumber:
		// The array part is filled up to the key.
		if k >= 1 && k < lua.LNumber(lua.MaxArrayIndex) {
			if gap := int(k) - len(in.layout.Table(t).Array); gap > smallValueList {
				in.meter.charge(gap)
			}
		}
	}
}

// chargeLength charges for finding a table's length, which is a walk over the
// nils its array part ends with.
func (in *Interpreter) chargeLength(t *lua.LTable) {
	array := in.layout.Table(t).Array
	for n := len(array); n > 0 && (array[n-1] == lua.LNil || array[n-1] == nil); {
		step := min(n, smallValueList)
		in.meter.charge(max(step/valuesLooked, 1))
		for ; step > 0 && (array[n-1] == lua.LNil || array[n-1] == nil); step-- {
			n--
		}
	}
}

// length charges for finding a table's length and finds it.
func (in *Interpreter) length(t *lua.LTable) int {
	in.chargeLength(t)
	return t.Len()
}
