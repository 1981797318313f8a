package lua

import (
	"context"
	"time"

	glua "github.com/yuin/gopher-lua"

	"picloud/limits"
	"picloud/worker/lua/vmview"
)

const (
	// maxRegisters is how many values all frames of a thread may hold. The VM
	// is given twice as many, and no instruction uses more than what it is
	// charged for in between: an overflow inside the VM would be a panic.
	maxRegisters = 1 << 17

	// spareFrames are left free on a thread's frame stack for the library
	// functions a script calls.
	spareFrames = 8
)

// hook is what the VM asks before every instruction of one thread: it stands in
// as the thread's context, whose Done method the VM calls. It charges the
// instruction, more if it is long, and counts the levels when a function is
// entered.
type hook struct {
	*meter
	in     *Interpreter
	thread *glua.LState
	state  *vmview.State
	regs   *vmview.Registers

	maxLevels int
	base      int // levels of the threads that resumed this one
	maxFrame  int // frames beyond this one would overflow the stack

	// protected is the first register that an error caught next gives back.
	protected int

	// concats are the concatenations that wait for a metamethod.
	concats []pendingConcat
}

// watch puts a hook on a thread. The levels of the threads below it are set
// when it is resumed.
func (in *Interpreter) watch(L *glua.LState) *hook {
	s := vmview.Of(L)
	h := &hook{
		meter: in.meter, in: in, thread: L, state: s, regs: s.Registers(),
		maxLevels: in.maxLevels, maxFrame: L.Options.CallStackSize - spareFrames,
	}
	s.KeepUpvalues()
	L.SetContext(h)
	return h
}

// hookOf gives the hook of a thread.
func hookOf(L *glua.LState) *hook { return L.Context().(*hook) }

var _ context.Context = (*hook)(nil)

// Deadline, Err and Value make a hook a context; the VM does not use them as
// long as Done gives nil.
func (h *hook) Deadline() (time.Time, bool) { return time.Time{}, false }
func (h *hook) Err() error                  { return nil }
func (h *hook) Value(any) any               { return nil }

// Done is called before every instruction, with the frame's Pc already behind
// it. A nil channel lets the VM go on. It allocates nothing.
func (h *hook) Done() <-chan struct{} {
	if h.left--; h.left < 0 {
		h.exceed(limits.MaxOperations)
	}
	f := h.state.Frame()
	if f.Pc == 1 {
		h.enter(f)
	}
	if len(h.concats) > 0 {
		h.forgetConcats(f)
	}
	h.weigh(f, f.Fn.Proto.Code[f.Pc-1])
	return nil
}

// enter is for a function's first instruction.
func (h *hook) enter(f *vmview.Frame) {
	h.thread.Panic = h.in.raiseFunc
	if h.base+f.Idx > h.maxLevels && h.level(f) > h.maxLevels || f.Idx > h.maxFrame || h.regs.Top() > maxRegisters {
		h.exceed(limits.MaxCallLevels)
	}
}

// level counts the script's functions that are running, up to frame f. The main
// chunk is level 0, and so is the function that stands at the bottom of every
// coroutine and calls its body.
func (h *hook) level(f *vmview.Frame) int {
	n := h.base - 1
	for ; f != nil; f = f.Parent {
		if !f.Fn.IsG {
			n++
		}
	}
	return n
}

// room ends the script if a library function that is about to call back could
// overflow the frame stack: a chain of library functions that call each other
// has no script function in it whose entry would be counted.
func room(L *glua.LState) {
	h := hookOf(L)
	if f := h.state.Frame(); f != nil && f.Idx > h.maxFrame || h.regs.Top() > maxRegisters {
		h.exceed(limits.MaxCallLevels)
	}
}
