package supervisor

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"picloud"
)

// A stop whose time is up closes the supervisor before its answers go out, and
// the end of the daemon closes it again.
func TestCloseTwice(t *testing.T) {
	s := start(t, "obeys", nil) // closes it again
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// Close aborts idle workers too, and one of them may be on its way to an
// invocation: its job's deadline does not undo the abort.
func TestAbortedWorkerTakesNoJob(t *testing.T) {
	jobsRead, jobs, err := pipe(writeEnd)
	if err != nil {
		t.Fatal(err)
	}
	defer jobsRead.Close()
	answers, answersWrite, err := pipe(readEnd)
	if err != nil {
		t.Fatal(err)
	}
	defer answersWrite.Close()
	w := &worker{
		process:   &Process{Process: &os.Process{Pid: os.Getpid()}, Jobs: jobs, Answers: answers},
		enclosure: unlimited{},
	}
	defer w.process.closePipes()
	w.abort()
	if err := w.hand(job("answer"), [][]byte{[]byte("a frame")}, nil); !errors.Is(err, errGone) {
		t.Errorf("hand: %v, want errGone", err)
	}
	if _, err := answers.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading from an aborted worker: %v", err)
	}
}

type unlimited struct{ Enclosure }

func (unlimited) Limit(int, int64) error { return nil }

func TestStoppedPoolGivesNoWorker(t *testing.T) {
	s := start(t, "obeys", nil)
	s.pool.stop()
	if _, err := s.pool.take(context.Background()); !errors.Is(err, errStopped) {
		t.Errorf("take: %v, want errStopped", err)
	}
}

func TestDrain(t *testing.T) {
	s := start(t, "obeys", nil)
	finished := make(chan *Report)
	go func() { finished <- s.Invoke(context.Background(), Invocation{Job: job("sleep")}) }()
	for s.Stats().Running == 0 {
		time.Sleep(time.Millisecond)
	}
	drained := make(chan error)
	go func() { drained <- s.Drain(context.Background()) }()
	for !s.Stats().Draining {
		time.Sleep(time.Millisecond)
	}
	if r := s.Invoke(context.Background(), Invocation{Job: job("answer")}); r.Err == nil || r.Err.Code != picloud.CodeShuttingDown {
		t.Errorf("while draining: %s, %v", r.Outcome, r.Err)
	}
	if r := <-finished; r.Outcome != picloud.OutcomeOK {
		t.Errorf("what ran: %s, %v", r.Outcome, r.Err)
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

func TestCloseEndsWhatRuns(t *testing.T) {
	s := start(t, "obeys", nil)
	finished := make(chan *Report)
	go func() { finished <- s.Invoke(context.Background(), Invocation{Job: job("hang")}) }()
	for s.Stats().Running == 0 {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := s.Drain(ctx); err == nil {
		t.Error("Drain did not report that its time was up")
	}
	go s.pool.close()
	if r := <-finished; r.Outcome != picloud.OutcomeWorkerKilled && r.Outcome != picloud.OutcomeOverloaded {
		t.Errorf("%s, %v", r.Outcome, r.Err)
	}
}
