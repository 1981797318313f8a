package lua

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
	"unsafe"

	glua "github.com/yuin/gopher-lua"
	"golang.org/x/sys/unix"

	"picloud/worker/lua/vmview"
	"picloud/worker/wire"
)

const (
	// warmLevels is the max_call_levels that an interpreter has the frame stack
	// for when it is built. A job that allows more gets a larger one.
	warmLevels = 128

	// framesPerLevel is how many frames of a thread a level may take: its own
	// and those of library functions that call back. A script that needs more
	// has reached its max_call_levels.
	framesPerLevel = 4
	extraFrames    = 64
)

// Interpreter runs one job. It is not for concurrent use.
type Interpreter struct {
	*meter
	seed    seed
	main    *glua.LState
	globals *glua.LTable
	ctx     requestContext
	hook    *hook // of main

	// Parts of the library that it refers to itself.
	next, ipairsNext           *glua.LFunction
	trampoline                 *glua.LFunction
	raiseFunc                  func(*glua.LState)
	null                       *glua.LUserData
	arrayMark, responseMeta    *glua.LTable
	bodyProto                  *glua.FunctionProto
	createThread, resumeThread glua.LGFunction

	// What a job brings.
	chunk      string // what stands before the line in an error's message
	invocation string
	maxLevels  int
	frames     int  // size of a new thread's frame stack
	longest    int  // bytes of the longest string in the script's text
	longKeys   bool // the script has constants whose hashing is to be charged
	journal    journal
	generator  *rand.Rand // of math.random, nil until it is needed
	started    time.Time

	resumed int   // coroutines that are resumed and have not yielded
	raised  bool  // an error is on its way that was raised, not a Go panic
	broken  bool  // the VM has failed
	noForm  error // why the script's form is none, see missing
}

// New builds an interpreter with its whole library. It fails if gopher-lua is
// not the version whose private memory package vmview knows.
func New() (*Interpreter, error) {
	if err := vmview.Verify(); err != nil {
		return nil, err
	}
	in := &Interpreter{meter: &meter{}}
	// The runtime's generator has its seed from the kernel since the process
	// began. Asking the kernel again, as crypto/rand does, takes mappings that a
	// locked process may not make.
	for i := range 4 {
		binary.LittleEndian.PutUint64(in.seed[8*i:], rand.Uint64())
	}
	// A table "arg" in every function with variable arguments is a relic of Lua
	// 5.0 that costs a table a call. The value never changes again.
	if glua.CompatVarArg {
		glua.CompatVarArg = false
	}
	L := glua.NewState(glua.Options{
		SkipOpenLibs:  true,
		CallStackSize: frames(warmLevels),
		RegistrySize:  1024, RegistryGrowStep: 4096, RegistryMaxSize: 2 * maxRegisters,
	})
	in.main = L
	in.raiseFunc = in.raise
	in.trampoline = L.NewFunction(in.bounce)
	in.bodyProto = bodyProto()
	in.open(L)
	in.ctx = newRequestContext()
	in.globals.RawSetString("ctx", in.ctx.ctx)
	in.hook = in.watch(L)
	return in, nil
}

// Reseed draws the seed of math.random again, from the kernel: an interpreter in a
// process that was copied has its twin's.
func (in *Interpreter) Reseed() error {
	// not crypto/rand, nor package unix's Getrandom: both may ask by the vDSO, which
	// takes mappings that a locked process may not make
	n, _, errno := unix.RawSyscall(unix.SYS_GETRANDOM, uintptr(unsafe.Pointer(&in.seed)), unsafe.Sizeof(in.seed), 0)
	if errno != 0 {
		return fmt.Errorf("getrandom: %w", errno)
	}
	if n != unsafe.Sizeof(in.seed) {
		return errors.New("getrandom: too few bytes")
	}
	return nil
}

func frames(levels int) int { return framesPerLevel*levels + extraFrames }

// Do does the interpreter's one job: it runs the script, or checks that it
// compiles. It calls emit for every log line, from one goroutine at a time and
// not after it has returned.
func (in *Interpreter) Do(job *wire.Job, emit func(*wire.Log)) *wire.Result {
	done := make(chan *wire.Result, 1)
	go in.Perform(job, emit, func(r *wire.Result) { done <- r })
	return <-done
}

// Perform is Do on the calling goroutine, which a limit that is reached ends, with
// runtime.Goexit. So whatever the caller has to do next is for answer to do, which is
// called once and last, also then.
//
// A process that has one job gets along without a goroutine for it: in one that is a
// copy its start, its end and the way to it and back touch a dozen pages.
func (in *Interpreter) Perform(job *wire.Job, emit func(*wire.Log), answer func(*wire.Result)) {
	in.chunk = job.ScriptName
	if in.chunk == "" {
		in.chunk = "script"
	}
	proto, err := in.load(job)
	switch {
	case err != nil:
		answer(refused(job.Purpose, err))
		return
	case job.Purpose == wire.Check:
		answer(&wire.Result{Status: wire.StatusOK})
		return
	case job.Purpose == wire.Compile:
		answer(formOf(proto))
		return
	}
	in.prepare(job, proto, emit)
	var result *wire.Result
	defer func() {
		if recover() != nil {
			in.broken = true
		}
		answer(in.judge(result))
	}()
	result = in.run(proto)
}

// judge gives the result of a script that has ended, with its own if it has one.
func (in *Interpreter) judge(result *wire.Result) *wire.Result {
	switch {
	case in.noForm != nil:
		return refused(wire.Run, in.noForm)
	case in.over != "":
		result = &wire.Result{Status: wire.StatusLimitExceeded, Limit: in.over}
	case in.broken || result == nil:
		result = in.scriptError(0, brokenMessage)
	}
	result.Operations = in.used()
	return result
}

// prepare makes the interpreter ready for a job's script.
func (in *Interpreter) prepare(job *wire.Job, proto *glua.FunctionProto, emit func(*wire.Log)) {
	in.invocation = job.InvocationID
	in.maxLevels = int(job.Limits.MaxCallLevels)
	in.frames = frames(in.maxLevels)
	in.longKeys = in.longest > maxFreeKey
	in.journal = newJournal(emit)
	in.started = time.Now()
	in.ctx.fill(job)
	in.meter.begin(job.Limits, in.globals)
	// From here on a whole number beyond the longest sequence is a key like any
	// other. gopher-lua would fill an array with nils up to it.
	glua.MaxArrayIndex = in.maxArray + 1
	in.hook.maxLevels = in.maxLevels
	if in.maxLevels > warmLevels {
		in.main.RemoveContext() // a new thread would be given one made from it
		in.main.Options.CallStackSize = in.frames
		in.main, _ = in.main.NewThread()
		in.hook = in.watch(in.main)
	}
	// Coroutines have stacks of their own, which begin small.
	in.main.Options.CallStackSize = in.frames
	in.main.Options.RegistrySize = 128
	in.main.Options.RegistryGrowStep = 1024
}

// run runs the script on the goroutine that it may be ended with.
func (in *Interpreter) run(proto *glua.FunctionProto) *wire.Result {
	L := in.main
	in.fit(in.longest)
	L.Push(L.NewFunctionFromProto(proto))
	if err, ok := in.protect(L, 0); !ok {
		return in.uncaught(L, err)
	}
	response, err := in.answer(arg(L, 1))
	if err != nil {
		return in.scriptError(0, "the returned value: "+err.Error())
	}
	return &wire.Result{Status: wire.StatusOK, Response: response}
}

// longestConstant is the length of the longest string that stands in a script.
func longestConstant(p *glua.FunctionProto) int {
	n := 0
	for _, c := range p.Constants {
		if s, ok := c.(glua.LString); ok {
			n = max(n, len(s))
		}
	}
	for _, child := range p.FunctionPrototypes {
		n = max(n, longestConstant(child))
	}
	return n
}
