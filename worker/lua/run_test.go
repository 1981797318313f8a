package lua

import (
	"fmt"
	"testing"

	"picloud/limits"
	"picloud/worker/wire"
)

// job is a job for source under the platform's defaults, which change may
// change.
func job(source string, change ...func(*wire.Job)) *wire.Job {
	j := &wire.Job{
		Purpose: wire.Run, InvocationID: "inv-1", ScriptName: "test", Version: 3,
		Source: source, Limits: limits.Defaults(),
	}
	for _, c := range change {
		c(j)
	}
	return j
}

func with(f limits.Field, value int64) func(*wire.Job) {
	return func(j *wire.Job) { j.Limits.Set(f, value) }
}

func operations(n int64) func(*wire.Job) { return with(limits.MaxOperations, n) }
func levels(n int64) func(*wire.Job)     { return with(limits.MaxCallLevels, n) }
func depth(n int64) func(*wire.Job)      { return with(limits.MaxExprDepth, n) }

// roomy sets the limits on sizes as high as they can be.
func roomy(j *wire.Job) {
	for _, f := range []limits.Field{limits.MaxStringSize, limits.MaxArraySize, limits.MaxMapSize} {
		spec, _ := limits.Lookup(f)
		j.Limits.Set(f, spec.Maximum)
	}
}

func check(j *wire.Job) { j.Purpose = wire.Check }

// do does a job in an interpreter of its own and checks what holds for every
// result.
func do(t testing.TB, j *wire.Job) (*wire.Result, []*wire.Log) {
	t.Helper()
	in, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var logs []*wire.Log
	r := in.Do(j, func(l *wire.Log) { logs = append(logs, l) })
	if _, err := r.Encode(); err != nil {
		t.Fatalf("the result cannot be sent: %v\n%+v", err, r)
	}
	budget := wire.LogBudget
	for i, l := range logs {
		budget -= wire.LogCost(l.Message)
		if _, err := l.Encode(); err != nil || l.Cut && i < len(logs)-1 {
			t.Fatalf("log line %d of %d: %v, cut %v", i, len(logs), err, l.Cut)
		}
	}
	if budget < 0 {
		t.Fatalf("the log is %d bytes over its budget", -budget)
	}
	audit(t, in, j)
	if r.Operations < 0 || r.Operations > j.Limits.MaxOperations {
		t.Fatalf("%d operations of %d", r.Operations, j.Limits.MaxOperations)
	}
	return r, logs
}

func run(t testing.TB, source string, change ...func(*wire.Job)) *wire.Result {
	t.Helper()
	r, _ := do(t, job(source, change...))
	return r
}

// show is a result in a few words, for comparing.
func show(r *wire.Result) string {
	switch r.Status {
	case wire.StatusOK:
		return fmt.Sprintf("%d %s", r.Response.Status, r.Response.Body)
	case wire.StatusScriptError:
		return fmt.Sprintf("error at %d: %s", r.Line, r.Message)
	case wire.StatusLimitExceeded:
		return "limit " + string(r.Limit)
	case wire.StatusInvalidScript:
		return fmt.Sprintf("invalid at %d: %s", r.Line, r.Message)
	}
	return fmt.Sprintf("status %d", r.Status)
}

// expect runs source and compares the result.
func expect(t testing.TB, want, source string, change ...func(*wire.Job)) {
	t.Helper()
	if got := show(run(t, source, change...)); got != want {
		t.Errorf("got  %s\nwant %s\nfor %.300s", got, want, source)
	}
}
