// Package compiled spares calls the compiling of their script.
//
// It stands between those who have scripts run and the supervisor. A script that is
// called a second time is compiled in a worker of its own, which gets the source and
// nothing else; calls from then on are given the compiled form in the source's
// stead. No caller's worker ever says what a later one runs.
//
// It promises that a call runs exactly the source it came with: a form is used for
// the source, the name and the max_expr_depth that it was made from, and for nothing
// else. It compiles one script at a time, never keeps a call waiting for it, and
// holds a bounded amount of memory. A script that has no form, because it does not
// compile, or its form is too large, runs from source as if this package were not
// there. To it a form is a row of bytes: whether it is well made is for the worker
// to find out that is to run it, within the walls that are there for scripts.
package compiled

import (
	"context"
	"crypto/rand"
	"slices"
	"sync"

	"picloud"
	"picloud/limits"
	"picloud/supervisor"
	"picloud/worker/wire"
)

// Executor runs invocations, see supervisor.Supervisor.
type Executor interface {
	Invoke(ctx context.Context, inv supervisor.Invocation) *supervisor.Report
}

// Scripts is an Executor that remembers forms. It is for concurrent use.
type Scripts struct {
	next Executor

	ctx  context.Context // of what is compiled
	stop context.CancelFunc

	mu        sync.Mutex
	memory    memory
	compiling chan struct{} // closed when what is being compiled is; nil if nothing is
	closed    bool
}

// New gives Scripts that has everything run by next.
func New(next Executor) *Scripts {
	s := &Scripts{next: next, memory: newMemory(maxScripts, maxBytes)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	return s
}

// Close ends what is being compiled and waits for it. Invocations go on, and
// nothing is compiled for them any more.
func (s *Scripts) Close() {
	s.stop()
	s.mu.Lock()
	s.closed = true
	compiling := s.compiling
	s.mu.Unlock()
	if compiling != nil {
		<-compiling
	}
}

// Forms is how many scripts are remembered that have a form.
func (s *Scripts) Forms() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.memory.forms()
}

// Invoke runs one job, from its script's form if there is one.
func (s *Scripts) Invoke(ctx context.Context, inv supervisor.Invocation) *supervisor.Report {
	if inv.Job.Purpose != wire.Run {
		return s.next.Invoke(ctx, inv)
	}
	of := scriptOf(inv.Job)
	form, wanted := s.form(of)
	if len(form) > 0 {
		job := *inv.Job
		job.Source, job.Compiled = "", form
		inv.Job = &job
	}
	report := s.next.Invoke(ctx, inv)
	switch {
	case wanted:
		s.compile(of, inv.Job.Limits)
	case len(form) > 0 && report.Err != nil && report.Err.Code == picloud.CodeInvalidScript:
		s.settle(of, nil) // its worker could not read it; from source it may run
	}
	return report
}

// form gives what a script may be run from, and tells whether it is time to make
// it.
func (s *Scripts) form(of script) (form []byte, wanted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.memory.called(of)
	return e.form, e.calls > 1 && !e.settled && s.compiling == nil && !s.closed
}

// compile makes a script's form, unless another one is being made.
func (s *Scripts) compile(of script, l limits.Limits) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.compiling != nil || s.closed {
		return
	}
	done := make(chan struct{})
	s.compiling = done
	go func() {
		defer close(done)
		form, settled := s.make(of, l)
		if settled {
			s.settle(of, form)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.compiling = nil
	}()
}

// make has a worker compile. What is not settled is worth another try: the
// machine had no time for it.
func (s *Scripts) make(of script, l limits.Limits) (form []byte, settled bool) {
	// how busy the machine is at this moment says nothing about the script
	l.TimeoutMS = max(l.TimeoutMS, limits.Defaults().TimeoutMS)
	r := s.next.Invoke(s.ctx, supervisor.Invocation{Job: &wire.Job{
		Purpose: wire.Compile, InvocationID: rand.Text(), ScriptName: of.name, Source: of.source, Limits: l,
	}})
	switch r.Outcome {
	case picloud.OutcomeOK:
		return slices.Clip(slices.Clone(r.Compiled)), true // without the rest of its frame
	case picloud.OutcomeOverloaded, picloud.OutcomeInternal:
		return nil, false
	}
	return nil, s.ctx.Err() == nil
}

// settle notes what a script is run from, nil for its source. It may have been
// forgotten, or another one have taken its name.
func (s *Scripts) settle(of script, form []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.memory.settle(of, form)
}
