package supervisor

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/zap"

	"picloud"
	"picloud/worker/wire"
)

func TestOutcomes(t *testing.T) {
	s := start(t, "obeys", nil)
	for _, c := range []struct {
		source string
		want   picloud.Outcome
		code   picloud.Code
	}{
		{"answer", picloud.OutcomeOK, ""},
		{"log", picloud.OutcomeOK, ""},
		{"nothing", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"garbage", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"too much", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"cut off", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"twice", picloud.OutcomeOK, ""},
		{"answer and stay", picloud.OutcomeOK, ""},
		{"another's answer", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"another frame", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"log flood", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"kill", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"last words", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"status 137", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
		{"claims memory", picloud.OutcomeWorkerKilled, picloud.CodeWorkerKilled},
	} {
		t.Run(c.source, func(t *testing.T) {
			r := s.Invoke(context.Background(), Invocation{Job: job(c.source)})
			if r.Outcome != c.want || picloud.ErrorCode(errorOrNil(r.Err)) != c.code {
				t.Fatalf("outcome %s, error %v; want %s, %q", r.Outcome, r.Err, c.want, c.code)
			}
			if r.Usage == nil || r.Usage.PID == 0 || r.Usage.CPU <= 0 || r.Usage.MemoryPeakBytes < leastPeak() {
				t.Errorf("usage %+v", r.Usage)
			}
			if c.want == picloud.OutcomeOK && (r.Usage.Operations != 7 || len(r.Response.Body) == 0) {
				t.Errorf("usage %+v, body %q", r.Usage, r.Response.Body)
			}
		})
	}
}

// An answer is the end of a worker, whatever it has in mind: it is gone before
// another runs in its place.
func TestNothingIsLeftOfAWorkerThatHasAnswered(t *testing.T) {
	s := start(t, "obeys", func(c *Config) { c.Workers = 1 })
	last := 0
	for range 10 {
		r := s.Invoke(context.Background(), Invocation{Job: job("answer and stay")})
		if r.Outcome != picloud.OutcomeOK {
			t.Fatalf("outcome %s, error %v", r.Outcome, r.Err)
		}
		if last != 0 {
			if _, err := os.Stat(fmt.Sprintf("/proc/%d", last)); !os.IsNotExist(err) {
				t.Errorf("process %d was still there: %v", last, err)
			}
		}
		last = r.Usage.PID
	}
}

// leastPeak is what a worker has at least, in bytes. What a copy has not written to
// is not its own.
func leastPeak() int64 {
	if kind == KindZygote {
		return 64 << 10
	}
	return 1 << 20
}

func TestTimeout(t *testing.T) {
	s := start(t, "obeys", nil)
	// "sleep" answers late, "crumbs" a byte at a time for minutes
	for _, source := range []string{"hang", "sleep", "crumbs"} {
		j := job(source)
		j.Limits.TimeoutMS = 50
		r := s.Invoke(context.Background(), Invocation{Job: j})
		if r.Outcome != picloud.OutcomeTimeout || r.Err.Details["timeout_ms"] != int64(50) {
			t.Fatalf("%s: outcome %s, error %v", source, r.Outcome, r.Err)
		}
		if r.Usage.Duration < 50*time.Millisecond {
			t.Errorf("%s: ended after %v", source, r.Usage.Duration)
		}
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", r.Usage.PID)); !os.IsNotExist(err) {
			t.Errorf("%s: process %d is still there: %v", source, r.Usage.PID, err)
		}
	}
}

func TestCallerGone(t *testing.T) {
	s := start(t, "obeys", nil)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	r := s.Invoke(ctx, Invocation{Job: job("hang")})
	if r.Outcome != picloud.OutcomeWorkerKilled {
		t.Fatalf("outcome %s, error %v", r.Outcome, r.Err)
	}
}

func TestLogLines(t *testing.T) {
	s := start(t, "obeys", nil)
	var lines []string
	r := s.Invoke(context.Background(), Invocation{Job: job("log"), Log: func(l *wire.Log) { lines = append(lines, l.Message) }})
	if r.Outcome != picloud.OutcomeOK || len(lines) != 1 || lines[0] != "a line" {
		t.Fatalf("%s, %q", r.Outcome, lines)
	}
	total := 0
	s.Invoke(context.Background(), Invocation{Job: job("log flood"), Log: func(l *wire.Log) { total += wire.LogCost(l.Message) }})
	if total == 0 || total > wire.LogBudget {
		t.Errorf("%d bytes of log came through", total)
	}
}

// A worker that answers before it has a job is not one to give a job to.
func TestHastyWorker(t *testing.T) {
	s := start(t, "hasty", func(c *Config) { c.Logger = zap.NewNop() })
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	j := job("answer")
	j.InvocationID = "one that nobody knew before"
	if r := s.Invoke(ctx, Invocation{Job: j}); r.Outcome == picloud.OutcomeOK {
		t.Fatalf("the answer %q was taken", r.Response.Body)
	}
}
