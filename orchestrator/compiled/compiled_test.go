package compiled

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"picloud"
	"picloud/limits"
	"picloud/store"
	"picloud/supervisor"
	"picloud/worker/wire"
)

// recorder is an Executor that notes how scripts are run, and compiles by
// putting "form of " before the source.
type recorder struct {
	mu       sync.Mutex
	ran      []string // what each call ran
	compiled []wire.Job
	report   func(*wire.Job) *supervisor.Report // another answer than ok, if it gives one
	hold     chan struct{}                      // compiling waits for it, or for its context
}

func (r *recorder) Invoke(ctx context.Context, inv supervisor.Invocation) *supervisor.Report {
	r.mu.Lock()
	report := r.report
	what := inv.Job.Source + string(inv.Job.Compiled)
	if inv.Job.Purpose == wire.Compile {
		r.compiled = append(r.compiled, *inv.Job)
	} else {
		r.ran = append(r.ran, what)
	}
	r.mu.Unlock()
	if inv.Job.Purpose == wire.Compile && r.hold != nil {
		select {
		case <-r.hold:
		case <-ctx.Done():
			return &supervisor.Report{Outcome: picloud.OutcomeWorkerKilled, Err: &picloud.Error{Code: picloud.CodeWorkerKilled}}
		}
	}
	if report != nil {
		if answer := report(inv.Job); answer != nil {
			return answer
		}
	}
	return &supervisor.Report{Outcome: picloud.OutcomeOK, Compiled: []byte("form of " + what)}
}

func (r *recorder) Check(_ context.Context, name, source string, _ limits.Limits) ([]byte, error) {
	if source == "bad" {
		return nil, &picloud.Error{Code: picloud.CodeInvalidScript}
	}
	return []byte("checked " + name + " " + source), nil
}

func (r *recorder) last() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ran[len(r.ran)-1]
}

func (r *recorder) compilations() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.compiled)
}

// call runs a script and waits for what is compiled because of it.
func call(s *Scripts, name, source string, depth int64) *supervisor.Report {
	return callStored(s, name, source, depth, store.Form{})
}

func callStored(s *Scripts, name, source string, depth int64, form store.Form) *supervisor.Report {
	l := limits.Defaults()
	l.MaxExprDepth = depth
	report := s.Invoke(context.Background(), supervisor.Invocation{Job: &wire.Job{Purpose: wire.Run, ScriptName: name, Source: source, Limits: l}}, form)
	s.mu.Lock()
	compiling := s.compiling
	s.mu.Unlock()
	if compiling != nil {
		<-compiling
	}
	return report
}

func TestWhatCallsRun(t *testing.T) {
	r := &recorder{}
	s := New(r, zap.NewNop())
	defer s.Close()
	for _, c := range []struct {
		say          string
		name, source string
		depth        int64
		runs         string
		compilations int
	}{
		{"a first call", "a", "A", 64, "A", 0},
		{"a second, after which it is compiled", "a", "A", 64, "A", 1},
		{"a third", "a", "A", 64, "form of A", 1},
		{"another name with the same source", "b", "A", 64, "A", 1},
		{"a new version", "a", "A2", 64, "A2", 1},
		{"and again", "a", "A2", 64, "A2", 2},
		{"its form", "a", "A2", 64, "form of A2", 2},
		{"the old one", "a", "A", 64, "A", 2},
		{"another depth", "a", "A", 32, "A", 2},
		{"and again", "a", "A", 32, "A", 3},
		{"its form", "a", "A", 32, "form of A", 3},
	} {
		if report := call(s, c.name, c.source, c.depth); report.Err != nil {
			t.Errorf("%s: %v", c.say, report.Err)
		}
		if r.last() != c.runs || r.compilations() != c.compilations {
			t.Errorf("%s: ran %q, %d compiled so far", c.say, r.last(), r.compilations())
		}
	}
	// The worker that compiles has the source and nothing of a caller's.
	for _, job := range r.compiled {
		if job.InvocationID == "" || job.Request.Method != "" || job.Request.Body != nil || len(job.Compiled) != 0 {
			t.Errorf("%+v", job)
		}
	}
}

// A script without a form runs from source, and is not compiled for every call.
func TestScriptsWithoutForm(t *testing.T) {
	answer := func(o picloud.Outcome, code picloud.Code) func(*wire.Job) *supervisor.Report {
		return func(j *wire.Job) *supervisor.Report {
			if j.Purpose == wire.Run {
				return nil
			}
			r := &supervisor.Report{Outcome: o}
			if code != "" {
				r.Err = &picloud.Error{Code: code, Message: "no"}
			}
			return r
		}
	}
	for name, c := range map[string]struct {
		report func(*wire.Job) *supervisor.Report
		want   int // compilations in ten calls
	}{
		"does not compile":            {answer(picloud.OutcomeScriptError, picloud.CodeInvalidScript), 1},
		"takes too long":              {answer(picloud.OutcomeTimeout, picloud.CodeTimeout), 1},
		"kills its worker":            {answer(picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled), 1},
		"has too large a form":        {answer(picloud.OutcomeOK, ""), 1},
		"comes on a busy machine":     {answer(picloud.OutcomeOverloaded, picloud.CodeOverloaded), 9},
		"comes on a machine at fault": {answer(picloud.OutcomeInternal, picloud.CodeInternal), 9},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{report: c.report}
			s := New(r, zap.NewNop())
			defer s.Close()
			for range 10 {
				if report := call(s, "a", "A", 64); report.Err != nil || r.last() != "A" {
					t.Fatalf("%v, ran %q", report.Err, r.last())
				}
			}
			if got := r.compilations(); got != c.want {
				t.Errorf("compiled %d times, not %d", got, c.want)
			}
		})
	}
}

// A form that a worker cannot read is not used again. What a script does wrong of
// its own is no reason.
func TestBrokenForm(t *testing.T) {
	code := picloud.CodeScriptError
	r := &recorder{report: func(j *wire.Job) *supervisor.Report {
		if len(j.Compiled) == 0 {
			return nil
		}
		return &supervisor.Report{Outcome: picloud.OutcomeScriptError, Err: &picloud.Error{Code: code}}
	}}
	s := New(r, zap.NewNop())
	defer s.Close()
	for range 2 {
		call(s, "a", "A", 64)
	}
	for range 2 {
		if call(s, "a", "A", 64); r.last() != "form of A" {
			t.Fatalf("ran %q", r.last())
		}
	}
	code = picloud.CodeInvalidScript
	for range 3 { // nor does who calls first notice
		if report := call(s, "a", "A", 64); report.Err != nil || r.last() != "A" || r.compilations() != 1 {
			t.Errorf("%v, ran %q after %d compilations", report.Err, r.last(), r.compilations())
		}
	}
}

// A form that was stored is used from the first call on, for what it is a form of.
func TestStoredForms(t *testing.T) {
	r := &recorder{}
	of := func(name, source string, depth int64) store.Form {
		t.Helper()
		l := limits.Defaults()
		l.MaxExprDepth = depth
		form, err := New(r, zap.NewNop()).Check(t.Context(), name, source, l)
		if err != nil {
			t.Fatal(err)
		}
		return form
	}
	good := of("a", "A", 64)
	if string(good.Bytes) != "checked a A" {
		t.Errorf("the form is %q", good.Bytes)
	}
	for say, c := range map[string]struct {
		form store.Form
		runs string // at the first call
	}{
		"its form":                           {good, "checked a A"},
		"none":                               {store.Form{}, "A"},
		"another script's":                   {of("b", "A", 64), "A"},
		"the one before's, of one's name":    {of("a", "B", 64), "A"},
		"of another depth":                   {of("a", "A", 65), "A"},
		"without a key":                      {store.Form{Bytes: []byte("form")}, "A"},
		"a key without a form":               {store.Form{Key: good.Key}, "A"},
		"where one text begins and one ends": {of("a6", "A", 4), "A"},
	} {
		s, before := New(r, zap.NewNop()), r.compilations()
		for range 2 {
			if callStored(s, "a", "A", 64, c.form); r.last() != c.runs {
				t.Errorf("%s: ran %q", say, r.last())
			}
		}
		if compiled := r.compilations() > before; compiled != (c.runs == "A") {
			t.Errorf("%s: compiled when called twice: %t", say, compiled)
		}
		callStored(s, "a", "A2", 64, c.form) // a new version, with the old one's form
		if r.last() != "A2" {
			t.Errorf("%s: of another source, ran %q", say, r.last())
		}
		s.Close()
	}
	if form, err := New(r, zap.NewNop()).Check(t.Context(), "a", "bad", limits.Defaults()); picloud.ErrorCode(err) != picloud.CodeInvalidScript || form.Key != nil {
		t.Errorf("of a source that does not compile: %q, %v", form, err)
	}
}

// A stored form that a worker cannot read is said, and made anew like one that is
// missing.
func TestBrokenStoredForm(t *testing.T) {
	bad := "checked a A"
	r := &recorder{report: func(j *wire.Job) *supervisor.Report {
		if string(j.Compiled) != bad {
			return nil
		}
		return &supervisor.Report{Outcome: picloud.OutcomeScriptError, Err: &picloud.Error{Code: picloud.CodeInvalidScript}}
	}}
	core, said := observer.New(zap.WarnLevel)
	s := New(r, zap.New(core))
	defer s.Close()
	stored, err := s.Check(t.Context(), "a", "A", limits.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	depth := limits.Defaults().MaxExprDepth
	for i, want := range []string{"A", "A", "form of A", "form of A"} {
		if report := callStored(s, "a", "A", depth, stored); report.Err != nil || r.last() != want {
			t.Errorf("call %d: %v, ran %q, want %q", i, report.Err, r.last(), want)
		}
	}
	if n := said.Len(); n != 1 {
		t.Errorf("it is said %d times", n)
	}
}

// What is remembered stays within both bounds, and what was called last stays.
func TestMemoryIsBounded(t *testing.T) {
	const scripts, bytes = 8, 64 << 10
	m := newMemory(scripts, bytes)
	for i := range 1000 {
		of := script{name: fmt.Sprint(i % 13), source: strings.Repeat("x", 1000*(i%7)), maxDepth: 1}
		m.called(of, nil)
		if i%3 == 0 {
			m.settle(of, make([]byte, 3000*(i%5)))
		}
		m.settle(script{name: "another"}, make([]byte, bytes))
		sum := 0
		for _, e := range m.All() {
			sum += e.size()
		}
		if len(m.All()) > scripts || sum > bytes {
			t.Fatalf("%d scripts, %d bytes", len(m.All()), sum)
		}
		if e, ok := m.Peek(of.name); !ok || e.script != of {
			t.Fatalf("%q was forgotten at once", of.name)
		}
	}
	large := script{name: "large", maxDepth: 1}
	m.called(large, nil)
	before := len(m.All())
	if m.settle(large, make([]byte, bytes+1)); len(m.All()) != before-1 {
		t.Errorf("%d scripts are left of %d", len(m.All()), before)
	}
}

// Calls do not wait for what is compiled, of which there is one at a time; Close
// does, and ends it.
func TestCompilingKeepsNobodyWaiting(t *testing.T) {
	r := &recorder{hold: make(chan struct{})}
	s := New(r, zap.NewNop())
	var callers sync.WaitGroup
	for i := range 8 {
		callers.Go(func() {
			for range 50 {
				l := limits.Defaults()
				name := fmt.Sprint(i % 3)
				report := s.Invoke(context.Background(), supervisor.Invocation{Job: &wire.Job{Purpose: wire.Run, ScriptName: name, Source: name, Limits: l}}, store.Form{})
				if report.Err != nil {
					t.Error(report.Err)
				}
			}
		})
	}
	callers.Wait()
	s.Close()
	if n := r.compilations(); n != 1 {
		t.Errorf("%d are being compiled", n)
	}
	for range 3 {
		if call(s, "0", "0", 64); r.compilations() != 1 {
			t.Error("compiled after Close")
		}
	}
}
