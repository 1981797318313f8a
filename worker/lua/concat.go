package lua

import (
	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
)

// maxNumeral is the most bytes a number has as text.
const maxNumeral = 24

// A concatenation of several operands is one instruction. From right to left it
// joins all neighbours that are strings or numbers, and calls a metamethod for
// an operand that is neither; what that gives back is the next right operand.
// Every string is measured and charged before it is joined: the first when the
// instruction begins, each other one when a metamethod returns. Together the operands
// may have more bytes than an int of 32 bits counts.

// pendingConcat is a concatenation whose metamethod is running.
type pendingConcat struct {
	frame *vmview.Frame
	pc    int // behind the instruction
	first int // register of the leftmost operand
	left  int // register of the rightmost operand that is still to come
}

func (h *hook) weighConcat(f *vmview.Frame, inst uint32) {
	first, last := f.LocalBase+argB(inst), f.LocalBase+argC(inst)
	at := h.join(first, last-1, h.regs.Get(last))
	if at < last-1 {
		h.writeNumbers(last, last)
	}
	if at >= first {
		h.concats = append(h.concats, pendingConcat{f, f.Pc, first, at - 1})
	}
}

// join measures the string that right and its neighbours from register left
// down to first make. It gives the register of the operand a metamethod is
// called for, or one below first.
func (h *hook) join(first, left int, right glua.LValue) int {
	bytes, numbers := int64(0), 0
	if !add(right, &bytes, &numbers) {
		return left
	}
	at := left
	for at >= first && add(h.regs.Get(at), &bytes, &numbers) {
		at--
	}
	if at == left {
		return at // nothing is joined
	}
	if numbers > 0 {
		h.writeNumbers(at+1, left)
	}
	if bytes+int64(numbers)*maxNumeral > int64(h.maxString) {
		exact := textLen(right)
		h.fit(exact)
		for i := at + 1; i <= left; i++ {
			exact += textLen(h.regs.Get(i))
			h.fit(exact)
		}
	}
	h.chargeMade(int(bytes))
	h.charge(numbers * opsPerFormat)
	return at
}

// add counts an operand that can be joined.
func add(v glua.LValue, bytes *int64, numbers *int) bool {
	switch v := v.(type) {
	case glua.LString:
		*bytes += int64(len(v))
	case glua.LNumber:
		*numbers++
	default:
		return false
	}
	return true
}

func textLen(v glua.LValue) int {
	if s, ok := v.(glua.LString); ok {
		return len(s)
	}
	return len(textOf(v))
}

// metamethodGave goes on with the pending concatenation if a function whose
// caller is f was called by it and is about to return.
func (h *hook) metamethodGave(f *vmview.Frame, value glua.LValue) {
	n := len(h.concats) - 1
	p := &h.concats[n]
	if f != p.frame || f.Pc != p.pc {
		return
	}
	if n, ok := value.(glua.LNumber); ok {
		value = glua.LString(n.String()) // it is in no register: the VM will write it
	}
	if at := h.join(p.first, p.left, value); at >= p.first {
		p.left = at - 1
	} else {
		h.concats = h.concats[:n]
	}
}

// returned gives the first value of a return instruction.
func (h *hook) returned(f *vmview.Frame, inst uint32) glua.LValue {
	register := f.LocalBase + argA(inst)
	if argB(inst) == 1 || argB(inst) == 0 && register >= h.regs.Top() {
		return glua.LNil
	}
	return h.regs.Get(register)
}

// forgetConcats drops the concatenations that frame f, which goes on, shows to be
// over.
func (h *hook) forgetConcats(f *vmview.Frame) {
	n := len(h.concats)
	for n > 0 && f.Idx <= h.concats[n-1].frame.Idx {
		n--
	}
	h.concats = h.concats[:n]
}

// newFunction makes a function of the library. As it may be a metamethod, a
// pending concatenation is told what it gives.
func newFunction(L *glua.LState, f glua.LGFunction) *glua.LFunction {
	return L.NewFunction(func(L *glua.LState) int {
		n := f(L)
		if h := hookOf(L); len(h.concats) > 0 && n >= 0 {
			h.libraryGave(L, n)
		}
		return n
	})
}

func (h *hook) libraryGave(L *glua.LState, n int) {
	value := glua.LValue(glua.LNil)
	if n > 0 {
		value = arg(L, -n)
	}
	caller := h.state.Frame().Parent
	if caller != nil && !caller.Fn.IsG && caller.Pc > 0 && int(caller.Fn.Proto.Code[caller.Pc-1]>>26) == glua.OP_TAILCALL {
		caller = caller.Parent // that function is over, its caller gets the value
	}
	h.metamethodGave(caller, value)
}
