package orchestrator

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"picloud"
	"picloud/supervisor"
	"picloud/worker/wire"
)

// Metrics counts invocations. There is no label for the script: strangers may
// call any name.
type Metrics struct {
	invocations *prometheus.CounterVec
	refused     prometheus.Counter
	duration    *prometheus.HistogramVec
}

// NewMetrics registers the counters. Every outcome is there from the start, at 0.
func NewMetrics(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		invocations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "picloud_invocations_total",
			Help: "Invocations by outcome.",
		}, []string{"outcome"}),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "picloud_requests_refused_total",
			Help: "Requests below /run/ that were no invocation: no such script, or a request the platform refuses.",
		}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "picloud_invocation_duration_seconds",
			Help:    "Wall clock of invocations that a worker had, by outcome.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 60},
		}, []string{"outcome"}),
	}
	for _, o := range picloud.Outcomes() {
		m.invocations.WithLabelValues(string(o))
	}
	for _, c := range []prometheus.Collector{m.invocations, m.refused, m.duration} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// record notes how a request ended, once, in the metrics and in the log.
func (o *Orchestrator) record(ctx context.Context, id, name string, outcome picloud.Outcome, report *supervisor.Report, total time.Duration) {
	const most = 13
	fields := make([]zap.Field, 0, most)
	fields = append(fields, zap.String("invocation_id", id), zap.String("script", name), zap.Duration("total", total))
	if report.Err != nil {
		fields = append(fields, zap.String("code", string(report.Err.Code)), zap.NamedError("cause", report.Err))
	}
	if isRefusal(report) {
		o.config.Metrics.refused.Inc()
		o.config.Logger.Debug("request refused", fields...)
		return
	}
	o.config.Metrics.invocations.WithLabelValues(string(outcome)).Inc()
	fields = append(fields, zap.String("outcome", string(outcome)))
	if u := report.Usage; u != nil {
		o.config.Metrics.duration.WithLabelValues(string(outcome)).Observe(u.Duration.Seconds())
		fields = append(fields,
			zap.Int("worker_pid", u.PID),
			zap.Int64("operations", u.Operations),
			zap.Int64("memory_peak_bytes", u.MemoryPeakBytes),
			zap.Uint64("oom_kill", u.OOMKills),
			zap.Duration("cpu", u.CPU),
			zap.Duration("duration", u.Duration))
	}
	level := severity(outcome)
	if ctx.Err() != nil { // strangers hang up as they like
		level = zapcore.InfoLevel
		fields = append(fields, zap.Bool("caller_gone", true))
	}
	o.config.Logger.Log(level, "invocation", fields...)
}

// isRefusal tells a request that was no invocation from one that was: the
// request itself was wrong.
func isRefusal(report *supervisor.Report) bool {
	if report.Err == nil || report.Usage != nil {
		return false
	}
	switch report.Err.Code {
	case picloud.CodeScriptNotFound, picloud.CodeBadRequest, picloud.CodeRequestTooLarge:
		return true
	}
	return false
}

// severity: what a script does wrong is its author's affair; what kills a
// worker or PiCloud is the administrator's.
func severity(o picloud.Outcome) zapcore.Level {
	switch o {
	case picloud.OutcomeInternal:
		return zapcore.ErrorLevel
	case picloud.OutcomeWorkerKilled, picloud.OutcomeOverloaded:
		return zapcore.WarnLevel
	}
	return zapcore.InfoLevel
}

// logLine writes a script's log line to the daemon's log. The text is a field,
// never the message, so that it is always escaped.
func logLine(logger *zap.Logger, name, id string, line *wire.Log) {
	level := map[wire.Level]zapcore.Level{
		wire.Debug: zapcore.DebugLevel, wire.Info: zapcore.InfoLevel,
		wire.Warn: zapcore.WarnLevel, wire.Error: zapcore.ErrorLevel,
	}[line.Level]
	fields := []zap.Field{zap.String("script", name), zap.String("invocation_id", id), zap.String("text", line.Message)}
	if line.Cut {
		fields = append(fields, zap.Bool("cut", true), zap.Int("budget_bytes", wire.LogBudget))
	}
	logger.Log(level, "script log", fields...)
}
