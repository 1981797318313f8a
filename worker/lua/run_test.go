package lua

import (
	"strings"
	"testing"

	"picloud/limits"
	"picloud/worker/wire"
)

// outcome is what a test looks at after a run.
type outcome struct {
	*wire.Result
	logs []*wire.Log
}

func (o outcome) body() string { return string(o.Response.Body) }

func newJob(source string) *wire.Job {
	return &wire.Job{
		Purpose: wire.Run, InvocationID: "inv-1", ScriptName: "hello", Version: 3,
		Source: source, Limits: limits.Defaults(),
		Request: wire.Request{
			Method: "POST", Path: "/a/b", Body: []byte("body"),
			Query:   []wire.Pair{{Name: "q", Value: "1"}},
			Headers: []wire.Pair{{Name: "x-test", Value: "yes"}},
		},
	}
}

func do(t testing.TB, job *wire.Job) outcome {
	t.Helper()
	in, err := New()
	if err != nil {
		t.Fatal(err)
	}
	var o outcome
	o.Result = in.Do(job, func(l *wire.Log) { o.logs = append(o.logs, l) })
	if o.Result == nil {
		t.Fatal("no result")
	}
	return o
}

func runScript(t testing.TB, source string) outcome {
	t.Helper()
	return do(t, newJob(source))
}

// runWith runs a script with one limit changed.
func runWith(t testing.TB, source string, f limits.Field, value int64) outcome {
	t.Helper()
	job := newJob(source)
	job.Limits.Set(f, value)
	return do(t, job)
}

func wantOK(t *testing.T, o outcome) {
	t.Helper()
	if o.Status != wire.StatusOK {
		t.Fatalf("status %d, limit %q, line %d: %s", o.Status, o.Limit, o.Line, o.Message)
	}
}

func wantLimit(t *testing.T, o outcome, f limits.Field) {
	t.Helper()
	if o.Status != wire.StatusLimitExceeded || o.Limit != f {
		t.Fatalf("status %d, limit %q, want %q; line %d: %s; body %.80q", o.Status, o.Limit, f, o.Line, o.Message, o.body())
	}
}

func wantError(t *testing.T, o outcome, line int, text string) {
	t.Helper()
	if o.Status != wire.StatusScriptError || o.Line != line || !strings.Contains(o.Message, text) {
		t.Fatalf("status %d, line %d: %q; want a script error at line %d with %q", o.Status, o.Line, o.Message, line, text)
	}
}

func TestHello(t *testing.T) {
	o := runScript(t, `return "hello " .. ctx.request.method .. ctx.script.version`)
	wantOK(t, o)
	if o.body() != "hello POST3" || o.Response.Status != 200 || o.Operations == 0 {
		t.Errorf("%+v", o.Result)
	}
}
