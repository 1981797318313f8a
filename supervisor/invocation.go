package supervisor

import (
	"time"

	"picloud"
	"picloud/worker/wire"
)

// Invocation is one job and where its log lines go.
type Invocation struct {
	Job *wire.Job
	// Log is called with each line while the script runs, from one goroutine,
	// never after Invoke has returned. The lines together are within
	// wire.LogBudget. It may be nil.
	Log func(*wire.Log)
}

// Report is the one answer every invocation gets.
type Report struct {
	Outcome  picloud.Outcome
	Err      *picloud.Error // nil if, and only if, Outcome is ok
	Response wire.Response  // set if Outcome is ok; its headers are as the worker sent them
	Compiled []byte         // what a Compile gave if Outcome is ok; empty if that was more than wire.MaxCompiled
	Usage    *Usage         // nil if no worker had the job
}

// Usage is what an invocation took.
type Usage struct {
	PID             int
	Operations      int64         // as the worker counted; -1 if it could not say
	MemoryPeakBytes int64         // of the whole worker process
	OOMKills        uint64        // processes of it that the kernel's OOM killer ended
	CPU             time.Duration // of the whole worker process, its start included
	Duration        time.Duration // wall clock, from the hand-over of the job
}
