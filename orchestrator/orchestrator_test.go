package orchestrator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"picloud"
	"picloud/limits"
	"picloud/store"
	"picloud/supervisor"
	"picloud/worker/wire"
)

// scripts is a store with one script in it.
type scripts struct {
	script  store.Script
	ceiling map[limits.Field]int64
	err     error
}

func (s scripts) LookUp(_ context.Context, name string) (store.Script, map[limits.Field]int64, error) {
	if s.err != nil {
		return store.Script{}, nil, s.err
	}
	if name != s.script.Name {
		return store.Script{}, nil, store.NotFound(name)
	}
	return s.script, s.ceiling, nil
}

// executor answers every job with the same report, and keeps the job.
type executor struct {
	report supervisor.Report
	job    *wire.Job
	line   *wire.Log
}

func (e *executor) Invoke(_ context.Context, inv supervisor.Invocation, _ store.Form) *supervisor.Report {
	e.job = inv.Job
	if e.line != nil {
		inv.Log(e.line)
	}
	r := e.report
	return &r
}

type fixture struct {
	scripts  scripts
	executor executor
	registry *prometheus.Registry
	logs     *observer.ObservedLogs
}

func newFixture() *fixture {
	return &fixture{
		scripts:  scripts{script: store.Script{Name: "one", Source: "return 1", Version: 3, Enabled: true}},
		executor: executor{report: ok(wire.Response{Status: 200, Body: []byte("hi")})},
	}
}

func ok(r wire.Response) supervisor.Report {
	return supervisor.Report{Outcome: picloud.OutcomeOK, Response: r, Usage: &supervisor.Usage{PID: 9, Operations: 5}}
}

// noCeiling is an environment that says nothing.
func noCeiling() map[limits.Field]int64 { return nil }

func (f *fixture) serve(t *testing.T, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	f.orchestrator(t).ServeHTTP(w, r)
	return w
}

func (f *fixture) orchestrator(t *testing.T) *Orchestrator {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	f.logs, f.registry = logs, prometheus.NewRegistry()
	metrics, err := NewMetrics(f.registry)
	if err != nil {
		t.Fatal(err)
	}
	return New(Config{Scripts: f.scripts, Executor: &f.executor, EnvCeiling: noCeiling, BodyBytes: 4 << 20, Metrics: metrics, Logger: zap.New(core)})
}

func code(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var body struct{ Code string }
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return body.Code
}

// A worker may be captured: what it sends as headers is filtered, or is no answer.
func TestHeadersOfACapturedWorker(t *testing.T) {
	f := newFixture()
	f.executor.report = ok(wire.Response{Status: 200, Body: []byte("hi"), Headers: []wire.Pair{
		{Name: "X-Fine", Value: "1"}, {Name: "Connection", Value: "close"}, {Name: "transfer-encoding", Value: "chunked"},
		{Name: "Content-Length", Value: "999"}, {Name: "PiCloud-Operations", Value: "0"}, {Name: "picloud-anything", Value: "x"},
	}})
	w := f.serve(t, httptest.NewRequest("GET", "/run/one", nil))
	if w.Code != 200 || w.Header().Get("X-Fine") != "1" || w.Header().Get("Content-Length") != "2" ||
		w.Header().Get("PiCloud-Operations") != "5" || w.Header().Get("Connection") != "" ||
		w.Header().Get("Transfer-Encoding") != "" || w.Header().Get("PiCloud-Anything") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if w.Header().Get("Content-Type") != "application/octet-stream" {
		t.Errorf("Content-Type %q is left to guessing", w.Header().Get("Content-Type"))
	}
	for _, r := range []wire.Response{
		{Status: 200, Headers: []wire.Pair{{Name: "X\r\nSet-Cookie", Value: "a"}}},
		{Status: 200, Headers: []wire.Pair{{Name: "X", Value: "a\r\nSet-Cookie: b"}}},
		{Status: 200, Headers: []wire.Pair{{Name: "", Value: "a"}}},
		{Status: 101},
		{Status: 0},
	} {
		f.executor.report = ok(r)
		if w := f.serve(t, httptest.NewRequest("GET", "/run/one", nil)); w.Code != 502 || code(t, w) != "worker_killed" || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%+v: %d %v", r, w.Code, w.Header())
		}
	}
}

func TestBodilessAnswers(t *testing.T) {
	f := newFixture()
	for _, c := range []struct {
		method string
		status int
		body   string
		length string
	}{{"HEAD", 200, "", "2"}, {"GET", 204, "", ""}, {"GET", 205, "", "0"}, {"GET", 304, "", ""}, {"GET", 404, "hi", "2"}} {
		f.executor.report = ok(wire.Response{Status: c.status, Body: []byte("hi")})
		w := f.serve(t, httptest.NewRequest(c.method, "/run/one", nil))
		if w.Code != c.status || w.Body.String() != c.body || w.Header().Get("Content-Length") != c.length {
			t.Errorf("%s %d: %d %q %v", c.method, c.status, w.Code, w.Body, w.Header())
		}
	}
}

// A request that is refused before it is looked at is answered and recorded like
// one that is refused after.
func TestRefuse(t *testing.T) {
	f := newFixture()
	w := httptest.NewRecorder()
	o := f.orchestrator(t)
	o.Refuse(w, httptest.NewRequest("GET", "/run/one/a", nil), badRequest("no", nil))
	if w.Code != 400 || code(t, w) != "bad_request" || f.executor.job != nil {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	id := w.Header().Get("PiCloud-Invocation-Id")
	if n := f.logs.FilterMessage("request refused").FilterField(zap.String("invocation_id", id)).FilterField(zap.String("script", "one")).Len(); id == "" || n != 1 {
		t.Errorf("request %q is %d times in the log", id, n)
	}
}

func TestJob(t *testing.T) {
	f := newFixture()
	f.scripts.script.Overrides.TimeoutMS = new(int64(70))
	f.scripts.ceiling = map[limits.Field]int64{limits.MaxMapSize: 5}
	r := httptest.NewRequest("PUT", "/run/one/a//%2e%2e/b?b=2&a=1&a=3&c", strings.NewReader("body"))
	r.Host = "example.org"
	r.Header.Add("Accept", "x")
	r.Header.Add("Accept", "y")
	r.Header.Add("Cookie", "k=v")
	r.Header.Add("Cookie", "l=w")
	f.serve(t, r)
	want := limits.Defaults()
	want.TimeoutMS, want.MaxMapSize = 70, 5
	job := f.executor.job
	if job.Limits != want {
		t.Errorf("limits %+v", job.Limits)
	}
	got := fmt.Sprintf("%d %s %d %s %s %s %v %v %s", job.Purpose, job.ScriptName, job.Version, job.Source,
		job.Request.Method, job.Request.Path, job.Request.Query, job.Request.Headers, job.Request.Body)
	if want := "1 one 3 return 1 PUT /a//../b [{a 1} {b 2} {c }] [{accept x, y} {cookie k=v; l=w} {host example.org}] body"; got != want {
		t.Errorf("job %s\nwant %s", got, want)
	}
	if len(job.InvocationID) < 16 {
		t.Errorf("invocation id %q", job.InvocationID)
	}
}

func TestRefusals(t *testing.T) {
	big := httptest.NewRequest("POST", "/run/one", strings.NewReader(strings.Repeat("x", 262_145)))
	unsized := httptest.NewRequest("POST", "/run/one", struct{ *strings.Reader }{strings.NewReader(strings.Repeat("x", 262_145))})
	unsized.ContentLength = -1
	manyHeaders := httptest.NewRequest("GET", "/run/one", nil)
	for i := range wire.MaxPairs + 1 {
		manyHeaders.Header.Set(fmt.Sprintf("X-%d", i), "v")
	}
	for name, c := range map[string]struct {
		request *http.Request
		change  func(*fixture)
		status  int
		code    string
	}{
		"no such script":       {httptest.NewRequest("GET", "/run/two", nil), nil, 404, "script_not_found"},
		"a name that is none":  {httptest.NewRequest("GET", "/run/ONE", nil), nil, 404, "script_not_found"},
		"no name":              {httptest.NewRequest("GET", "/run/", nil), nil, 404, "script_not_found"},
		"disabled":             {httptest.NewRequest("GET", "/run/one", nil), func(f *fixture) { f.scripts.script.Enabled = false }, 404, "script_not_found"},
		"database away":        {httptest.NewRequest("GET", "/run/one", nil), func(f *fixture) { f.scripts.err = store.Unavailable(errors.New("secret host")) }, 503, "store_unavailable"},
		"unknown error":        {httptest.NewRequest("GET", "/run/one", nil), func(f *fixture) { f.scripts.err = errors.New("secret host") }, 500, "internal"},
		"body announced large": {big, nil, 413, "request_too_large"},
		"body found large":     {unsized, nil, 413, "request_too_large"},
		"broken query":         {httptest.NewRequest("GET", "/run/one?a=%zz", nil), nil, 400, "bad_request"},
		"too many headers":     {manyHeaders, nil, 400, "bad_request"},
		"long path":            {httptest.NewRequest("GET", "/run/one/"+strings.Repeat("x", wire.MaxPath), nil), nil, 400, "bad_request"},
	} {
		f := newFixture()
		if c.change != nil {
			c.change(f)
		}
		w := f.serve(t, c.request)
		if w.Code != c.status || code(t, w) != c.code || f.executor.job != nil {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: the inside leaks: %s", name, w.Body)
		}
		if w.Header().Get("PiCloud-Invocation-Id") == "" || w.Header().Get("PiCloud-Operations") != "" {
			t.Errorf("%s: headers %v", name, w.Header())
		}
		if (w.Header().Get("Retry-After") != "") != (w.Code == 503) {
			t.Errorf("%s: Retry-After %q", name, w.Header().Get("Retry-After"))
		}
	}
}

// Every call leaves one record, with the outcome's own word.
func TestRecords(t *testing.T) {
	for _, outcome := range picloud.Outcomes() {
		f := newFixture()
		f.executor.report.Outcome = outcome
		if outcome != picloud.OutcomeOK {
			f.executor.report.Err = &picloud.Error{Code: picloud.Code(outcome), Message: "m"}
		}
		f.serve(t, httptest.NewRequest("GET", "/run/one", nil))
		if n := f.logs.FilterMessage("invocation").FilterField(zap.String("outcome", string(outcome))).Len(); n != 1 {
			t.Errorf("%s: %d lines in the log", outcome, n)
		}
		families, err := f.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for _, family := range families {
			if family.GetName() != "picloud_invocations_total" {
				continue
			}
			for _, m := range family.Metric {
				sum += m.GetCounter().GetValue()
				if m.GetCounter().GetValue() == 1 && m.Label[0].GetValue() != string(outcome) {
					t.Errorf("%s is counted as %s", outcome, m.Label[0].GetValue())
				}
			}
		}
		if sum != 1 {
			t.Errorf("%s: %v invocations counted", outcome, sum)
		}
	}
}

// A caller that goes while the database is asked is no error of ours.
func TestCallerGoneEarly(t *testing.T) {
	f := newFixture()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.scripts.err = store.Unavailable(ctx.Err())
	f.serve(t, httptest.NewRequestWithContext(ctx, "GET", "/run/one", nil))
	lines := f.logs.FilterMessage("invocation").All()
	if len(lines) != 1 || lines[0].Level != zap.InfoLevel || lines[0].ContextMap()["outcome"] != string(picloud.OutcomeOverloaded) ||
		lines[0].ContextMap()["caller_gone"] != true {
		t.Errorf("%+v", lines)
	}
}

// A script's words are a field of the log's line, never its message.
func TestScriptLogs(t *testing.T) {
	f := newFixture()
	f.executor.line = &wire.Log{Level: wire.Warn, Message: "forged\nline", Cut: true}
	f.serve(t, httptest.NewRequest("GET", "/run/one", nil))
	lines := f.logs.FilterMessage("script log").All()
	if len(lines) != 1 || lines[0].Level != zap.WarnLevel || lines[0].ContextMap()["text"] != "forged\nline" ||
		lines[0].ContextMap()["cut"] != true || lines[0].ContextMap()["script"] != "one" {
		t.Errorf("%+v", lines)
	}
}

// Each call runs under the ceiling as it is then, in the database and in the
// environment.
func TestCeilingOfTheMoment(t *testing.T) {
	f := newFixture()
	metrics, err := NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	var environment map[limits.Field]int64
	o := New(Config{
		Scripts: &f.scripts, Executor: &f.executor, BodyBytes: 4 << 20, Metrics: metrics, Logger: zap.NewNop(),
		EnvCeiling: func() map[limits.Field]int64 { return environment },
	})
	call := func() limits.Limits {
		o.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/run/one", nil))
		return f.executor.job.Limits
	}
	defaults := limits.Defaults()
	for _, step := range []struct {
		database, environment map[limits.Field]int64
		want                  int64
	}{
		{nil, nil, defaults.MaxMapSize},
		{map[limits.Field]int64{limits.MaxMapSize: 7}, nil, 7},
		{map[limits.Field]int64{limits.MaxMapSize: 8}, nil, 8},
		{map[limits.Field]int64{limits.MaxMapSize: 8}, map[limits.Field]int64{limits.MaxMapSize: 5}, 5},
		{map[limits.Field]int64{limits.MaxMapSize: 8}, map[limits.Field]int64{limits.MaxMapSize: 6}, 6},
		{nil, nil, defaults.MaxMapSize},
	} {
		f.scripts.ceiling, environment = step.database, step.environment
		for range 2 {
			if got := call().MaxMapSize; got != step.want {
				t.Errorf("%+v: max_map_size %d", step, got)
			}
		}
	}
}
