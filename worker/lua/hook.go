package lua

import (
	"context"

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

// hook watches one thread: it runs the thread's instructions in a loop of its
// own, charges each, more if it is long, and counts the levels when a function is
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

	// roomTo is the register from which on the VM has to move all of them to a
	// larger place.
	roomTo int
	growth int // by so many registers

	// protected is the first register that an error caught next gives back.
	protected int

	// concats are the concatenations that wait for a metamethod.
	concats []pendingConcat

	native vmview.Loop // gopher-lua's own loop

	// A hook is found again as the context of its thread. As a context it has
	// nothing to say: only the loop it replaces would ask it.
	context.Context
}

// watch puts a hook on a thread. The levels of the threads below it are set
// when it is resumed.
func (in *Interpreter) watch(L *glua.LState) *hook {
	s := vmview.Of(L)
	h := &hook{
		meter: in.meter, in: in, thread: L, state: s, regs: s.Registers(),
		maxLevels: in.maxLevels, maxFrame: L.Options.CallStackSize - spareFrames,
		roomTo: L.Options.RegistrySize, growth: L.Options.RegistryGrowStep,
	}
	s.KeepUpvalues()
	h.attach()
	return h
}

// attach ties the hook to its thread. Setting the context sets the loop, too, so
// that comes first.
func (h *hook) attach() {
	h.thread.SetContext(h)
	h.native = h.state.ReplaceLoop(h.loop)
}

// hookOf gives the hook of a thread.
func hookOf(L *glua.LState) *hook { return L.Context().(*hook) }

// loop charges and weighs every instruction before the VM does it. The function
// it is called for is the running one already. It allocates nothing.
func (h *hook) loop(L *glua.LState, base *vmview.Frame) {
	// Resuming a thread and calling protectedly set the VM's own way of raising
	// errors.
	L.Panic = h.in.raiseFunc
	if h.state.Frame().Fn.IsG { // a library function
		h.native(L, base)
		return
	}
	m := h.meter
	for {
		f := h.state.Frame()
		code := f.Fn.Proto.Code
		if uint(f.Pc) >= uint(len(code)) { // no instruction leads behind the last
			h.in.missing(f.Fn.Proto)
			continue
		}
		inst := code[f.Pc]
		f.Pc++
		if m.left--; m.left < 0 {
			h.exceed(limits.MaxOperations)
		}
		if f.Pc == 1 {
			h.enter(f)
		}
		if len(h.concats) > 0 {
			h.forgetConcats(f)
		}
		if bit := uint64(1) << (inst >> 26); bit&weighed != 0 {
			if bit&arithmetic != 0 {
				h.weighNumeral(h.peek(f, argB(inst)))
				h.weighNumeral(h.peek(f, argC(inst)))
			} else if done := h.weigh(f, inst); done {
				continue
			}
		}
		if vmview.Execute(L, inst, base) {
			return
		}
	}
}

// enter is for a function's first instruction.
func (h *hook) enter(f *vmview.Frame) {
	if h.base+f.Idx > h.maxLevels && h.level(f) > h.maxLevels || f.Idx > h.maxFrame || h.regs.Top() > maxRegisters {
		h.exceed(limits.MaxCallLevels)
	}
	if top := h.regs.Top(); top >= h.roomTo {
		h.chargeValues(top)
		h.roomTo = top + h.growth
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
