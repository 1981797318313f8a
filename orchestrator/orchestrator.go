// Package orchestrator takes HTTP requests for scripts, has them run and sends
// the answers.
//
// It promises that every request below /run/ gets exactly one answer: the
// script's, or a problem document; that limits are merged anew for each call;
// that an answer carries the invocation's id and, once it ran, what it used; and
// that one line in the log and one in the metrics record each, unless a bug of our
// own ends the handler, which the daemon answers and logs. Of what a worker
// sends back it passes on only what HTTP allows and the script may say; and that
// the bodies it holds in memory are bounded in all, whoever sends or receives them
// slowly.
//
// It never changes anything stored and never compiles or runs a script itself.
package orchestrator

import (
	"context"
	"crypto/rand"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"picloud"
	"picloud/limits"
	"picloud/problem"
	"picloud/store"
	"picloud/supervisor"
	"picloud/worker/wire"
)

// Scripts is what is read from the store for each call: the script called name,
// or script_not_found, and the ceiling's fields that are set, as both are stored.
// Neither is changed.
type Scripts interface {
	LookUp(ctx context.Context, name string) (store.Script, map[limits.Field]int64, error)
}

// Executor runs an invocation of a script that is stored with this form, and always
// reports.
type Executor interface {
	Invoke(ctx context.Context, inv supervisor.Invocation, form store.Form) *supervisor.Report
}

// Config is what an Orchestrator needs.
type Config struct {
	Scripts    Scripts
	Executor   Executor
	EnvCeiling func() map[limits.Field]int64 // of limits.CeilingFromEnv, as of now; what it gave is not changed
	BodyBytes  int64                         // for large bodies of all requests and answers together
	Metrics    *Metrics
	Logger     *zap.Logger
}

// Orchestrator is the http.Handler for everything below /run/.
type Orchestrator struct {
	config Config
	bodies bodies
	base   atomic.Pointer[base]

	bodyTimeout time.Duration // how long a client may take to send its body
	sendTimeout time.Duration // and to receive its answer
}

// New gives an Orchestrator.
func New(c Config) *Orchestrator {
	return &Orchestrator{
		config: c, bodies: newBodies(c.BodyBytes),
		bodyTimeout: 30 * time.Second, sendTimeout: 30 * time.Second,
	}
}

// Prefix begins the path of every invocation.
const Prefix = "/run/"

func (o *Orchestrator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	id, name, path := accept(w, r)
	held := o.bodies.hold()
	defer held.release()
	report := o.invoke(w, r, id, name, "/"+path, held)
	outcome := report.Outcome
	if report.Err == nil {
		if err := checkResponse(report.Response); err != nil {
			outcome, report.Err = picloud.OutcomeWorkerKilled, err
		} else if err := held.grow(len(report.Response.Body)); err != nil {
			outcome, report.Err = picloud.OutcomeOverloaded, picloud.AsError(err)
		}
	}
	if u := report.Usage; u != nil {
		setUsage(w.Header(), u)
	}
	if report.Err != nil {
		problem.Write(w, report.Err)
	} else {
		o.writeResponse(w, r, report.Response)
	}
	total := time.Since(begin)
	http.NewResponseController(w).Flush() // before the record is written; an error is the client's
	o.record(r.Context(), id, name, outcome, report, total)
}

// Refuse answers a request below Prefix that is not to be served, for a reason that
// lies in the request, and records it like those that ServeHTTP refuses.
func (o *Orchestrator) Refuse(w http.ResponseWriter, r *http.Request, reason *picloud.Error) {
	begin := time.Now()
	id, name, _ := accept(w, r)
	problem.Write(w, reason)
	o.record(r.Context(), id, name, picloud.OutcomeInternal, &supervisor.Report{Err: reason}, time.Since(begin))
}

// accept gives a request its id, and takes its path apart.
func accept(w http.ResponseWriter, r *http.Request) (id, name, path string) {
	id = rand.Text()
	w.Header().Set("PiCloud-Invocation-Id", id)
	name, path, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, Prefix), "/")
	return id, name, path
}

// invoke does all but answer.
func (o *Orchestrator) invoke(w http.ResponseWriter, r *http.Request, id, name, path string, held *held) *supervisor.Report {
	script, effective, err := o.lookUp(r.Context(), name)
	if err != nil {
		return failed(r.Context(), err)
	}
	request, err := o.readRequest(w, r, path, min(wire.MaxBody, effective.MaxStringSize), held)
	if err != nil {
		return failed(r.Context(), err)
	}
	return o.config.Executor.Invoke(r.Context(), supervisor.Invocation{
		Job: &wire.Job{
			Purpose:      wire.Run,
			InvocationID: id,
			ScriptName:   script.Name,
			Version:      script.Version,
			Source:       script.Source,
			Limits:       effective,
			Request:      request,
		},
		Log: func(line *wire.Log) { logLine(o.config.Logger, name, id, line) },
	}, script.Form)
}

// lookUp finds an enabled script and the limits of this call: the platform's
// defaults, no higher than the ceiling, and the script's overrides over them.
// Those are trusted; they were validated when they were written.
func (o *Orchestrator) lookUp(ctx context.Context, name string) (store.Script, limits.Limits, error) {
	if !store.ValidName(name) {
		return store.Script{}, limits.Limits{}, notFound()
	}
	script, stored, err := o.config.Scripts.LookUp(ctx, name)
	if err != nil {
		if picloud.ErrorCode(err) == picloud.CodeScriptNotFound {
			err = notFound()
		}
		return store.Script{}, limits.Limits{}, err
	}
	if !script.Enabled {
		return store.Script{}, limits.Limits{}, notFound()
	}
	return script, limits.Merge(o.defaults(stored), script.Overrides), nil
}

// base is the platform's defaults under a ceiling.
type base struct {
	database, environment map[limits.Field]int64 // the ceiling's fields that are set
	limits                limits.Limits
}

// defaults gives the platform's defaults, no higher than the ceiling. They are
// worked out anew when it has changed.
func (o *Orchestrator) defaults(database map[limits.Field]int64) limits.Limits {
	environment := o.config.EnvCeiling()
	b := o.base.Load()
	if b == nil || !maps.Equal(b.database, database) || !maps.Equal(b.environment, environment) {
		b = &base{database, environment, limits.NewCeiling(database, environment).Cap(limits.Defaults())}
		o.base.Store(b)
	}
	return b.limits
}

// notFound is the same for a script that is not there and one that is
// disabled: which of them it is, is for the administrator only.
func notFound() *picloud.Error {
	return &picloud.Error{Code: picloud.CodeScriptNotFound, Message: "there is no such script"}
}

// failed is the report of a call that did not get as far as a worker. One whose
// caller has gone is no failure of ours, whatever broke off with it.
func failed(ctx context.Context, err error) *supervisor.Report {
	r := &supervisor.Report{Outcome: picloud.OutcomeInternal, Err: picloud.AsError(err)}
	if ctx.Err() != nil && problem.Status(r.Err.Code) >= http.StatusInternalServerError {
		r.Err = &picloud.Error{Code: picloud.CodeOverloaded, Message: "the request ended before its turn came", Cause: err}
	}
	if r.Err.Code == picloud.CodeOverloaded {
		r.Outcome = picloud.OutcomeOverloaded
	}
	return r
}

func setUsage(h http.Header, u *supervisor.Usage) {
	set := func(name string, value int64) { h.Set("PiCloud-"+name, strconv.FormatInt(value, 10)) }
	if u.Operations >= 0 {
		set("Operations", u.Operations)
	}
	set("Memory-Peak-Bytes", u.MemoryPeakBytes)
	set("CPU-Microseconds", u.CPU.Microseconds())
	set("Duration-Microseconds", u.Duration.Microseconds())
}
