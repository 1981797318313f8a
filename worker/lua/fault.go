package lua

import (
	"errors"
	"runtime"
	"strconv"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"picloud/limits"
	"picloud/worker/lua/syntax"
	"picloud/worker/wire"
)

// fail ends the script because the VM has failed under it. As with a limit, it
// cannot go on: the VM's state cannot be trusted any more.
func (in *Interpreter) fail() {
	in.broken = true
	runtime.Goexit()
}

const brokenMessage = "the interpreter failed on this script"

// uncaught makes the result of an error that the script did not catch. It may
// call the error's __tostring, within the limits.
func (in *Interpreter) uncaught(L *glua.LState, value glua.LValue) *wire.Result {
	switch v := value.(type) {
	case glua.LString:
		line, message := in.position(string(v))
		return in.scriptError(line, message)
	case glua.LNumber:
		return in.scriptError(0, textOf(v))
	}
	if callable(L, L.GetMetaField(value, "__tostring")) {
		L.Push(L.NewFunction(in.baseToString))
		L.Push(value)
		if _, ok := in.protect(L, 1); ok {
			if s, ok := arg(L, -1).(glua.LString); ok {
				line, message := in.position(string(s))
				return in.scriptError(line, message)
			}
		}
	}
	return in.scriptError(0, "error object is a "+typeName(value)+", not a string")
}

// position splits "chunk:line: message".
func (in *Interpreter) position(s string) (line int, message string) {
	rest, ok := strings.CutPrefix(s, in.chunk+":")
	if !ok {
		return 0, s
	}
	digits, message, ok := strings.Cut(rest, ": ")
	line, err := strconv.Atoi(digits)
	if !ok || err != nil || line < 0 || line > wire.MaxSource {
		return 0, s
	}
	return line, message
}

func (in *Interpreter) scriptError(line int, message string) *wire.Result {
	return &wire.Result{Status: wire.StatusScriptError, Line: line, Message: readable(message)}
}

// readable makes a message fit for a result: UTF-8, and no longer than allowed.
func readable(s string) string {
	return cut(strings.ToValidUTF8(cut(s, wire.MaxMessage), "?"), wire.MaxMessage)
}

// refused makes the result for source that does not compile. At upload that is
// always an invalid script; when a script is run, one that nests too deep has
// reached a limit.
func refused(purpose wire.Purpose, err error) *wire.Result {
	e, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		e = &syntax.Error{Message: "the script cannot be compiled"}
	}
	r := &wire.Result{Status: wire.StatusInvalidScript, Line: max(0, min(e.Line, wire.MaxSource)), Message: readable(e.Message)}
	if e.TooDeep && purpose == wire.Run {
		r.Status = wire.StatusLimitExceeded
		r.Limit = limits.MaxExprDepth
	}
	return r
}
