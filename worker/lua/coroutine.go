package lua

import (
	lua "github.com/yuin/gopher-lua"
)

// stockCoroutines takes gopher-lua's own create and resume, which no exported
// method can stand in for.
func (in *Interpreter) stockCoroutines() (resume, create lua.LGFunction) {
	in.state.Push(in.state.NewFunction(lua.OpenCoroutine))
	in.state.Call(0, 1)
	module := in.state.Get(-1).(*lua.LTable)
	in.state.Pop(1)
	take := func(name string) lua.LGFunction { return module.RawGetString(name).(*lua.LFunction).GFunction }
	return take("resume"), take("create")
}

func (in *Interpreter) coroutineFunctions(create, resume lua.LGFunction) functions {
	return functions{
		"create":  func(L *lua.LState) int { return in.create(L, create) },
		"resume":  func(L *lua.LState) int { return in.resume(L, L.CheckThread(1), resume) },
		"running": running,
		"status":  status,
		"wrap": func(L *lua.LState) int {
			in.create(L, create)
			thread := L.CheckThread(-1)
			L.Push(in.function(func(L *lua.LState) int { return in.resumeWrapped(L, thread, resume) }))
			return 1
		},
		"yield": in.yield,
	}
}

func (in *Interpreter) create(L *lua.LState, stock lua.LGFunction) int {
	if L.CheckFunction(1).IsG {
		L.ArgError(1, "Lua function expected")
	}
	in.meter.charge(threadCost)
	L.SetTop(1)
	n := stock(L)
	in.attach(L.Get(-1).(*lua.LState), 0)
	return n
}

func running(L *lua.LState) int {
	if L.G.MainThread == L {
		L.Push(lua.LNil)
	} else {
		L.Push(L)
	}
	return 1
}

// threadStatus is "normal" for a thread that has resumed another one.
func threadStatus(current, thread *lua.LState) string {
	switch {
	case thread == current:
		return "running"
	case thread.Dead:
		return "dead"
	case thread.Parent != nil:
		return "normal"
	}
	return "suspended"
}

func status(L *lua.LState) int {
	L.Push(lua.LString(threadStatus(L, L.CheckThread(1))))
	return 1
}

// resume expects thread at index 1 and its arguments above.
func (in *Interpreter) resume(L, thread *lua.LState, stock lua.LGFunction) int {
	in.meter.charge(protectedCost)
	if s := threadStatus(L, thread); s != "suspended" {
		if s != "dead" {
			s = "non-suspended"
		}
		L.Push(lua.LFalse)
		L.Push(lua.LString("cannot resume " + s + " coroutine"))
		return 2
	}
	in.meter.charge(L.GetTop() / valuesMoved)
	outer, inner := hookOf(L), hookOf(thread)
	inner.outerLevels = outer.levels(*outer.frame)
	inner.outerFrames = outer.outerFrames + (*outer.frame).Index + 1
	n := stock(L)
	if n > 0 && L.Get(-n) == lua.LFalse {
		if !in.raised {
			in.failHard()
		}
		in.raised = false
	}
	return n
}

func (in *Interpreter) resumeWrapped(L, thread *lua.LState, stock lua.LGFunction) int {
	L.Insert(thread, 1)
	n := in.resume(L, thread, stock)
	if n < 1 {
		return 0
	}
	if L.Get(-n) == lua.LFalse {
		in.raised = true
		L.Error(L.Get(-n+1), 0)
	}
	return n - 1
}

// yield refuses wherever the machine would not come back to the right place:
// every frame below must be a script function called by a plain call.
func (in *Interpreter) yield(L *lua.LState) int {
	if L.G.MainThread == L {
		L.RaiseError("attempt to yield from outside a coroutine")
	}
	for frame := (*hookOf(L).frame).Caller; frame != nil; frame = frame.Caller {
		if frame.Function.IsG || !calling(frame.Function.Proto.Code[frame.PC-1]) {
			L.RaiseError("attempt to yield across metamethod/C-call boundary")
		}
	}
	in.meter.charge(L.GetTop() / valuesMoved)
	return -1
}

// dropTailCalls makes plain calls of a function's tail calls, before it runs in
// a coroutine for the first time: gopher-lua loses the way back when yield is
// called by a tail call. The function keeps what it does, but its tail calls
// are call levels from then on.
func (in *Interpreter) dropTailCalls(p *lua.FunctionProto) {
	if _, done := in.plain[p]; done {
		return
	}
	in.plain[p] = struct{}{}
	for i, inst := range p.Code {
		if opcode(inst) == lua.OP_TAILCALL {
			p.Code[i] = inst&^(0x3f<<26) | uint32(lua.OP_CALL)<<26
		}
	}
}

func calling(inst uint32) bool {
	return opcode(inst) == lua.OP_CALL || opcode(inst) == lua.OP_TAILCALL
}
