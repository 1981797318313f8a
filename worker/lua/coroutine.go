package lua

import (
	glua "github.com/yuin/gopher-lua"

	"picloud/limits"
	"picloud/worker/lua/vmview"
)

// bytesPerFrame and bytesPerRegister are what a thread's stacks take.
const (
	bytesPerFrame    = 80
	bytesPerRegister = 16
)

func (in *Interpreter) openCoroutine(L *glua.LState, globals *glua.LTable) {
	// Only gopher-lua itself can make a thread that has a function and can go
	// on with one. The module it opens for that stays out of sight.
	glua.OpenCoroutine(L)
	original := L.Get(-1).(*glua.LTable)
	L.Pop(1)
	in.createThread = original.RawGetString("create").(*glua.LFunction).GFunction
	in.resumeThread = original.RawGetString("resume").(*glua.LFunction).GFunction

	in.module(L, globals, "coroutine", []function{
		{"create", in.coroutineCreate},
		{"resume", in.coroutineResume},
		{"running", in.coroutineRunning},
		{"status", in.coroutineStatus},
		{"wrap", in.coroutineWrap},
		{"yield", in.coroutineYield},
	})
}

// bodyName is the name of a chunk that no script can have; bodyPosition is what
// stands in front of an error in it.
const (
	bodyName     = "\x00coroutine"
	bodyPosition = bodyName + ":0: "
)

// bodyProto is a function that calls the function in its only upvalue with all
// it gets and returns all it gives. Every coroutine begins with it. That way the
// frame below a yield is never the thread's last, which gopher-lua could not
// go on from, and a library function can be a body like any other.
func bodyProto() *glua.FunctionProto {
	instruction := func(op, a, b, c int) uint32 { return uint32(op<<26 | a<<18 | c<<9 | b) }
	return &glua.FunctionProto{
		SourceName: bodyName, NumUpvalues: 1, IsVarArg: glua.VarArgIsVarArg, NumUsedRegisters: 3,
		Code: []uint32{
			instruction(glua.OP_GETUPVAL, 0, 0, 0),
			instruction(glua.OP_VARARG, 1, 0, 0),
			instruction(glua.OP_CALL, 0, 0, 0),
			instruction(glua.OP_RETURN, 0, 0, 0),
		},
		DbgSourcePositions: make([]int, 4),
		DbgUpvalues:        []string{"body"},
	}
}

func (in *Interpreter) newThread(L *glua.LState) *glua.LState {
	body := checkFunction(L, 1)
	in.charge((in.frames*bytesPerFrame + L.Options.RegistrySize*bytesPerRegister) / bytesPerOp)
	upvalue := &glua.Upvalue{}
	upvalue.Close()
	upvalue.SetValue(body)
	first := L.NewFunctionFromProto(in.bodyProto)
	first.Upvalues[0] = upvalue

	// A thread takes over its maker's context, wrapped in one of its own that
	// nothing needs here: the maker has none for a moment.
	h := hookOf(L)
	L.RemoveContext()
	L.SetTop(0)
	L.Push(first)
	in.createThread(L)
	h.attach()
	thread := L.Get(-1).(*glua.LState)
	L.Pop(1)
	in.watch(thread)
	return thread
}

func (in *Interpreter) coroutineCreate(L *glua.LState) int {
	L.Push(in.newThread(L))
	return 1
}

func checkThread(L *glua.LState, i int) *glua.LState {
	t, ok := arg(L, i).(*glua.LState)
	if !ok {
		badType(L, i, "coroutine")
	}
	return t
}

// resume goes on with the thread that stands at the bottom of the stack, below
// its arguments, and leaves behind them what gopher-lua's own resume gives back.
func (in *Interpreter) resume(L *glua.LState) int {
	in.charge(opsPerCall)
	in.chargeValues(L.GetTop())
	thread := checkThread(L, 1)
	if status := in.status(L, thread); status != "suspended" {
		if status != "dead" {
			status = "non-suspended"
		}
		L.Push(glua.LFalse)
		L.Push(glua.LString("cannot resume " + status + " coroutine"))
		return 2
	}
	room(L)
	h, th := hookOf(L), hookOf(thread)
	th.base = h.level(h.state.Frame())
	if f := th.state.Frame(); f != nil {
		// It waits in a call of yield. gopher-lua takes these arguments for its
		// results and does not make up missing ones.
		if want := argC(f.Fn.Proto.Code[f.Pc-1]) - 1; want >= 0 {
			for L.GetTop()-1 < want {
				L.Push(glua.LNil)
			}
			L.SetTop(1 + want)
		}
	}
	if th.regs.Top()+L.GetTop() > maxRegisters {
		in.exceed(limits.MaxCallLevels)
	}
	if in.resumed++; in.resumed > in.maxLevels {
		in.exceed(limits.MaxCallLevels)
	}
	n := in.resumeThread(L)
	in.resumed--
	if arg(L, -n) == glua.LFalse {
		// An error that nothing raised is a Go panic that gopher-lua caught.
		if !in.raised {
			in.fail()
		}
		in.raised = false
		in.charge(opsPerError)
	}
	in.chargeValues(n)
	return n
}

func (in *Interpreter) coroutineResume(L *glua.LState) int {
	n := in.resume(L)
	if arg(L, -n) == glua.LFalse {
		in.caught(arg(L, -1))
	}
	return n
}

func (in *Interpreter) coroutineWrap(L *glua.LState) int {
	thread := in.newThread(L)
	L.Push(newFunction(L, func(L *glua.LState) int {
		L.Insert(thread, 1)
		n := in.resume(L)
		if arg(L, -n) == glua.LFalse {
			L.Error(arg(L, -1), 0)
		}
		return n - 1
	}))
	return 1
}

// coroutineYield may only stop a thread whose running functions were all called
// by an ordinary call: gopher-lua loses its way back into a metamethod's or an
// iterator's caller and into a library function.
func (in *Interpreter) coroutineYield(L *glua.LState) int {
	if L.Parent == nil {
		L.RaiseError("attempt to yield from outside a coroutine")
	}
	in.chargeValues(L.GetTop())
	for f := vmview.Of(L).Frame().Parent; f != nil; f = f.Parent {
		if f.Fn.IsG {
			L.RaiseError("attempt to yield across a library function")
		}
		if op := int(f.Fn.Proto.Code[f.Pc-1] >> 26); op != glua.OP_CALL && op != glua.OP_TAILCALL {
			L.RaiseError("attempt to yield across a metamethod or an iterator")
		}
	}
	return -1
}

func (in *Interpreter) coroutineRunning(L *glua.LState) int {
	if L == in.main {
		L.Push(glua.LNil)
	} else {
		L.Push(L)
	}
	return 1
}

func (in *Interpreter) coroutineStatus(L *glua.LState) int {
	L.Push(glua.LString(in.status(L, checkThread(L, 1))))
	return 1
}

// status is a thread's status as running thread L sees it.
func (in *Interpreter) status(L, thread *glua.LState) string {
	switch {
	case thread.Dead:
		return "dead"
	case thread == L:
		return "running"
	}
	for p := L.Parent; p != nil; p = p.Parent {
		if p == thread {
			return "normal"
		}
	}
	return "suspended"
}
