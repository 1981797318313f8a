package lua

import (
	"strings"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
)

// raise is what the VM calls to raise the error on top of a thread's stack. The
// VM's own way detaches every captured variable there is and builds a text
// trace for each error that is caught, which nobody sees, at a cost that grows
// with the square of the depth: this one detaches what the error ends and
// presets the trace.
func (in *Interpreter) raise(L *glua.LState) {
	vmview.Of(L).CloseUpvalues(hookOf(L).protected)
	value := L.Get(-1)
	if value == nil {
		value = glua.LNil
	}
	if s, ok := value.(glua.LString); ok && strings.HasPrefix(string(s), bodyPosition) {
		value = s[len(bodyPosition):] // no place in the script
	}
	in.raised = true
	panic(&glua.ApiError{Type: glua.ApiErrorRun, Object: value, StackTrace: "-"})
}

// protect calls the function that stands on the stack below its nargs
// arguments, and replaces them by its results. If it raises an error they are
// removed, and ok is false. A Go panic in between is the interpreter's own
// failure, not the script's to catch.
func (in *Interpreter) protect(L *glua.LState, nargs int) (err glua.LValue, ok bool) {
	room(L)
	h := hookOf(L)
	if _, isFn := L.Get(-nargs - 1).(*glua.LFunction); !isFn {
		// For what cannot be called the VM raises an error before the hook's loop
		// begins, which replaces the VM's way of raising errors.
		L.Insert(in.trampoline, L.GetTop()-nargs)
		nargs++
	}
	outer := h.protected
	h.protected = h.regs.Top() - nargs - 1
	failure := L.PCall(nargs, glua.MultRet, nil)
	h.protected = outer
	h.state.KeepUpvalues()
	if failure == nil {
		return nil, true
	}
	apiError, isAPI := failure.(*glua.ApiError)
	if !isAPI || apiError.Type == glua.ApiErrorPanic {
		in.fail()
	}
	in.raised = false
	return apiError.Object, false
}

// bounce is the function of the trampoline: it calls what it was given.
func (in *Interpreter) bounce(L *glua.LState) int {
	L.Panic = in.raiseFunc
	L.Call(L.GetTop()-1, glua.MultRet)
	return L.GetTop()
}

// call calls the function that stands on the stack below its nargs arguments,
// as every library function does that calls back.
func call(L *glua.LState, nargs, nresults int) {
	room(L)
	L.Call(nargs, nresults)
}

// callable reports whether a value can be called.
func callable(L *glua.LState, v glua.LValue) bool {
	if _, ok := v.(*glua.LFunction); ok {
		return true
	}
	_, ok := L.GetMetaField(v, "__call").(*glua.LFunction)
	return ok
}

func (in *Interpreter) pcall(L *glua.LState) int {
	in.charge(opsPerCall)
	f := checkAny(L, 1)
	if !callable(L, f) {
		L.Push(glua.LFalse)
		L.Push(glua.LString("attempt to call a " + typeName(f) + " value"))
		return 2
	}
	in.chargeValues(L.GetTop())
	L.Insert(glua.LTrue, 1)
	if err, ok := in.protect(L, L.GetTop()-2); !ok {
		in.charge(opsPerError)
		in.caught(err)
		L.Push(glua.LFalse)
		L.Push(err)
		return 2
	}
	in.chargeValues(L.GetTop())
	return L.GetTop()
}

// maxHandlers is how often xpcall calls its handler when that fails itself.
const maxHandlers = 200

// xpcall calls the handler when the stack is unwound already. Without a debug
// library a script cannot tell the difference. An error in the handler is for
// the handler too.
func (in *Interpreter) xpcall(L *glua.LState) int {
	in.charge(2 * opsPerCall)
	f, handler := checkAny(L, 1), checkAny(L, 2)
	L.SetTop(0)
	L.Push(glua.LTrue)
	L.Push(f)
	err, ok := in.protect(L, 0)
	if ok {
		in.chargeValues(L.GetTop())
		return L.GetTop()
	}
	in.charge(opsPerError)
	for range maxHandlers {
		in.caught(err)
		L.SetTop(0)
		L.Push(glua.LFalse)
		L.Push(handler)
		L.Push(err)
		if err, ok = in.protect(L, 1); ok {
			L.SetTop(2) // false and the handler's one result
			return 2
		}
		in.charge(opsPerError)
	}
	L.Push(glua.LString("error in error handling"))
	return 2
}
