package supervisor

import (
	"container/list"
	"context"
	"sync"
	"time"

	"picloud"
)

// maxWait bounds the time a request waits for its turn or for a worker.
const maxWait = 10 * time.Second

// queue lets a bounded number of invocations run and a bounded number wait, so
// that no script can starve another. A script has at most its share of the
// workers. Turns go round among the scripts that wait, not among the calls. When
// all places to wait are taken, the script that has most of them gives its last
// one to a script that has fewer.
type queue struct {
	workers, places int // how many may run, how many may wait
	share           int // how many of a script may run

	mu      sync.Mutex
	running int
	ending  int // of those that run: answered, and their process is not yet gone
	waiting int
	lines   map[string]*line // of scripts with a call that runs or waits
	round   list.List        // of *line with a call that waits, the next one first
}

// line is the calls of one script.
type line struct {
	name    string
	running int
	turns   list.List     // of *turn: the calls that wait, the oldest first
	place   *list.Element // in queue.round; nil if none waits
}

// turn is a call that waits.
type turn struct {
	line  *line
	place *list.Element // in line.turns; nil once it is decided
	// decided gets nil when the call may run, and an error if its place was
	// given away. It has room for it.
	decided chan error
}

func newQueue(running, waiting int) *queue {
	return &queue{workers: running, places: waiting, share: shareOf(running), lines: map[string]*line{}}
}

// shareOf is how many of n workers one script may have: all but a quarter, and
// but one if there is another.
func shareOf(n int) int {
	if n < 2 {
		return n
	}
	return n - max(1, n/4)
}

// enter waits for a turn of the script's. Beyond the queue's bound, and after
// maxWait, the error is overloaded. After nil the caller leaves when it is done.
func (q *queue) enter(ctx context.Context, script string) error {
	t, err := q.join(script)
	if t == nil {
		return err
	}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case err := <-t.decided:
		return err
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-timer.C:
		err = overloaded("no worker became free in time")
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.place == nil { // it was decided at this moment
		return <-t.decided
	}
	q.remove(t)
	q.tidy(t.line)
	return err
}

// join lets a call run at once, which gives nil and nil, or wait.
func (q *queue) join(script string) (*turn, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := q.lines[script]
	if l == nil {
		l = &line{name: script}
		q.lines[script] = l
	}
	// no call that could have this turn waits already, or it would have it
	if q.mayRun(l) {
		q.run(l)
		return nil, nil
	}
	// a turn that is ending is as good as a place
	if q.waiting >= q.places+q.ending && !q.makeRoom(l) {
		q.tidy(l)
		return nil, overloaded("too many requests are waiting already")
	}
	t := &turn{line: l, decided: make(chan error, 1)}
	t.place = l.turns.PushBack(t)
	if l.place == nil {
		l.place = q.round.PushBack(l)
	}
	q.waiting++
	return t, nil
}

// makeRoom takes the last place of the script that has most, if it has more than
// the one that asks would have then.
func (q *queue) makeRoom(asks *line) bool {
	longest := asks
	for e := q.round.Front(); e != nil; e = e.Next() {
		if l := e.Value.(*line); l.turns.Len() > longest.turns.Len() {
			longest = l
		}
	}
	if longest.turns.Len() <= asks.turns.Len()+1 {
		return false
	}
	last := longest.turns.Back().Value.(*turn)
	q.remove(last)
	last.decided <- overloaded("too many requests for this script are waiting already")
	return true
}

// answered notes that a call has its answer. Its turn is over when its process
// is gone: then ended is called in place of leave.
func (q *queue) answered() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ending++
}

func (q *queue) ended(script string) {
	q.mu.Lock()
	q.ending--
	q.mu.Unlock()
	q.leave(script)
}

// leave ends a call's turn and begins others.
func (q *queue) leave(script string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.running--
	l := q.lines[script]
	l.running--
	q.tidy(l)
	for e := q.round.Front(); e != nil && q.running < q.workers; {
		l := e.Value.(*line)
		next := e.Next()
		if q.mayRun(l) {
			t := l.turns.Front().Value.(*turn)
			q.remove(t)
			q.run(l)
			t.decided <- nil
			if l.place != nil {
				q.round.MoveToBack(l.place)
			}
		}
		e = next
	}
}

func (q *queue) mayRun(l *line) bool { return q.running < q.workers && l.running < q.share }

func (q *queue) run(l *line) {
	q.running++
	l.running++
}

// remove takes a call out of those that wait.
func (q *queue) remove(t *turn) {
	t.line.turns.Remove(t.place)
	t.place = nil
	q.waiting--
	if t.line.turns.Len() == 0 {
		q.round.Remove(t.line.place)
		t.line.place = nil
	}
}

// tidy forgets a line that has no call.
func (q *queue) tidy(l *line) {
	if l.running == 0 && l.turns.Len() == 0 {
		delete(q.lines, l.name)
	}
}

// counts tells how many run, without those that have been answered, and how many
// wait.
func (q *queue) counts() (running, waiting int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.running - q.ending, q.waiting
}

func overloaded(message string) *picloud.Error {
	return &picloud.Error{Code: picloud.CodeOverloaded, Message: message, Hint: "try again in a moment"}
}
