package worker

import (
	"bytes"
	"fmt"
	"runtime/debug"

	"picloud/limits"
	"picloud/worker/lua"
	"picloud/worker/wire"
)

// rehearsed is a script of the usual kind.
const rehearsed = `
local function greet(name) return string.format("hello, %s", name) end
local t = {}
for i = 1, 10 do t[i] = i * i end
return {text = greet(ctx.request.query.name or "world") .. "!", path = ctx.request.path, squares = t, n = #t}
`

// rehearse does the job in this process, and gives it to be done once more in a
// copy.
func rehearse() (*wire.Job, error) {
	// what is collected leaves holes, over which the copies' memory would be
	// scattered
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	job := &wire.Job{
		Purpose: wire.Compile, InvocationID: "rehearsal", ScriptName: "rehearsal", Version: 1, Source: rehearsed, Limits: limits.Defaults(),
		Request: wire.Request{Method: "GET", Path: "/", Query: []wire.Pair{{Name: "name", Value: "you"}}, Headers: []wire.Pair{{Name: "host", Value: "localhost"}}},
	}
	result, err := fromFrame(job)
	if err != nil {
		return nil, err
	}
	job.Purpose, job.Source, job.Compiled = wire.Run, "", result.Compiled
	_, err = fromFrame(job)
	return job, err
}

// fromFrame does a job as it comes from the pipe.
func fromFrame(job *wire.Job) (*wire.Result, error) {
	frame, err := job.Encode()
	if err != nil {
		return nil, err
	}
	received, err := receive(bytes.NewReader(frame))
	if err != nil {
		return nil, err
	}
	r, err := newRehearsal(received)
	if err != nil {
		return nil, err
	}
	result, err := r.perform()
	if err != nil {
		return nil, err
	}
	_, err = result.Encode()
	return result, err
}

// rehearsal is a job that is done for nobody. What is done for the first time
// takes memory from the system and fills the runtime's tables. In a process that is
// then copied each copy would do that again, and a copy pays a page fault for each
// page that it is the first to change.
type rehearsal struct {
	job         *wire.Job
	interpreter *lua.Interpreter
}

func newRehearsal(job *wire.Job) (*rehearsal, error) {
	interpreter, err := lua.New()
	if err != nil {
		return nil, err
	}
	return &rehearsal{job, interpreter}, nil
}

// perform does the job, once, on the calling goroutine, as it is done for others.
func (r *rehearsal) perform() (result *wire.Result, err error) {
	r.interpreter.Perform(r.job, func(*wire.Log) {}, func(done *wire.Result) { result = done })
	if result.Status != wire.StatusOK {
		return nil, fmt.Errorf("the rehearsal ended with status %d: %s", result.Status, result.Message)
	}
	return result, nil
}
