package supervisor

import (
	"context"
	"time"

	"picloud"
)

// maxWait bounds the time a request waits for its turn or for a worker.
const maxWait = 10 * time.Second

// queue lets a fixed number of invocations run and a bounded number wait.
type queue struct {
	slots   chan struct{} // holds a token for each that runs
	tickets chan struct{} // holds a token for each that runs or waits
}

func newQueue(running, waiting int) *queue {
	return &queue{
		slots:   make(chan struct{}, running),
		tickets: make(chan struct{}, running+waiting),
	}
}

// enter waits for a turn. Beyond the queue's bound, and after maxWait, the
// error is overloaded. After nil the caller leaves when it is done.
func (q *queue) enter(ctx context.Context) error {
	select {
	case q.tickets <- struct{}{}:
	default:
		return overloaded("too many requests are waiting already")
	}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case q.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		<-q.tickets
		return context.Cause(ctx)
	case <-timer.C:
		<-q.tickets
		return overloaded("no worker became free in time")
	}
}

func (q *queue) leave() {
	<-q.slots
	<-q.tickets
}

func (q *queue) running() int { return len(q.slots) }

func (q *queue) waiting() int { return max(0, len(q.tickets)-len(q.slots)) }

func overloaded(message string) *picloud.Error {
	return &picloud.Error{Code: picloud.CodeOverloaded, Message: message, Hint: "try again in a moment"}
}
