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

// weigh charges an instruction for what it does beyond the ordinary, before it
// does it.
func (h *hook) weigh(f *vmview.Frame, inst uint32) {
	switch int(inst >> 26) {
	case glua.OP_GETTABLE:
		h.chargeKey(h.operand(f, argC(inst)))
		h.weighChain(h.operand(f, argB(inst)), f, argC(inst))
	case glua.OP_GETTABLEKS, glua.OP_SELF:
		if h.in.longKeys {
			h.chargeKey(h.operand(f, argC(inst)))
		}
		h.weighChain(h.operand(f, argB(inst)), f, argC(inst))
	case glua.OP_SETTABLE:
		h.chargeKey(h.operand(f, argB(inst)))
		h.weighStore(h.operand(f, argA(inst)), h.operand(f, argB(inst)), h.operand(f, argC(inst)))
	case glua.OP_SETTABLEKS:
		if h.in.longKeys {
			h.chargeKey(h.operand(f, argB(inst)))
		}
		h.weighStore(h.operand(f, argA(inst)), h.operand(f, argB(inst)), h.operand(f, argC(inst)))
	case glua.OP_GETGLOBAL:
		if h.in.longKeys {
			h.chargeKey(f.Fn.Proto.Constants[inst&0x3ffff])
		}
	case glua.OP_SETGLOBAL:
		name := f.Fn.Proto.Constants[inst&0x3ffff]
		if h.in.longKeys {
			h.chargeKey(name)
		}
		h.weighStore(f.Fn.Env, name, h.operand(f, argA(inst)))
	case glua.OP_ADD, glua.OP_SUB, glua.OP_MUL, glua.OP_DIV, glua.OP_MOD, glua.OP_POW:
		h.weighNumeral(h.operand(f, argB(inst)))
		h.weighNumeral(h.operand(f, argC(inst)))
	case glua.OP_UNM:
		h.weighNumeral(h.operand(f, argB(inst)))
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
		if t, ok := h.operand(f, argB(inst)).(*glua.LTable); ok {
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
}

// operand gives a register or a constant.
func (h *hook) operand(f *vmview.Frame, i int) glua.LValue {
	if i&isConstant != 0 {
		return f.Fn.Proto.Constants[i&^isConstant]
	}
	return h.regs.Get(f.LocalBase + i)
}

func (h *hook) strings(f *vmview.Frame, inst uint32) (a, b glua.LString, ok bool) {
	if a, ok = h.operand(f, argB(inst)).(glua.LString); !ok {
		return
	}
	b, ok = h.operand(f, argC(inst)).(glua.LString)
	return
}

// weighChain charges for following a chain of __index tables, which may have a
// hundred links. The first is free. A function at the end is charged by itself.
func (h *hook) weighChain(object glua.LValue, f *vmview.Frame, key int) {
	t, ok := object.(*glua.LTable)
	if !ok || t.Metatable == glua.LNil {
		return
	}
	for range glua.MaxTableGetLoop {
		next := metaTable(t, "__index")
		if next == nil || next.Metatable == glua.LNil || t.RawGet(h.operand(f, key)) != glua.LNil {
			return
		}
		h.charge(1)
		t = next
	}
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

// weighStore is for object[key] = value: the table that the value will be
// stored in must have room for it, and the gap that a new key may leave in its
// array part is charged.
func (h *hook) weighStore(object, key, value glua.LValue) {
	t, ok := object.(*glua.LTable)
	if !ok {
		return
	}
	if t.Metatable != glua.LNil {
		if t = h.receiver(t, key); t == nil {
			return
		}
	}
	h.fitKey(t, key, value)
	if n, ok := key.(glua.LNumber); ok {
		h.chargeGap(t, n)
	}
}

// receiver follows a chain of __newindex tables to the one that a value will be
// stored in, charging for all but the first. It gives nil if there is none: a function will
// be called, or an error raised.
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
	if first := (block-1)*glua.FieldsPerFlush + 1; first+n > h.maxArray {
		h.fitList(h.regs.Get(table).(*glua.LTable), first, h.regs.Slice(table+1, n))
	}
}

// weighNumeral charges for reading a string as a number. The VM tries twice,
// and copies it for the error if it is none.
func (h *hook) weighNumeral(v glua.LValue) {
	if s, ok := v.(glua.LString); ok {
		h.chargeBytes(4 * len(s))
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
