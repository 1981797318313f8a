// Package compiled spares calls the compiling of their script.
//
// It stands between those who have scripts run and the supervisor. Of a script that is
// written, the worker that checks it gives the compiled form, which is stored with it;
// calls are given the form in the source's stead. A script without one that still
// holds, such as one from before the format changed, is compiled when it is called a
// second time, in a worker of its own, which gets the source and nothing else; that
// form is only remembered. No caller's worker ever says what a later one runs.
//
// It promises that a call runs exactly the source it came with: a form is used for
// the source, the name and the max_expr_depth that it was made from, and for nothing
// else. It compiles one script at a time, never keeps a call waiting for it, and
// holds a bounded amount of memory. A script that has no form, because it does not
// compile, or its form is too large or cannot be read, runs from source as if this
// package were not there. To it a form is a row of bytes: whether it is well made is
// for the worker to find out that is to run it, within the walls that are there for
// scripts.
package compiled

import (
	"bytes"
	"context"
	"crypto/rand"
	"sync"

	"go.uber.org/zap"

	"picloud"
	"picloud/limits"
	"picloud/store"
	"picloud/supervisor"
	"picloud/worker/wire"
)

// Executor runs invocations and compiles, see supervisor.Supervisor.
type Executor interface {
	Invoke(ctx context.Context, inv supervisor.Invocation) *supervisor.Report
	Check(ctx context.Context, name, source string, l limits.Limits) (form []byte, err error)
}

// Scripts has scripts run from the forms that it knows and remembers. It is for concurrent use.
type Scripts struct {
	next   Executor
	logger *zap.Logger

	ctx  context.Context // of what is compiled
	stop context.CancelFunc

	mu        sync.Mutex
	memory    memory
	compiling chan struct{} // closed when what is being compiled is; nil if nothing is
	closed    bool
}

// New gives Scripts that has everything run or checked by next.
func New(next Executor, logger *zap.Logger) *Scripts {
	s := &Scripts{next: next, logger: logger, memory: newMemory(maxScripts, maxBytes)}
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

// Check has a source compiled as it will be run, and gives the form that is to be
// stored with it, if there is one.
func (s *Scripts) Check(ctx context.Context, name, source string, l limits.Limits) (store.Form, error) {
	form, err := s.next.Check(ctx, name, source, l)
	if err != nil || len(form) == 0 {
		return store.Form{}, err
	}
	return store.Form{Key: script{name, source, l.MaxExprDepth}.key(), Bytes: form}, nil
}

// Invoke runs one job of a script: from stored, if that is a form of it, from a form
// that is remembered, or from source.
func (s *Scripts) Invoke(ctx context.Context, inv supervisor.Invocation, stored store.Form) *supervisor.Report {
	of := scriptOf(inv.Job)
	form, wanted := s.form(of, stored)
	if len(form) == 0 {
		report := s.next.Invoke(ctx, inv)
		if wanted {
			s.compile(of, inv.Job.Limits)
		}
		return report
	}
	job := *inv.Job
	job.Source, job.Compiled = "", form
	report := s.next.Invoke(ctx, supervisor.Invocation{Job: &job, Log: inv.Log})
	if report.Err == nil || report.Err.Code != picloud.CodeInvalidScript {
		return report
	}
	// Its worker could not read it, or not all of it: what has run of the script is as
	// if it had not, but for its log lines, which may come twice.
	s.logger.Warn("a compiled form cannot be read; the script is run from source", zap.String("script", of.name))
	s.mu.Lock()
	s.memory.unreadable(of)
	s.mu.Unlock()
	return s.next.Invoke(ctx, inv)
}

// form gives what a script may be run from, and tells whether it is time to make
// it.
func (s *Scripts) form(of script, stored store.Form) (form []byte, wanted bool) {
	s.mu.Lock()
	known := s.memory.knows(of)
	s.mu.Unlock()
	if size := len(stored.Bytes); !known && size > 0 && size <= wire.MaxCompiled && bytes.Equal(stored.Key, of.key()) {
		form = stored.Bytes
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.memory.called(of, form)
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
		return r.Compiled, true
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
