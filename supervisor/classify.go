package supervisor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"syscall"

	"picloud"
	"picloud/limits"
	"picloud/worker/wire"
)

// classify turns a worker's end into the one outcome, from evidence only: its
// complete answer, the kernel's account of its memory, our own timer, the wait
// status. An exit status alone never means "out of memory".
func classify(end *ending, job *wire.Job, mode Mode) (picloud.Outcome, *picloud.Error) {
	if end.result != nil && end.err == nil {
		return fromResult(end.result, job)
	}
	if end.lost != nil {
		return picloud.OutcomeInternal, picloud.AsError(fmt.Errorf("the kernel's account of the worker's memory: %w", end.lost))
	}
	cause := causeOfDeath(end)
	switch {
	case end.evidence.OOMKills > 0 && end.evidence.OverLimit,
		mode == ModeRlimit && outOfData(end):
		return picloud.OutcomeLimitExceeded, limitExceeded(limits.MemoryLimitMB, job.Limits.MemoryLimitMB, cause)
	case end.evidence.OOMKills > 0:
		return picloud.OutcomeOverloaded, &picloud.Error{
			Code:    picloud.CodeOverloaded,
			Message: "the node ran out of memory for all its scripts together",
			Hint:    "try again; if it happens often, run fewer workers or lower memory_limit_mb",
			Cause:   cause,
		}
	case end.aborted:
		return picloud.OutcomeWorkerKilled, workerKilled("the invocation was stopped", cause)
	case end.timedOut:
		return picloud.OutcomeTimeout, &picloud.Error{
			Code:    picloud.CodeTimeout,
			Message: fmt.Sprintf("the script ran longer than its timeout_ms of %d", job.Limits.TimeoutMS),
			Details: map[string]any{"timeout_ms": job.Limits.TimeoutMS},
			Cause:   cause,
		}
	}
	return picloud.OutcomeWorkerKilled, workerKilled("the script's process ended without an answer", cause)
}

// fromResult is for a complete answer. The value of a limit is the one we set,
// not one the worker sends.
func fromResult(r *wire.Result, job *wire.Job) (picloud.Outcome, *picloud.Error) {
	switch r.Status {
	case wire.StatusOK:
		return picloud.OutcomeOK, nil
	case wire.StatusLimitExceeded:
		value := job.Limits.Get(r.Limit)
		if r.Limit == wire.ResponseSize {
			value = wire.MaxBody
		}
		return picloud.OutcomeLimitExceeded, limitExceeded(r.Limit, value, nil)
	case wire.StatusInvalidScript:
		return picloud.OutcomeScriptError, scriptProblem(picloud.CodeInvalidScript, "detail", r)
	default:
		return picloud.OutcomeScriptError, scriptProblem(picloud.CodeScriptError, "message", r)
	}
}

func scriptProblem(code picloud.Code, member string, r *wire.Result) *picloud.Error {
	message := r.Message
	if r.Line > 0 {
		message = fmt.Sprintf("line %d: %s", r.Line, r.Message)
	}
	return &picloud.Error{Code: code, Message: message, Details: map[string]any{member: r.Message, "line": r.Line}}
}

func limitExceeded(f limits.Field, value int64, cause error) *picloud.Error {
	return &picloud.Error{
		Code:    picloud.CodeLimitExceeded,
		Message: fmt.Sprintf("the script reached its %s of %d", f, value),
		Details: map[string]any{"limit": string(f), "value": value},
		Cause:   cause,
	}
}

func workerKilled(message string, cause error) *picloud.Error {
	return &picloud.Error{Code: picloud.CodeWorkerKilled, Message: message, Cause: cause}
}

// outOfData tells, in degraded mode, whether the Go runtime ended because the
// kernel gave it no more memory: it says so on its stderr, which is the pipe. Its
// collector does not always notice and then follows a nil pointer, on goroutine 0,
// where no script's work is done. A worker could say all this falsely, and gain
// nothing by it.
func outOfData(end *ending) bool {
	says := func(text string) bool { return bytes.Contains(end.tail, []byte(text)) }
	return says("out of memory") || says("cannot allocate memory") ||
		says("SIGSEGV: segmentation violation") && says("addr=0x0\n") && says("goroutine 0 ")
}

// killedByFilter tells whether a seccomp filter ended the process.
func killedByFilter(state *os.ProcessState) bool {
	if state == nil {
		return false
	}
	status, ok := state.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGSYS
}

// causeOfDeath says for the log all we know.
func causeOfDeath(end *ending) error {
	what := "no wait status"
	if end.state != nil {
		what = end.state.String()
		switch {
		case end.systemCall != "":
			what += " (" + end.systemCall + " is a system call that the filter does not allow)"
		case killedByFilter(end.state):
			what += " (a system call that the filter does not allow; the kernel's log names it, type=1326 pid=" +
				strconv.Itoa(end.state.Pid()) + ")"
		}
	}
	err := end.err
	switch {
	case errors.Is(err, io.EOF):
		err = errors.New("it closed its pipe")
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = errors.New("ended by the supervisor")
	}
	if len(end.tail) > 0 {
		return fmt.Errorf("%s; %w; it wrote %s", what, err, printable(end.tail))
	}
	return fmt.Errorf("%s; %w", what, err)
}
