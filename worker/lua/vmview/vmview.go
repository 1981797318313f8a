// Package vmview is the one place that looks into gopher-lua's private memory.
//
// Limits have to be checked before an instruction does its work, so the caller
// must see what the instruction will touch: the running function, its
// registers, how long a table's parts are. gopher-lua exports none of that. The
// types here mirror the private structures of version 1.1.2 field by field;
// Verify compares them with the real ones and must succeed before anything
// else of this package is used. With another version of gopher-lua it fails
// instead of letting wrong memory be read.
//
// The same goes for running instructions one by one with Execute, which calls
// gopher-lua's own code for each, by the linker's name for it.
//
// The package reads. KeepUpvalues, CloseUpvalues, Forget, ReplaceLoop, Set and
// SetStringConstants alone write, and say why. It holds no state.
package vmview

import (
	"context"
	"unsafe"

	glua "github.com/yuin/gopher-lua"
)

// Frame mirrors callFrame: one running function.
type Frame struct {
	Idx        int // position in the thread's frame stack, from 0
	Fn         *glua.LFunction
	Parent     *Frame `vm:"*lua.callFrame"` // the caller; nil at a thread's bottom
	Pc         int    // the next instruction; the current one is at Pc-1
	Base       int
	LocalBase  int // register of the first local variable
	ReturnBase int
	NArgs      int // arguments passed
	NRet       int
	TailCall   int
}

// Registers mirrors registry: the values of one thread's frames.
type Registers struct {
	array   []glua.LValue
	top     int
	growBy  int
	maxSize int
	alloc   unsafe.Pointer `vm:"*lua.allocator"`
	handler [2]uintptr     `vm:"lua.registryHandler"`
}

// Get gives register i. A register that was never written reads as nil.
func (r *Registers) Get(i int) glua.LValue {
	if v := r.array[i]; v != nil {
		return v
	}
	return glua.LNil
}

// Peek is Get for a caller that only asks which type a value has: a register that
// was never written gives Go's nil, which has none.
func (r *Registers) Peek(i int) glua.LValue { return r.array[i] }

// Set writes register i of the running function, as an instruction with that
// destination does: it is for doing one without the VM.
func (r *Registers) Set(i int, v glua.LValue) {
	r.array[i] = v
	if i >= r.top {
		r.top = i + 1
	}
}

// Slice gives n registers from i on, which the caller only reads. A register
// that was never written is nil.
func (r *Registers) Slice(i, n int) []glua.LValue { return r.array[i : i+n] }

// Top is the number of registers in use.
func (r *Registers) Top() int { return r.top }

// State mirrors LState: one thread.
type State struct {
	G            *glua.Global
	Parent       *glua.LState
	Env          *glua.LTable
	Panic        func(*glua.LState)
	Dead         bool
	Options      glua.Options
	stop         int32
	reg          *Registers     `vm:"*lua.registry"`
	stack        [2]uintptr     `vm:"lua.callFrameStack"`
	alloc        unsafe.Pointer `vm:"*lua.allocator"`
	currentFrame *Frame         `vm:"*lua.callFrame"`
	wrapped      bool
	uvcache      *upvalue `vm:"*lua.Upvalue"`
	hasErrorFunc bool
	mainLoop     Loop `vm:"func(*lua.LState, *lua.callFrame)"`
	ctx          context.Context
	ctxCancelFn  context.CancelFunc
}

// upvalue mirrors Upvalue: a local variable that a closure captured. While the
// variable is in scope it is open and stands in its thread's list, which is
// sorted by register.
type upvalue struct {
	next   *upvalue   `vm:"*lua.Upvalue"`
	reg    *Registers `vm:"*lua.registry"`
	index  int
	value  glua.LValue
	closed bool
}

// Of gives the view of a thread. It stays valid as long as the thread lives.
func Of(L *glua.LState) *State { return (*State)(unsafe.Pointer(L)) }

// Frame is the running function; nil before the thread's first call.
func (s *State) Frame() *Frame { return s.currentFrame }

// Registers are the thread's registers.
func (s *State) Registers() *Registers { return s.reg }

// OpenUpvalues counts the captured variables that are still in scope. The VM
// walks their list whenever a function returns or makes a closure.
func (s *State) OpenUpvalues() int {
	n := 0
	for u := s.uvcache; u != nil; u = u.next {
		n++
	}
	return n
}

// KeepUpvalues stops the VM from detaching every captured variable of every
// running function whenever an error is raised, those included that outlive
// the error because it is caught above them. It sets hasErrorFunc, which LState.PCall
// clears at its end and which nothing but the raising of errors looks at.
func (s *State) KeepUpvalues() { s.hasErrorFunc = true }

// CloseUpvalues detaches the captured variables in registers from base up, as
// the VM does when the functions that own these registers return. It must run
// before the registers are reused, which LState.PCall does for a caught error.
func (s *State) CloseUpvalues(base int) {
	var kept *upvalue
	u := s.uvcache
	for ; u != nil && u.index < base; u = u.next {
		kept = u
	}
	if kept != nil {
		kept.next = nil
	} else {
		s.uvcache = nil
	}
	for ; u != nil; u = u.next {
		(*glua.Upvalue)(unsafe.Pointer(u)).Close()
	}
}

// Table mirrors LTable: an array part, and a part for all other keys.
type Table struct {
	Metatable glua.LValue
	array     []glua.LValue
	dict      map[glua.LValue]glua.LValue
	strdict   map[string]glua.LValue
	keys      []glua.LValue       // every key ever stored, in order
	k2i       map[glua.LValue]int // where in keys
}

// TableOf gives the view of a table.
func TableOf(t *glua.LTable) *Table { return (*Table)(unsafe.Pointer(t)) }

// ArrayLen is the length of the array part, nils at its end included.
func (t *Table) ArrayLen() int { return len(t.array) }

// Grows tells whether a value at place i needs another, larger array.
func (t *Table) Grows(i int) bool { return i > cap(t.array) }

// MapLen is the number of live keys outside of the array part.
func (t *Table) MapLen() int { return len(t.dict) + len(t.strdict) }

// Keys is the number of keys ever stored outside of the array part, less those
// that Forget has dropped.
func (t *Table) Keys() int { return len(t.keys) }

// Filled reports whether place i of the array part, from 1, has a value.
func (t *Table) Filled(i int) bool { return i <= len(t.array) && t.array[i-1] != glua.LNil }

// Has reports whether a key outside of the array part has a value.
func (t *Table) Has(key glua.LValue) bool {
	if s, ok := key.(glua.LString); ok {
		_, ok = t.strdict[string(s)]
		return ok
	}
	_, ok := t.dict[key]
	return ok
}

// Forget drops the keys whose values are gone, which gopher-lua itself never
// does. A traversal that stands at one of them cannot go on. That is Lua's rule
// for a traversal during which a new key is stored; Forget is for that moment.
func (t *Table) Forget() {
	live := make([]glua.LValue, 0, t.MapLen())
	places := make(map[glua.LValue]int, t.MapLen())
	for _, key := range t.keys {
		if t.Has(key) {
			places[key] = len(live)
			live = append(live, key)
		}
	}
	t.keys, t.k2i = live, places
}

// TrailingNils counts the nils at the end of the array part: what the length
// operator walks over.
func (t *Table) TrailingNils() int {
	n := 0
	for i := len(t.array) - 1; i >= 0 && t.array[i] == glua.LNil; i-- {
		n++
	}
	return n
}

// Knows reports whether key was ever stored outside of the array part.
func (t *Table) Knows(key glua.LValue) bool {
	_, ok := t.k2i[key]
	return ok
}

// Distance is how many slots an iteration looks at to come from one key to the
// next, dead keys included; from is nil at the start, to is nil at the end.
func (t *Table) Distance(from, to glua.LValue) int {
	return max(t.slot(to, len(t.array)+len(t.keys))-t.slot(from, 0), 0)
}

func (t *Table) slot(key glua.LValue, ifNil int) int {
	if key == glua.LNil {
		return ifNil
	}
	if i, ok := t.k2i[key]; ok {
		return len(t.array) + i
	}
	if n, ok := key.(glua.LNumber); ok && n >= 1 && n <= glua.LNumber(len(t.array)) {
		return int(n)
	}
	return len(t.array)
}
