// Package supervisor runs every invocation in its own fresh process, taken
// from a warm pool, and says how it ended.
//
// It promises that each Invoke gets exactly one Report; that a process has one
// job in its life and is killed and reaped after it, whatever it does; that a
// worker's limits are in force before it sees its job; that its outcome is judged
// by evidence of the kernel and of the supervisor's own clock, never by what a
// worker says of itself beyond its answer; that no script, however often it is
// called and however long it runs, has all workers or all places to wait; and that
// after Close no process and no cgroup is left. It reads what workers send as
// hostile input.
//
// It never looks into scripts and knows nothing of HTTP or of the database. It
// fails in starting, with a cannot_start error that names what is missing, and
// in single invocations, with an error in the Report.
package supervisor

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"picloud"
	"picloud/limits"
	"picloud/worker/wire"
)

// Config is what a Supervisor needs. Spawner and Enclosures become its own:
// Close closes them.
type Config struct {
	Spawner    Spawner
	Enclosures Enclosures
	Workers    int // invocations at a time, at least 1
	Warm       int // idle workers kept ready, at least 1
	Queue      int // invocations that may wait
	Logger     *zap.Logger
}

// Supervisor owns the pool of workers. Its methods may be called from any
// goroutine.
type Supervisor struct {
	config Config
	pool   *pool
	queue  *queue
	forms  *queue    // for what is compiled, so that it takes no call's turn: one at a time
	audit  *auditLog // nil where this daemon may not listen

	mu       sync.Mutex
	draining bool
	inFlight sync.WaitGroup
}

// Start fills the pool and returns when the first worker is ready, which shows
// that a worker can be made and can lock itself here.
func Start(ctx context.Context, c Config) (*Supervisor, error) {
	s := &Supervisor{
		config: c,
		pool:   newPool(c.Spawner, c.Enclosures, c.Warm, c.Logger),
		queue:  newQueue(c.Workers, c.Queue),
		forms:  newQueue(1, 0),
	}
	var err error
	if s.audit, err = listenToAudit(); err != nil {
		c.Logger.Info("the log will not name the system calls that workers are killed for: that needs CAP_AUDIT_READ", zap.Error(err))
	}
	s.pool.start()
	ctx, cancel := context.WithTimeout(ctx, 2*startTimeout)
	defer cancel()
	if err := s.pool.firstReady(ctx); err != nil {
		return nil, errors.Join(cannotStart(err, "no worker can be started",
			"the cause is in the log; check that picloud-worker belongs to this version and that the workers' user may execute it"),
			s.Close())
	}
	return s, nil
}

// Invoke runs one job and reports how it ended. If ctx ends, the job is ended
// with it. It always returns a Report.
func (s *Supervisor) Invoke(ctx context.Context, inv Invocation) *Report {
	if inv.Job.Purpose == wire.Compile {
		return s.invoke(ctx, inv, s.forms, inv.Job.ScriptName)
	}
	return s.invoke(ctx, inv, s.queue, inv.Job.ScriptName)
}

// invoke is Invoke in a line of a queue.
func (s *Supervisor) invoke(ctx context.Context, inv Invocation, queue *queue, line string) *Report {
	if !s.begin() {
		return refused(&picloud.Error{
			Code:    picloud.CodeShuttingDown,
			Message: "the daemon is stopping",
			Hint:    "try again in a moment",
		})
	}
	defer s.inFlight.Done()
	if err := queue.enter(ctx, line); err != nil {
		return refused(err)
	}
	frame, err := inv.Job.Parts() // not before: what waits should not hold it twice
	if err != nil {
		queue.leave(line)
		return refused(err)
	}
	w, started, err := s.hand(ctx, inv, frame)
	if err != nil {
		queue.leave(line)
		return refused(err)
	}
	// Its process is a part of the machine's load until it is gone, and a new
	// worker need not compete with the answer.
	defer func() {
		queue.answered()
		w.whenGone(func() {
			queue.ended(line)
			s.pool.refill()
		})
	}()
	select {
	case <-w.done:
	case <-ctx.Done():
		w.abort()
		<-w.done
	}
	if killedByFilter(w.end.state) {
		w.end.systemCall = s.audit.systemCall(w.process.Pid, auditWait)
	}
	outcome, problem := classify(&w.end, inv.Job, s.config.Enclosures.Mode())
	r := &Report{Outcome: outcome, Err: problem, Usage: usage(w, time.Since(started))}
	if problem == nil {
		r.Response = w.end.result.Response
		r.Compiled = slices.Clip(slices.Clone(w.end.result.Compiled)) // is kept, the rest of its frame is not
	}
	return r
}

// hand finds a worker that takes the job. One that died while it was idle is
// no reason to fail the call, so the next one gets it.
func (s *Supervisor) hand(ctx context.Context, inv Invocation, frame [][]byte) (*worker, time.Time, error) {
	for range 5 {
		w, err := s.pool.take(ctx)
		if err != nil {
			return nil, time.Time{}, err
		}
		started := time.Now()
		err = w.hand(inv.Job, frame, inv.Log)
		if err == nil {
			return w, started, nil
		}
		<-w.done
		if w.end.evidence.OverLimit && w.end.evidence.OOMKills > 0 {
			return w, started, nil // the job alone is more than its memory_limit_mb
		}
		if !errors.Is(err, errGone) {
			return nil, time.Time{}, err
		}
		s.pool.failed("a worker died before it had its job", causeOfDeath(&w.end))
	}
	e := overloaded("workers die before they get their job")
	e.Cause = errGone
	return nil, time.Time{}, e
}

// Check compiles a script in a worker, under the limits it will run with, but
// for no less than the default timeout_ms: how busy the machine is at this moment
// says nothing about the script. It gives the compiled form, which is empty if that
// takes more than to compile may. A script that does not compile, or cannot within
// its limits, is invalid_script; a check that ended otherwise, as by a signal, is
// the error it would be for a call.
func (s *Supervisor) Check(ctx context.Context, name, source string, l limits.Limits) (form []byte, err error) {
	l.TimeoutMS = max(l.TimeoutMS, limits.Defaults().TimeoutMS)
	check := func(purpose wire.Purpose) *Report {
		return s.invoke(ctx, Invocation{Job: &wire.Job{
			Purpose: purpose, InvocationID: rand.Text(), ScriptName: name, Source: source, Limits: l,
		}}, s.queue, checks)
	}
	r := check(wire.Compile)
	if ctx.Err() == nil && (r.Outcome == picloud.OutcomeLimitExceeded || r.Outcome == picloud.OutcomeWorkerKilled) {
		r = check(wire.Check)
	}
	if r.Err == nil {
		return r.Compiled, nil
	}
	if r.Err.Code != picloud.CodeInvalidScript && r.Outcome == picloud.OutcomeLimitExceeded {
		return nil, &picloud.Error{
			Code:    picloud.CodeInvalidScript,
			Message: "compiling it failed: " + r.Err.Message,
			Details: map[string]any{"line": 0, "detail": "compiling it failed: " + r.Err.Message},
			Cause:   r.Err,
		}
	}
	return nil, r.Err
}

// checks is the line of the queue that checks stand in, whatever the script: one that
// is called too much can be replaced by a better.
const checks = ""

func (s *Supervisor) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	s.inFlight.Add(1)
	return true
}

// Drain refuses new invocations from now on and waits for those that run or
// wait, until ctx ends.
func (s *Supervisor) Drain(ctx context.Context) error {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	finished := make(chan struct{})
	go func() {
		s.inFlight.Wait()
		close(finished)
	}()
	select {
	case <-finished:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// auditWait bounds how long an invocation, whose worker a filter has killed,
// waits to hear what for.
const auditWait = 200 * time.Millisecond

// Close ends what still runs, and returns when no worker and no cgroup is left.
// It may be called again.
func (s *Supervisor) Close() error {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()
	s.pool.close()
	s.inFlight.Wait()
	s.audit.close()
	s.config.Spawner.Close()
	return s.config.Enclosures.Close()
}

// refused is the Report of a job that no worker had.
func refused(err error) *Report {
	e := picloud.AsError(err)
	r := &Report{Outcome: picloud.OutcomeInternal, Err: e}
	switch {
	case e.Code == picloud.CodeOverloaded || e.Code == picloud.CodeShuttingDown:
		r.Outcome = picloud.OutcomeOverloaded
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errStopped):
		r.Outcome = picloud.OutcomeOverloaded
		r.Err = overloaded("the request ended before its turn came")
		r.Err.Cause = err
	}
	return r
}

func usage(w *worker, duration time.Duration) *Usage {
	u := &Usage{
		PID:             w.process.Pid,
		Operations:      -1,
		MemoryPeakBytes: w.end.evidence.PeakBytes,
		OOMKills:        w.end.evidence.OOMKills,
		Duration:        duration,
		CPU:             w.end.cpu,
	}
	if w.end.result != nil {
		u.Operations = w.end.result.Operations
	}
	if u.MemoryPeakBytes == 0 && w.end.state != nil {
		u.MemoryPeakBytes = maxResident(w.end.state)
	}
	return u
}
