package lua

import (
	"math/rand/v2"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
	"picloud/worker/wire"
)

const (
	firstRegisters = 1024
	registerStep   = 4096
	maxRegisters   = 1 << 18 // the machine's own overflow error cannot be caught; it is never reached

	expectedLevels = 128  // the main thread is built for this many call levels
	maxLevels      = 1000 // and never for more than this
)

// framesFor is how many frames a script may have at once: a level that calls
// through pcall takes three, and the library calls itself a little.
func framesFor(levels int) int { return 4*levels + 128 }

// Interpreter runs one job. It is not for concurrent use.
type Interpreter struct {
	layout vmview.Layout
	state  *lua.LState
	random *rand.Rand
	began  time.Time

	meter      meter
	callLevels int // max_call_levels
	frames     int // of all threads together
	builtFor   int // frames the main thread has room for

	raised   bool // an error is under way that was raised as Lua errors are
	raisedAt int  // the line of the last call of error
	fault    bool // a Go panic came out of the machine

	plain map[*lua.FunctionProto]struct{} // functions that make plain calls only

	json marks
	log  journal
}

// New builds the interpreter's state and library, which need no job. It fails
// if gopher-lua's private layout is not the one this package reads.
func New() (*Interpreter, error) {
	layout, err := vmview.Verify()
	if err != nil {
		return nil, err
	}
	// The runtime's own generator, which the kernel seeds at the process's start:
	// crypto/rand wants a timer and a kind of mapping that a locked worker has not.
	seed1, seed2 := rand.Uint64(), rand.Uint64()
	in := &Interpreter{layout: layout, random: rand.New(rand.NewPCG(seed1, seed2)), began: time.Now()}
	in.build(expectedLevels)
	return in, nil
}

// build makes the state for scripts of so many call levels.
func (in *Interpreter) build(levels int) {
	in.builtFor = framesFor(levels)
	in.state = lua.NewState(lua.Options{
		SkipOpenLibs:     true,
		CallStackSize:    in.builtFor,
		RegistrySize:     firstRegisters,
		RegistryMaxSize:  maxRegisters,
		RegistryGrowStep: registerStep,
	})
	in.plain = map[*lua.FunctionProto]struct{}{}
	in.meter = meter{limit: 1 << 30, left: 1 << 30}
	in.installLibrary()
}

// Do carries a job out and gives its result, never nil. For wire.Check the
// source is parsed and compiled only. Log lines go to emit, which is called on
// another goroutine, but not after Do has returned. An Interpreter does one
// job: its state is the script's afterwards.
func (in *Interpreter) Do(job *wire.Job, emit func(*wire.Log)) *wire.Result {
	program, refusal := compile(job.Source, int(min(job.Limits.MaxExprDepth, maxLevels)))
	if refusal != nil {
		return refusal.result(job.Purpose)
	}
	if job.Purpose == wire.Check {
		return &wire.Result{Status: wire.StatusOK}
	}
	in.prepare(job, emit)

	// The script has a goroutine of its own, because a limit ends it whole.
	result := &wire.Result{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer in.conclude(result)
		in.run(program, job, result)
	}()
	<-done
	return result
}

func (in *Interpreter) prepare(job *wire.Job, emit func(*wire.Log)) {
	in.callLevels = int(min(job.Limits.MaxCallLevels, maxLevels))
	in.frames = framesFor(in.callLevels)
	if in.frames > in.builtFor {
		in.build(in.callLevels)
	}
	in.state.Options.CallStackSize = in.frames // for the coroutines
	in.meter = meter{limit: job.Limits.MaxOperations, left: job.Limits.MaxOperations}
	in.log = journal{emit: emit, left: wire.LogBudget}
	in.began = time.Now()
	in.attach(in.state, -1)
}

func (in *Interpreter) run(program *lua.FunctionProto, job *wire.Job, result *wire.Result) {
	in.state.SetGlobal("ctx", in.requestContext(job))
	in.state.Push(in.state.NewFunctionFromProto(program))
	if err := in.state.PCall(0, 1, nil); err != nil {
		in.describe(err, result)
		return
	}
	in.respond(in.state.Get(-1), result)
}

// conclude runs last on the script's goroutine, however that ends.
func (in *Interpreter) conclude(result *wire.Result) {
	panicked := recover()
	if limit := in.meter.reached; limit != "" {
		*result = wire.Result{Status: wire.StatusLimitExceeded, Limit: limit}
	} else if in.fault || panicked != nil || result.Status == 0 {
		*result = wire.Result{Status: wire.StatusScriptError, Message: faultMessage}
	}
	result.Operations = in.meter.used()
}

// failHard ends the script after a Go panic below it: the machine's state cannot be
// trusted any more. It does not return.
func (in *Interpreter) failHard() {
	in.fault = true
	in.meter.reach("")
}
