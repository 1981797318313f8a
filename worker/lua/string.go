package lua

import (
	"strings"

	glua "github.com/yuin/gopher-lua"

	"picloud/limits"
)

func (in *Interpreter) openString(L *glua.LState, globals *glua.LTable) {
	module := in.module(L, globals, "string", []function{
		{"byte", in.stringByte},
		{"char", in.stringChar},
		{"find", in.stringFind},
		{"format", in.stringFormat},
		{"gmatch", in.stringGmatch},
		{"gsub", in.stringGsub},
		{"len", in.stringLen},
		{"lower", in.stringLower},
		{"match", in.stringMatch},
		{"rep", in.stringRep},
		{"reverse", in.stringReverse},
		{"sub", in.stringSub},
		{"upper", in.stringUpper},
	})
	// All strings share this metatable: it is locked.
	L.SetMetatable(glua.LString(""), locked("string", append(in.arithmetic(L), field{"__index", module})...))
}

// position converts a script's place in a string of n bytes, which counts from
// 1, or from the end if it is negative.
func position(i, n int) int {
	if i < 0 {
		return max(i+n+1, 0)
	}
	return i
}

// span reads arguments i and i+1 as the first and last place of a piece of s
// and gives the piece's bounds in Go's way.
func (in *Interpreter) span(L *glua.LState, s string, i, first, last int) (from, to int) {
	from = max(position(in.optInt(L, i, first), len(s)), 1) - 1
	to = min(position(in.optInt(L, i+1, last), len(s)), len(s))
	return from, max(from, to)
}

func (in *Interpreter) stringByte(L *glua.LState) int {
	s := in.checkString(L, 1)
	first := in.optInt(L, 2, 1)
	from, to := in.span(L, s, 2, 1, first)
	if from >= len(s) {
		return 0
	}
	if to-from > maxResults {
		L.RaiseError("string slice too long")
	}
	in.chargeValues(to - from)
	for i := from; i < to; i++ {
		L.Push(glua.LNumber(s[i]))
	}
	return to - from
}

func (in *Interpreter) stringChar(L *glua.LState) int {
	in.fit(L.GetTop())
	b := make([]byte, L.GetTop())
	for i := range b {
		c := in.checkInt(L, i+1)
		if c < 0 || c > 255 {
			L.ArgError(i+1, "invalid value")
		}
		b[i] = byte(c)
	}
	L.Push(glua.LString(b))
	return 1
}

func (in *Interpreter) stringLen(L *glua.LState) int {
	L.Push(glua.LNumber(len(in.checkString(L, 1))))
	return 1
}

func (in *Interpreter) stringSub(L *glua.LState) int {
	s := in.checkString(L, 1)
	in.checkNumber(L, 2)
	from, to := in.span(L, s, 2, 1, -1)
	if from >= len(s) {
		from, to = 0, 0
	}
	L.Push(glua.LString(s[from:to]))
	return 1
}

func (in *Interpreter) stringRep(L *glua.LState) int {
	s, n := in.checkString(L, 1), in.checkInt(L, 2)
	if n <= 0 || s == "" {
		L.Push(glua.LString(""))
		return 1
	}
	if n > in.maxString/len(s) {
		in.exceed(limits.MaxStringSize)
	}
	in.chargeMade(n * len(s))
	L.Push(glua.LString(strings.Repeat(s, n)))
	return 1
}

func (in *Interpreter) stringReverse(L *glua.LState) int {
	s := in.checkString(L, 1)
	in.fit(len(s))
	in.chargeMade(len(s))
	b := make([]byte, len(s))
	for i := range b {
		b[i] = s[len(s)-1-i]
	}
	L.Push(glua.LString(b))
	return 1
}

// stringLower and stringUpper know ASCII only, as Lua does in the C locale:
// every other byte stays as it is.
func (in *Interpreter) stringLower(L *glua.LState) int { return in.mapBytes(L, 'A', 'Z') }
func (in *Interpreter) stringUpper(L *glua.LState) int { return in.mapBytes(L, 'a', 'z') }

// mapBytes changes the case of the letters from first to last.
func (in *Interpreter) mapBytes(L *glua.LState, first, last byte) int {
	s := in.checkString(L, 1)
	in.fit(len(s))
	in.chargeMade(len(s))
	b := []byte(s)
	for i, c := range b {
		if first <= c && c <= last {
			b[i] = c ^ 0x20
		}
	}
	L.Push(glua.LString(b))
	return 1
}
