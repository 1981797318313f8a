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

// rehearse does what a worker does, for nobody, in a process that will be copied.
// What is done for the first time takes memory from the system and fills the
// runtime's tables. Each copy would do that again, and pay a page fault for each
// page it changes.
func rehearse() error {
	// what is collected leaves holes, over which the copies' memory would be
	// scattered
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	job := &wire.Job{
		Purpose: wire.Compile, InvocationID: "rehearsal", ScriptName: "rehearsal", Version: 1, Source: rehearsed, Limits: limits.Defaults(),
		Request: wire.Request{Method: "GET", Path: "/", Query: []wire.Pair{{Name: "name", Value: "you"}}, Headers: []wire.Pair{{Name: "host", Value: "localhost"}}},
	}
	for range 2 {
		frame, err := job.Encode()
		if err != nil {
			return err
		}
		received, err := receive(bytes.NewReader(frame))
		if err != nil {
			return err
		}
		interpreter, err := lua.New()
		if err != nil {
			return err
		}
		result := interpreter.Do(received, func(*wire.Log) {})
		if result.Status != wire.StatusOK {
			return fmt.Errorf("the rehearsal ended with status %d: %s", result.Status, result.Message)
		}
		if _, err := result.Encode(); err != nil {
			return err
		}
		job.Purpose, job.Source, job.Compiled = wire.Run, "", result.Compiled
	}
	return nil
}
