package supervisor

import (
	"context"
	"fmt"
	"sync"
	"syscall"

	"go.uber.org/zap"

	"picloud"
	"picloud/limits"
	"picloud/worker/wire"
)

// A proof is so many workers, of which every so manieth is killed where others
// have a job.
const (
	proofWorkers = 100
	proofKills   = 10
)

// proveSpawner makes workers that show whether a process of this spawner's is
// whole: each uses the heap and its collector, goroutines, timers and a deep stack.
// The first that fails, or does not answer, ends it.
func proveSpawner(ctx context.Context, s Spawner, e Enclosures) error {
	for i := range proofWorkers {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := proveWorker(ctx, s, e, i%2 == 0, i%proofKills == proofKills-1); err != nil {
			return fmt.Errorf("worker %d of %d: %w", i+1, proofWorkers, err)
		}
	}
	return nil
}

func proveWorker(ctx context.Context, s Spawner, e Enclosures, eager, kill bool) error {
	w, err := newWorker(s, e, eager, zap.NewNop())
	if err != nil {
		return err
	}
	var living sync.WaitGroup
	defer living.Wait()
	ready := make(chan struct{})
	living.Go(func() { w.live(func() { close(ready) }) })
	select {
	case <-ready:
	case <-w.done:
		return causeOfDeath(&w.end)
	}
	if kill {
		if err := w.kill(); err != nil {
			w.abort()
			return err
		}
		<-w.done
		if status, ok := w.end.state.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
			return fmt.Errorf("it was killed, and ended with %v", w.end.state)
		}
		return nil
	}
	job := &wire.Job{Purpose: wire.Prove, Limits: limits.Defaults()}
	frame, err := job.Parts()
	if err == nil {
		err = w.hand(job, frame, nil)
	}
	if err != nil {
		w.abort()
		return err
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		w.abort()
		<-w.done
		return context.Cause(ctx)
	}
	if outcome, problem := classify(&w.end, job, e.Mode()); outcome != picloud.OutcomeOK {
		return errorOrNil(problem)
	}
	return nil
}

func errorOrNil(e *picloud.Error) error {
	if e == nil {
		return nil
	}
	return e
}
