// Package vmview reads the private state of a gopher-lua v1.1.2 virtual
// machine: call frames, registers, open upvalues and the two parts of a table.
//
// It promises to read only, and only through a Layout, which Verify gives after
// it has compared every field it knows with the fields the linked gopher-lua
// really has: name, type and offset. With any other version Verify fails, and
// nothing is read. A view stays valid as long as the object it was taken of; a
// Frame only until its function returns.
package vmview

import (
	"fmt"
	"reflect"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// Frame is one active call. Its fields stand in gopher-lua's order.
type Frame struct {
	Index      int // 0 for the thread's first
	Function   *lua.LFunction
	Caller     *Frame // nil for the thread's first
	PC         int    // of the instruction after the current one
	Base       int
	LocalBase  int // the register the function's first local is in
	ReturnBase int
	Arguments  int
	Results    int
	TailCalls  int
}

// Registers is the value stack of one thread.
type Registers struct {
	Values []lua.LValue // beyond Top they may be Go nil
	Top    int
}

// Table is a table's inside. Keys holds every key the hash parts ever had, in
// the order they came; gopher-lua never takes one out.
type Table struct {
	Metatable lua.LValue
	Array     []lua.LValue
	Hash      map[lua.LValue]lua.LValue
	Strings   map[string]lua.LValue
	Keys      []lua.LValue
	KeyIndex  map[lua.LValue]int
}

// Upvalue is an upvalue that is still open: gopher-lua keeps those of a thread
// in one list, and goes through it for each it looks for.
type Upvalue struct {
	Next *Upvalue
}

// Layout is the proof that the views fit, and what is needed to find them.
type Layout struct {
	frame     uintptr
	registers uintptr
	upvalues  uintptr
}

// Verify compares the views with the linked gopher-lua.
func Verify() (Layout, error) {
	var l Layout
	if err := sameFields(reflect.TypeFor[lua.LTable](), reflect.TypeFor[Table](),
		"Metatable", "array", "dict", "strdict", "keys", "k2i"); err != nil {
		return l, err
	}
	state := reflect.TypeFor[lua.LState]()
	frame, err := pointerField(state, "currentFrame")
	if err != nil {
		return l, err
	}
	if err := sameFields(frame.Type.Elem(), reflect.TypeFor[Frame](), "Idx", "Fn", "Parent",
		"Pc", "Base", "LocalBase", "ReturnBase", "NArgs", "NRet", "TailCall"); err != nil {
		return l, err
	}
	registers, err := pointerField(state, "reg")
	if err != nil {
		return l, err
	}
	if err := sameFields(registers.Type.Elem(), reflect.TypeFor[Registers](), "array", "top"); err != nil {
		return l, err
	}
	upvalues, err := pointerField(state, "uvcache")
	if err != nil {
		return l, err
	}
	if err := sameFields(upvalues.Type.Elem(), reflect.TypeFor[Upvalue](), "next"); err != nil {
		return l, err
	}
	return Layout{frame: frame.Offset, registers: registers.Offset, upvalues: upvalues.Offset}, nil
}

func pointerField(in reflect.Type, name string) (reflect.StructField, error) {
	f, ok := in.FieldByName(name)
	if !ok || f.Type.Kind() != reflect.Pointer || f.Type.Elem().Kind() != reflect.Struct {
		return f, fmt.Errorf("unknown gopher-lua: %v has no pointer field %s", in, name)
	}
	return f, nil
}

// sameFields checks that the first fields of real are called names, and lie
// where view's fields lie, with the same types. A pointer from view to itself
// stands for one from real to itself.
func sameFields(real, view reflect.Type, names ...string) error {
	if real.Kind() != reflect.Struct || real.NumField() < len(names) || view.NumField() != len(names) {
		return fmt.Errorf("unknown gopher-lua: %v has too few fields", real)
	}
	for i, name := range names {
		r, v := real.Field(i), view.Field(i)
		sameType := r.Type == v.Type || r.Type == reflect.PointerTo(real) && v.Type == reflect.PointerTo(view)
		if r.Name != name || r.Offset != v.Offset || !sameType {
			return fmt.Errorf("unknown gopher-lua: field %d of %v is %s %v at %d, not %s %v at %d",
				i, real, r.Name, r.Type, r.Offset, name, v.Type, v.Offset)
		}
	}
	return nil
}

// CurrentFrame gives the place where a thread keeps its current frame; what is
// in it is nil while nothing runs.
func (l Layout) CurrentFrame(thread *lua.LState) **Frame {
	return (**Frame)(unsafe.Add(unsafe.Pointer(thread), l.frame))
}

// OpenUpvalues gives the place where a thread keeps the first of its open
// upvalues, nil while it has none.
func (l Layout) OpenUpvalues(thread *lua.LState) **Upvalue {
	return (**Upvalue)(unsafe.Add(unsafe.Pointer(thread), l.upvalues))
}

// Registers gives a thread's registers.
func (l Layout) Registers(thread *lua.LState) *Registers {
	return *(**Registers)(unsafe.Add(unsafe.Pointer(thread), l.registers))
}

// Table gives a table's inside.
func (Layout) Table(t *lua.LTable) *Table { return (*Table)(unsafe.Pointer(t)) }
