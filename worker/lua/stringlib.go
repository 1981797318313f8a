package lua

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

func (in *Interpreter) stringFunctions() functions {
	return functions{
		"byte":    in.stringByte,
		"char":    in.stringChar,
		"find":    func(L *lua.LState) int { return in.search(L, true) },
		"format":  in.format,
		"gmatch":  in.globalMatch,
		"gsub":    in.substitute,
		"len":     stringLen,
		"lower":   func(L *lua.LState) int { return in.mapBytes(L, lower) },
		"match":   func(L *lua.LState) int { return in.search(L, false) },
		"rep":     in.repeatString,
		"reverse": in.reverse,
		"sub":     in.substring,
		"upper":   func(L *lua.LState) int { return in.mapBytes(L, upper) },
	}
}

func stringLen(L *lua.LState) int {
	L.Push(lua.LNumber(len(L.CheckString(1))))
	return 1
}

// position makes an index of Lua, which may count from the end, one that is at
// least 0. Index 1 is the first byte.
func position(i, length int) int {
	if i < 0 {
		i += length + 1
	}
	return max(i, 0)
}

func (in *Interpreter) substring(L *lua.LState) int {
	s := L.CheckString(1)
	from, to := max(position(L.CheckInt(2), len(s)), 1), min(position(L.OptInt(3, -1), len(s)), len(s))
	if from > to {
		L.Push(lua.LString(""))
		return 1
	}
	in.meter.copying(to - from)
	L.Push(lua.LString(s[from-1 : to]))
	return 1
}

func (in *Interpreter) stringByte(L *lua.LState) int {
	s := L.CheckString(1)
	first := L.OptInt(2, 1)
	from, to := max(position(first, len(s)), 1), min(position(L.OptInt(3, first), len(s)), len(s))
	n := to - from + 1
	if n <= 0 {
		return 0
	}
	if n > maxResults {
		L.RaiseError("string slice too long")
	}
	in.meter.values(n)
	for _, c := range []byte(s[from-1 : to]) {
		L.Push(lua.LNumber(c))
	}
	return n
}

func (in *Interpreter) stringChar(L *lua.LState) int {
	in.meter.values(L.GetTop())
	b := make([]byte, L.GetTop())
	for i := range b {
		c := L.CheckInt(i + 1)
		if c < 0 || c > 255 {
			L.ArgError(i+1, "invalid value")
		}
		b[i] = byte(c)
	}
	L.Push(lua.LString(b))
	return 1
}

// repeatString may be asked for more than there is memory: the operations for
// the whole result are taken before it is made.
func (in *Interpreter) repeatString(L *lua.LState) int {
	s, n := L.CheckString(1), float64(checkNumber(L, 2))
	if !(n >= 1) || s == "" {
		L.Push(lua.LString(""))
		return 1
	}
	size := float64(len(s)) * n
	if size > float64(in.meter.limit)*bytesCopied {
		in.meter.charge(-1)
	}
	in.meter.copying(int(size))
	L.Push(lua.LString(strings.Repeat(s, int(n))))
	return 1
}

// mapBytes works on bytes, as Lua does, so that no result is longer than what
// it was made of.
func (in *Interpreter) mapBytes(L *lua.LState, f func(byte) byte) int {
	s := L.CheckString(1)
	in.meter.looking(len(s))
	b := []byte(s)
	for i, c := range b {
		b[i] = f(c)
	}
	L.Push(lua.LString(b))
	return 1
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func upper(c byte) byte {
	if c >= 'a' && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

func (in *Interpreter) reverse(L *lua.LState) int {
	s := L.CheckString(1)
	in.meter.looking(len(s))
	b := make([]byte, len(s))
	for i := range b {
		b[i] = s[len(s)-1-i]
	}
	L.Push(lua.LString(b))
	return 1
}
