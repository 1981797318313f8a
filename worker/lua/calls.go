package lua

import (
	lua "github.com/yuin/gopher-lua"
)

// callFunctions are those that raise and catch errors.
func (in *Interpreter) callFunctions() functions {
	guarded := in.function(in.callGuarded)
	return functions{
		"error":  in.raiseValue,
		"pcall":  func(L *lua.LState) int { return in.pcall(L, guarded) },
		"xpcall": func(L *lua.LState) int { return in.xpcall(L, guarded) },
	}
}

// raise is the Panic function of every thread a script runs on. The trace it
// gives stands in for the one gopher-lua would make of every caught error, at a
// cost that grows with the square of the depth.
func (in *Interpreter) raise(L *lua.LState) {
	in.raised = true
	object := L.Get(-1)
	if object == nil {
		object = lua.LNil
	}
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: object, StackTrace: "-"})
}

// line is that of the innermost script function, 0 if there is none.
func (in *Interpreter) line(L *lua.LState) int {
	for frame := *hookOf(L).frame; frame != nil; frame = frame.Caller {
		if lines := positions(frame.Function); frame.PC >= 1 && frame.PC <= len(lines) {
			return lines[frame.PC-1]
		}
	}
	return 0
}

func positions(f *lua.LFunction) []int {
	if f.IsG {
		return nil
	}
	return f.Proto.DbgSourcePositions
}

func (in *Interpreter) raiseValue(L *lua.LState) int {
	object, level := L.Get(1), L.OptInt(2, 1)
	in.raisedAt = in.line(L)
	if level == 1 && (*hookOf(L).frame).Caller.Function.IsG {
		level = 0 // pcall(error, "x"): the caller has no position
	}
	if s, ok := object.(lua.LString); ok && level > 0 {
		in.meter.copying(len(s))
		L.Error(s, level)
	}
	L.Error(object, 0)
	return 0
}

// callGuarded calls its first argument with the others. PCall sets a Panic
// function of its own; this one takes its place.
func (in *Interpreter) callGuarded(L *lua.LState) int {
	before := L.Panic
	L.Panic = in.raise
	L.Call(L.GetTop()-1, lua.MultRet)
	L.Panic = before
	return L.GetTop()
}

// protect calls the function at index 1, with the values above it, and leaves
// its results there, or gives the error it ended with.
func (in *Interpreter) protect(L *lua.LState, guarded *lua.LFunction) (object lua.LValue, failed bool) {
	in.meter.charge(protectedCost)
	L.Insert(guarded, 1)
	err := L.PCall(L.GetTop()-1, lua.MultRet, nil)
	if err == nil {
		return nil, false
	}
	apiError, ok := err.(*lua.ApiError)
	if !ok || apiError.Type == lua.ApiErrorPanic {
		in.failHard()
	}
	in.raised = false
	return apiError.Object, true
}

// callable says whether v can be called.
func callable(L *lua.LState, v lua.LValue) bool {
	return v.Type() == lua.LTFunction || L.GetMetaField(v, "__call").Type() == lua.LTFunction
}

func (in *Interpreter) pcall(L *lua.LState, guarded *lua.LFunction) int {
	f := L.CheckAny(1)
	if !callable(L, f) {
		L.Push(lua.LFalse)
		L.Push(lua.LString("attempt to call a " + f.Type().String() + " value"))
		return 2
	}
	if object, failed := in.protect(L, guarded); failed {
		L.Push(lua.LFalse)
		L.Push(object)
		return 2
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

// xpcall calls the handler when the stack is unwound already: there is no
// debug library with which a handler could tell.
func (in *Interpreter) xpcall(L *lua.LState, guarded *lua.LFunction) int {
	f, handler := L.CheckAny(1), L.CheckAny(2)
	L.SetTop(0)
	if !callable(L, f) {
		return in.handle(L, guarded, handler, lua.LString("attempt to call a "+f.Type().String()+" value"))
	}
	L.Push(f)
	if object, failed := in.protect(L, guarded); failed {
		return in.handle(L, guarded, handler, object)
	}
	L.Insert(lua.LTrue, 1)
	return L.GetTop()
}

// handle gives the results of an xpcall that failed. If the handler fails too,
// its error takes the place of its result.
func (in *Interpreter) handle(L *lua.LState, guarded *lua.LFunction, handler, object lua.LValue) int {
	L.SetTop(0)
	if callable(L, handler) {
		L.Push(handler)
		L.Push(object)
		var failed bool
		if object, failed = in.protect(L, guarded); !failed {
			object = L.Get(1)
		}
	}
	L.Push(lua.LFalse)
	L.Push(object)
	return 2
}
