package lua

import (
	"context"
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/limits"
	"picloud/worker/lua/vmview"
)

// hook is the context of one Lua thread. It never ends anything the way a
// context does: the virtual machine calls Done before every instruction, and
// that is where the instruction is counted and its work charged.
type hook struct {
	in        *Interpreter
	thread    *lua.LState
	frame     **vmview.Frame
	registers *vmview.Registers
	upvalues  **vmview.Upvalue
	open      int // open upvalues: there are never more
	prepared  bool

	// Of the threads that resumed this one, while it runs.
	outerLevels int // script functions; the main thread's -1 makes its chunk level 0
	outerFrames int // frames of every kind
}

var _ context.Context = (*hook)(nil)

func (in *Interpreter) attach(thread *lua.LState, outerLevels int) *hook {
	h := &hook{
		in:          in,
		thread:      thread,
		frame:       in.layout.CurrentFrame(thread),
		registers:   in.layout.Registers(thread),
		upvalues:    in.layout.OpenUpvalues(thread),
		outerLevels: outerLevels,
	}
	thread.SetContext(h)
	return h
}

func hookOf(thread *lua.LState) *hook { return thread.Context().(*hook) }

func (h *hook) Deadline() (time.Time, bool) { return time.Time{}, false }
func (h *hook) Err() error                  { return nil }
func (h *hook) Value(any) any               { return nil }

// Done counts the coming instruction. The machine's program counter already
// stands behind it. The channel is nil: it never fires.
func (h *hook) Done() <-chan struct{} {
	frame := *h.frame
	if frame == nil || frame.Function.IsG {
		return nil // asked by package context, for a new thread
	}
	m := &h.in.meter
	if m.left--; m.left < 0 {
		m.reach(limits.MaxOperations)
	}
	if frame.PC == 1 {
		h.enterScript(frame)
	}
	h.chargeInstruction(frame, frame.Function.Proto.Code[frame.PC-1])
	return nil
}

// enterScript looks at a script function before its first instruction.
func (h *hook) enterScript(frame *vmview.Frame) {
	if !h.prepared {
		h.prepared = true
		h.thread.Panic = h.in.raise
	}
	if h.thread.Parent != nil {
		h.in.dropTailCalls(frame.Function.Proto)
	}
	// There are never more levels than frames, so most calls need no counting.
	if most := h.in.callLevels; h.outerLevels+frame.Index+1 > most && h.levels(frame) > most {
		h.in.meter.reach(limits.MaxCallLevels)
	}
	h.enter(frame)
	if frame.Arguments > smallValueList {
		h.in.meter.charge(frame.Arguments / valuesMoved)
	}
}

// levels counts the active script functions, this thread's and those of the
// threads that resumed it.
func (h *hook) levels(frame *vmview.Frame) int {
	n := h.outerLevels
	for ; frame != nil; frame = frame.Caller {
		if !frame.Function.IsG {
			n++
		}
	}
	return n
}

// enter keeps every function, the script's and the library's, away from the
// ends of the machine's stacks: what gopher-lua does there cannot be trusted.
func (h *hook) enter(frame *vmview.Frame) {
	if h.outerFrames+frame.Index+2 > h.in.frames || h.registers.Top > maxRegisters/2 {
		h.in.meter.reach(limits.MaxCallLevels)
	}
}

// An instruction is 6 bits of opcode, 8 of A, 9 of C and 9 of B; Bx is C and B.
const (
	operandMask  = 1<<9 - 1
	indexMask    = 1<<18 - 1
	constantFlag = 1 << 8
)

func opcode(inst uint32) int   { return int(inst >> 26) }
func operandA(inst uint32) int { return int(inst>>18) & 0xff }
func operandB(inst uint32) int { return int(inst) & operandMask }
func operandC(inst uint32) int { return int(inst>>9) & operandMask }

func (h *hook) register(frame *vmview.Frame, i int) lua.LValue {
	return h.registers.Values[frame.LocalBase+i]
}

// operand gives a register or a constant.
func (h *hook) operand(frame *vmview.Frame, i int) lua.LValue {
	if i&constantFlag != 0 {
		return frame.Function.Proto.Constants[i&^constantFlag]
	}
	return h.register(frame, i)
}

// chargeInstruction charges for the work that makes an instruction more than
// one operation.
func (h *hook) chargeInstruction(frame *vmview.Frame, inst uint32) {
	m := &h.in.meter
	switch opcode(inst) {
	case lua.OP_SETTABLE, lua.OP_SETTABLEKS:
		h.in.store(h.thread, h.register(frame, operandA(inst)),
			h.operand(frame, operandB(inst)), h.operand(frame, operandC(inst)))
	case lua.OP_SETGLOBAL:
		key := frame.Function.Proto.Constants[inst&indexMask]
		h.in.store(h.thread, frame.Function.Env, key, h.register(frame, operandA(inst)))
	case lua.OP_GETGLOBAL:
		h.in.index(frame.Function.Env, frame.Function.Proto.Constants[inst&indexMask])
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS, lua.OP_SELF:
		h.in.index(h.register(frame, operandB(inst)), h.operand(frame, operandC(inst)))
	case lua.OP_CONCAT:
		h.chargeConcat(frame, inst)
	case lua.OP_ADD, lua.OP_SUB, lua.OP_MUL, lua.OP_DIV, lua.OP_POW:
		m.coercion(h.operand(frame, operandB(inst)))
		m.coercion(h.operand(frame, operandC(inst)))
	case lua.OP_MOD:
		m.modulo(h.operand(frame, operandB(inst)), h.operand(frame, operandC(inst)))
	case lua.OP_UNM:
		m.coercion(h.operand(frame, operandB(inst)))
	case lua.OP_EQ:
		m.comparison(h.operand(frame, operandB(inst)), h.operand(frame, operandC(inst)), bytesCopied)
	case lua.OP_LT, lua.OP_LE:
		m.comparison(h.operand(frame, operandB(inst)), h.operand(frame, operandC(inst)), bytesLooked)
	case lua.OP_LEN:
		if t, ok := h.operand(frame, operandB(inst)).(*lua.LTable); ok {
			h.in.chargeLength(t)
		}
	case lua.OP_SETLIST:
		n := operandB(inst)
		if n == 0 {
			n = h.registers.Top - frame.LocalBase - operandA(inst) - 1
		}
		m.charge(max(n, 0) / valuesMoved)
	case lua.OP_VARARG:
		h.chargeVararg(frame)
	case lua.OP_CLOSURE:
		h.chargeUpvalues(int(frame.Function.Proto.FunctionPrototypes[inst&indexMask].NumUpvalues))
	case lua.OP_CLOSE:
		h.chargeUpvalues(0)
	case lua.OP_CALL, lua.OP_TAILCALL, lua.OP_RETURN:
		if opcode(inst) != lua.OP_CALL {
			h.chargeUpvalues(0)
		}
		if operandB(inst) == 0 { // as many values as there are
			if n := h.registers.Top - frame.LocalBase; n > smallValueList {
				m.charge(n / valuesMoved)
			}
		}
	}
}

// chargeUpvalues charges for the walks over the list of open upvalues: one for
// each new upvalue, or one to close them. They are only counted when there may
// be many.
func (h *hook) chargeUpvalues(fresh int) {
	if h.open > smallValueList {
		n := 0
		for u := *h.upvalues; u != nil; u = u.Next {
			n++
		}
		h.open = n
		h.in.meter.charge(n * (fresh + 1) / valuesLooked)
	}
	h.open += fresh
}

func (h *hook) chargeVararg(frame *vmview.Frame) {
	if frame.Arguments <= smallValueList {
		return
	}
	h.in.meter.charge(frame.Arguments / valuesMoved)
	if h.registers.Top+frame.Arguments > maxRegisters/2 {
		h.in.meter.reach(limits.MaxCallLevels)
	}
}

func (h *hook) chargeConcat(frame *vmview.Frame, inst uint32) {
	size := 0
	for i := operandB(inst); i <= operandC(inst); i++ {
		switch v := h.register(frame, i).(type) {
		case lua.LString:
			size += len(v)
		case lua.LNumber:
			size += textOfANumber
		}
	}
	h.in.meter.copying(size)
}

// key charges for hashing a long string.
func (m *meter) key(v lua.LValue) {
	if s, ok := v.(lua.LString); ok && len(s) > shortString {
		m.looking(len(s))
	}
}

// modulo charges for the remainder of a division, which is found by long
// division, bit by bit.
func (m *meter) modulo(a, b lua.LValue) {
	x, xIsNumber := a.(lua.LNumber)
	y, yIsNumber := b.(lua.LNumber)
	if !xIsNumber || !yIsNumber {
		m.coercion(a)
		m.coercion(b)
		m.charge(longDivision / divisionBits)
		return
	}
	m.remainder(float64(x), float64(y))
}

func (m *meter) remainder(x, y float64) {
	if math.IsInf(x, 0) || y == 0 || !(math.Abs(x/y) > 1<<smallValueList) {
		return
	}
	m.charge((math.Ilogb(x) - math.Ilogb(y)) / divisionBits)
}

// coercion charges for reading a number out of a string.
func (m *meter) coercion(v lua.LValue) {
	if s, ok := v.(lua.LString); ok {
		m.decimal(string(s))
	}
}

// decimal charges for reading a decimal number. Many digits, or an exponent,
// can make it one that is found digit by digit.
func (m *meter) decimal(s string) {
	m.looking(len(s))
	if len(s) > textOfANumber || strings.ContainsAny(s, "eE") {
		m.charge(hardNumber)
	}
}

// comparison charges for comparing two strings, perOperation bytes at a time.
func (m *meter) comparison(a, b lua.LValue, perOperation int) {
	if x, ok := a.(lua.LString); ok && len(x) > shortString {
		if y, ok := b.(lua.LString); ok {
			m.charge(min(len(x), len(y)) / perOperation)
		}
	}
}
