// Package worker is the sandboxed process's whole life: lock, get ready, wait
// for one job on the pipe, do it, answer, end.
//
// It promises to say Ready only when package sandbox reports that every layer
// holds, to do one job at most, and to end when its pipe does. It fails by
// ending: with a Refused frame before it was ready, with no frame after.
// Nothing here is trusted by the supervisor, which enforces memory, time and
// the frames' bounds from outside.
//
// A process becomes a worker in one of two ways: Main is for one that was exec'ed,
// Zygote for those that a zygote is copied into.
package worker

import (
	"errors"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"picloud/limits"
	"picloud/worker/lua"
	"picloud/worker/sandbox"
	"picloud/worker/wire"
	"picloud/worker/zygote"
)

// Exit statuses, for the supervisor's log.
const (
	exitDone     = 0
	exitRefused  = 3 // could not lock itself or get ready
	exitProtocol = 4 // the supervisor's side of the pipe broke
)

// A worker's pipe.
const (
	in  = fd(0)
	out = fd(1)
)

// Main runs the worker's life on descriptors 0 and 1 and gives the status to
// exit with. It does not return while the process has a job. Its one argument, if
// any, is sandbox.WithoutNamespaces.
func Main(args []string) int {
	settle()
	nameProcess(zygote.WorkerName)
	namespaces := sandbox.NamespacesRequired
	if slices.Equal(args, []string{sandbox.WithoutNamespaces}) {
		namespaces = sandbox.NamespacesMissing
	}
	if err := sandbox.Lock(namespaces); err != nil {
		return refuse(err)
	}
	interpreter, err := lua.New()
	if err != nil {
		return refuse(err)
	}
	return serve(interpreter)
}

// Zygote runs a zygote's life, and that of each worker it makes, and gives the
// status to exit with.
func Zygote() int {
	settle()
	return zygote.Main(
		func() (zygote.Life, error) {
			job, err := rehearse()
			if err != nil {
				return nil, err
			}
			interpreter, err := lua.New()
			if err != nil {
				return nil, err
			}
			rehearsal, err := newRehearsal(job)
			if err != nil {
				return nil, err
			}
			room := zygote.NewRoom()
			return func(eager bool) int {
				if eager {
					if _, err := rehearsal.perform(); err != nil {
						return refuse(err)
					}
					room.Make()
				}
				if err := interpreter.Reseed(); err != nil {
					return refuse(err)
				}
				return serve(interpreter)
			}, nil
		},
		func(user *sandbox.User) (zygote.Locks, error) { return sandbox.LockZygote(user) })
}

// settle makes the process what a worker is before it locks itself.
func settle() {
	// One script, one thread's worth of work. The scripts' clock is UTC: the
	// zone files cannot be read once the process is locked.
	runtime.GOMAXPROCS(1)
	debug.SetTraceback("single")
	debug.SetMemoryLimit(heapTarget(limits.Defaults().MemoryLimitMB)) // most jobs', so that they need not
	time.Local = time.UTC
}

func refuse(err error) int {
	out.Write(wire.Refused(err.Error()))
	return exitRefused
}

// serve does one job in a process that is locked.
func serve(interpreter *lua.Interpreter) int {
	if _, err := out.Write(wire.Ready()); err != nil {
		return exitProtocol
	}
	job, err := receive(in)
	if errors.Is(err, io.EOF) {
		return exitDone
	}
	if err != nil {
		return exitProtocol
	}
	if mb := job.Limits.MemoryLimitMB; mb != limits.Defaults().MemoryLimitMB {
		debug.SetMemoryLimit(heapTarget(mb))
	}

	if job.Purpose == wire.Prove {
		return answer(job, prove())
	}
	emit := func(line *wire.Log) {
		if frame, err := line.Encode(); err == nil {
			out.Write(frame)
		}
	}
	// the end of a script may be this goroutine's
	interpreter.Perform(job, emit, func(result *wire.Result) { os.Exit(answer(job, result)) })
	panic("there was no answer") // unreachable
}

// answer sends a job's result and gives the status to exit with.
func answer(job *wire.Job, result *wire.Result) int {
	result.InvocationID = job.InvocationID
	frame, err := result.Encode()
	if err != nil {
		return exitProtocol
	}
	if _, err := out.Write(frame); err != nil {
		return exitProtocol
	}
	// What it has used is read while it is there; then the supervisor ends it. By
	// itself it would be half gone when its answer is heard, and the caller would
	// have to wait for the rest.
	in.Read(frame[:1])
	return exitDone
}

func receive(in io.Reader) (*wire.Job, error) {
	kind, payload, err := wire.ReadTrusting(in)
	if err != nil {
		return nil, err
	}
	if kind != wire.KindJob {
		return nil, wire.ErrProtocol
	}
	return wire.DecodeJob(payload)
}

// heapTarget is where Go's collector begins to work hard: below the kernel's
// limit, which also counts the program itself and the kernel's own memory for
// the process, and not so low that a script near its limit only collects.
func heapTarget(memoryLimitMB int64) int64 {
	return memoryLimitMB << 20 * 85 / 100
}
