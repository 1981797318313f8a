package lua

import (
	glua "github.com/yuin/gopher-lua"

	"picloud/limits"
	"picloud/worker/lua/vmview"
)

// An instruction has 6 bits of opcode, 8 of A, 9 of C and 9 of B; an operand
// with isConstant set stands for a constant.
const isConstant = 1 << 8

func argA(inst uint32) int { return int(inst>>18) & 0xff }
func argB(inst uint32) int { return int(inst & 0x1ff) }
func argC(inst uint32) int { return int(inst>>9) & 0x1ff }

// arithmetic has a bit for every opcode of two numbers.
const arithmetic = 1<<glua.OP_ADD | 1<<glua.OP_SUB | 1<<glua.OP_MUL | 1<<glua.OP_DIV | 1<<glua.OP_POW

// weighed has a bit for every opcode that can cost more than an operation or
// make something too large.
const weighed = arithmetic | 1<<glua.OP_MOD |
	1<<glua.OP_GETTABLE | 1<<glua.OP_GETTABLEKS | 1<<glua.OP_SELF | 1<<glua.OP_GETGLOBAL |
	1<<glua.OP_SETTABLE | 1<<glua.OP_SETTABLEKS | 1<<glua.OP_SETGLOBAL | 1<<glua.OP_SETLIST |
	1<<glua.OP_UNM | 1<<glua.OP_CONCAT | 1<<glua.OP_EQ | 1<<glua.OP_LT | 1<<glua.OP_LE | 1<<glua.OP_LEN |
	1<<glua.OP_CALL | 1<<glua.OP_TAILCALL | 1<<glua.OP_RETURN | 1<<glua.OP_CLOSE | 1<<glua.OP_CLOSURE |
	1<<glua.OP_VARARG | 1<<glua.OP_FORPREP

// weigh charges an instruction for what it does beyond the ordinary, and checks
// the size of what it makes, before it does it. done is true if the instruction
// is then done already.
func (h *hook) weigh(f *vmview.Frame, inst uint32) (done bool) {
	switch int(inst >> 26) {
	case glua.OP_GETTABLE:
		key := h.operand(f, argC(inst))
		h.chargeKey(key)
		return h.get(f, inst, key)
	case glua.OP_GETTABLEKS:
		return h.get(f, inst, h.constantKey(f, argC(inst)))
	case glua.OP_SELF:
		object := h.peek(f, argB(inst))
		if done = h.get(f, inst, h.constantKey(f, argC(inst))); done {
			h.regs.Set(f.LocalBase+argA(inst)+1, object)
		}
		return done
	case glua.OP_SETTABLE:
		key := h.operand(f, argB(inst))
		h.chargeKey(key)
		return h.set(h.peek(f, argA(inst)), key, h.operand(f, argC(inst)))
	case glua.OP_SETTABLEKS:
		return h.set(h.peek(f, argA(inst)), h.constantKey(f, argB(inst)), h.operand(f, argC(inst)))
	case glua.OP_GETGLOBAL:
		if h.in.longKeys {
			h.chargeKey(f.Fn.Proto.Constants[inst&0x3ffff])
		}
	case glua.OP_SETGLOBAL:
		name := f.Fn.Proto.Constants[inst&0x3ffff]
		if h.in.longKeys {
			h.chargeKey(name)
		}
		return h.set(f.Fn.Env, name, h.operand(f, argA(inst)))
	case glua.OP_MOD:
		h.weighRemainder(h.peek(f, argB(inst)), h.peek(f, argC(inst)))
	case glua.OP_UNM:
		h.weighNumeral(h.peek(f, argB(inst)))
	case glua.OP_CONCAT:
		h.weighConcat(f, inst)
	case glua.OP_FORPREP:
		h.readLoop(f, inst)
	case glua.OP_EQ:
		if a, b, ok := h.strings(f, inst); ok && len(a) == len(b) {
			h.chargeBytes(len(a))
		}
	case glua.OP_LT, glua.OP_LE:
		if a, b, ok := h.strings(f, inst); ok {
			h.chargeBytes(min(len(a), len(b)))
		}
	case glua.OP_LEN:
		if t, ok := h.peek(f, argB(inst)).(*glua.LTable); ok {
			h.chargeLength(t)
		}
	case glua.OP_CALL:
		if argB(inst) == 0 { // as many arguments as there are
			h.weighSpread(f)
		}
	case glua.OP_RETURN:
		if len(h.concats) > 0 {
			h.metamethodGave(f.Parent, h.returned(f, inst))
		}
		fallthrough
	case glua.OP_TAILCALL:
		if argB(inst) == 0 {
			h.weighSpread(f)
		}
		h.weighUpvalues(1)
	case glua.OP_CLOSE:
		h.weighUpvalues(1)
	case glua.OP_CLOSURE:
		p := f.Fn.Proto.FunctionPrototypes[inst&0x3ffff]
		h.weighUpvalues(int(p.NumUpvalues))
	case glua.OP_VARARG:
		h.chargeValues(f.NArgs)
		if h.regs.Top()+f.NArgs > maxRegisters {
			h.exceed(limits.MaxCallLevels)
		}
	case glua.OP_SETLIST:
		h.weighList(f, inst)
	}
	return false
}

// operand gives a register or a constant.
func (h *hook) operand(f *vmview.Frame, i int) glua.LValue {
	if i&isConstant != 0 {
		return f.Fn.Proto.Constants[i&^isConstant]
	}
	return h.regs.Get(f.LocalBase + i)
}

// peek is operand for a caller that only asks which type the value has: a
// register that was never written gives Go's nil, which has none.
func (h *hook) peek(f *vmview.Frame, i int) glua.LValue {
	if i&isConstant != 0 {
		return f.Fn.Proto.Constants[i&^isConstant]
	}
	return h.regs.Peek(f.LocalBase + i)
}

// constantKey is operand for a key that stands in the script's text.
func (h *hook) constantKey(f *vmview.Frame, i int) glua.LValue {
	key := h.operand(f, i)
	if h.in.longKeys {
		h.chargeKey(key)
	}
	return key
}

func (h *hook) strings(f *vmview.Frame, inst uint32) (a, b glua.LString, ok bool) {
	if a, ok = h.peek(f, argB(inst)).(glua.LString); !ok {
		return
	}
	b, ok = h.peek(f, argC(inst)).(glua.LString)
	return
}

// weighList is for storing a constructor's items.
func (h *hook) weighList(f *vmview.Frame, inst uint32) {
	n, block := argB(inst), argC(inst)
	table := f.LocalBase + argA(inst)
	if n == 0 { // all values up to the top
		h.weighSpread(f)
		n = h.regs.Top() - table - 1
	}
	if block == 0 { // it does not fit in the instruction: the next word has it
		block = int(f.Fn.Proto.Code[f.Pc])
	}
	t, first := h.regs.Get(table).(*glua.LTable), (block-1)*glua.FieldsPerFlush+1
	h.chargeGap(t, glua.LNumber(first))
	if first+n > h.maxArray {
		h.fitList(t, first, h.regs.Slice(table+1, n))
	}
}

// weighNumeral charges for reading a string as a number. The VM tries twice,
// and copies it for the error if it is none.
func (h *hook) weighNumeral(v glua.LValue) {
	if s, ok := v.(glua.LString); ok {
		h.charge(2 * opsPerNumeral)
		h.chargeBytes(4 * len(s))
	}
}

// weighRemainder charges for x % y. For what is no number a metamethod is
// called, or an error is raised.
func (h *hook) weighRemainder(x, y glua.LValue) {
	h.weighNumeral(x)
	h.weighNumeral(y)
	if a, ok := numeral(x); ok {
		if b, ok := numeral(y); ok {
			h.chargeRemainder(a, b)
		}
	}
}

// weighSpread charges for an instruction that handles all values up to the top.
func (h *hook) weighSpread(f *vmview.Frame) {
	h.chargeValues(h.regs.Top() - f.LocalBase)
}

// weighUpvalues charges for an instruction that goes through the list of
// captured variables so many times.
func (h *hook) weighUpvalues(times int) {
	if n := h.state.OpenUpvalues(); n > 16 {
		h.charge(n * times / 16)
	}
}
