package supervisor

import (
	"context"
	"errors"
	"os"
	"testing"
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
	if err := w.hand(job("answer"), []byte("a frame"), nil); !errors.Is(err, errGone) {
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
