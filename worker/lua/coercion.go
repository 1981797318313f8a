package lua

import (
	"math"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
)

// Where a script uses a string as a number or the other way round, gopher-lua
// goes by Go's rules: "010" is 8, "1_0" is 10, 2^53 has sixteen digits. What is here
// makes that Lua's.

// arithmetic is what stands in the metatable of strings for the operators: the
// VM asks it before it reads a string as a number itself.
func (in *Interpreter) arithmetic(L *glua.LState) []field {
	var fields []field
	for _, op := range []struct {
		name string
		f    func(a, b float64) float64
	}{
		{"add", func(a, b float64) float64 { return a + b }},
		{"sub", func(a, b float64) float64 { return a - b }},
		{"mul", func(a, b float64) float64 { return a * b }},
		{"div", func(a, b float64) float64 { return a / b }},
		{"mod", modulo},
		{"pow", math.Pow},
	} {
		f := func(L *glua.LState) int { return in.operate(L, op.name, op.f) }
		fields = append(fields, field{"__" + op.name, newFunction(L, f)})
	}
	return append(fields, field{"__unm", newFunction(L, in.negate)})
}

// negate is the unary minus of a string.
func (in *Interpreter) negate(L *glua.LState) int {
	in.charge(opsPerFormat)
	n, ok := numeral(arg(L, 1))
	if !ok {
		L.RaiseError("__unm undefined") // as the VM says for all other values
	}
	L.Push(glua.LNumber(-n))
	return 1
}

// modulo has the sign of b, as in the VM.
func modulo(a, b float64) float64 {
	r := math.Mod(a, b)
	if b > 0 && r < 0 || b < 0 && r > 0 {
		r += b
	}
	return r
}

// operate is an operator with a string on one side. What is no number may have
// a metamethod of its own on the other.
func (in *Interpreter) operate(L *glua.LState, name string, f func(a, b float64) float64) int {
	in.charge(opsPerFormat)
	a, okA := numeral(arg(L, 1))
	b, okB := numeral(arg(L, 2))
	if okA && okB {
		L.Push(glua.LNumber(f(a, b)))
		return 1
	}
	for i := 1; i <= 2; i++ {
		if arg(L, i).Type() == glua.LTString {
			continue
		}
		if method, ok := L.GetMetaField(arg(L, i), "__"+name).(*glua.LFunction); ok {
			L.Insert(method, 1)
			call(L, 2, 1)
			return 1
		}
	}
	L.RaiseError("cannot perform %s operation between %s and %s", name, typeName(arg(L, 1)), typeName(arg(L, 2)))
	return 0
}

// numeral is the number that a value is, or stands for.
func numeral(v glua.LValue) (n float64, ok bool) {
	switch v := v.(type) {
	case glua.LNumber:
		return float64(v), true
	case glua.LString:
		return parseNumber(string(v))
	}
	return 0, false
}

// readLoop makes numbers of the strings that a numeric for begins with: the
// registers are the loop's own. The VM refuses strings.
func (h *hook) readLoop(f *vmview.Frame, inst uint32) {
	for i := range 3 {
		r := f.LocalBase + argA(inst) + i
		if s, ok := h.regs.Get(r).(glua.LString); ok {
			h.chargeBytes(4 * len(s))
			if n, ok := parseNumber(string(s)); ok {
				h.regs.Set(r, glua.LNumber(n))
			}
		}
	}
}

// writeNumbers makes strings of the numbers in the registers of a concatenation,
// which are its own, where the VM would write them in another way.
func (h *hook) writeNumbers(first, last int) {
	for r := first; r <= last; r++ {
		n, ok := h.regs.Get(r).(glua.LNumber)
		if ok && (n != glua.LNumber(int64(n)) || n >= maxPlain || n <= -maxPlain) {
			h.regs.Set(r, glua.LString(formatNumber(float64(n))))
		}
	}
}
