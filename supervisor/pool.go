package supervisor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"
)

// pool keeps warm workers: it spawns ahead, hands each out once, replaces what
// is used or dies, and backs off when workers cannot be started or die before
// they have a job. It never has more than warm idle workers and one for each that
// waits for one.
type pool struct {
	spawner    Spawner
	enclosures Enclosures
	logger     *zap.Logger
	warm       int

	wake    chan struct{}  // tells the filler to look again
	first   chan error     // how the first worker fared, for firstReady
	filling sync.WaitGroup // the filler
	living  sync.WaitGroup // every worker's live
	stop    context.CancelFunc
	stopped context.Context
	proof   *time.Timer   // fires when a worker may have shown that workers live
	relief  chan struct{} // ends the filler's wait after a failure

	mu       sync.Mutex
	idle     []*worker
	starting map[*worker]bool
	all      map[*worker]bool // every worker that is not yet removed
	waiters  []chan *worker
	spawned  uint64
	failures uint64 // workers that could not be started or died before a job
	inRow    int    // failures since a worker was known to live
	lastErr  error  // nil if inRow is 0
}

func newPool(s Spawner, e Enclosures, warm int, logger *zap.Logger) *pool {
	ctx, cancel := context.WithCancel(context.Background())
	proof := time.NewTimer(proofTime)
	proof.Stop() // until there is need for it
	return &pool{
		spawner: s, enclosures: e, logger: logger, warm: warm,
		wake:     make(chan struct{}, 1),
		first:    make(chan error, 1),
		stop:     cancel,
		stopped:  ctx,
		proof:    proof,
		relief:   make(chan struct{}, 1),
		starting: map[*worker]bool{},
		all:      map[*worker]bool{},
	}
}

// start begins to fill the pool, in a goroutine that close waits for.
func (p *pool) start() {
	p.filling.Go(func() {
		for {
			p.fill()
			select {
			case <-p.stopped.Done():
				p.proof.Stop()
				return
			case <-p.wake:
			case <-p.proof.C:
				p.judge()
			}
		}
	})
}

// close ends all workers, those with a job too, and waits until nothing of
// them is left.
func (p *pool) close() {
	p.stop()
	p.filling.Wait()
	p.mu.Lock()
	for w := range p.all {
		w.abort()
	}
	p.mu.Unlock()
	p.living.Wait()
}

// refill has the filler look again. It never blocks.
func (p *pool) refill() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// fill spawns until there are enough, waiting after each failure.
func (p *pool) fill() {
	for p.stopped.Err() == nil {
		wanted, delay := p.wanted()
		if wanted <= 0 {
			return
		}
		if delay > 0 && !p.wait(delay) {
			continue
		}
		w, err := newWorker(p.spawner, p.enclosures, p.wantsEager(), p.logger)
		if err != nil {
			p.failed("a worker could not be started", err)
			continue
		}
		p.mu.Lock()
		p.spawned++
		p.starting[w], p.all[w] = true, true
		p.mu.Unlock()
		p.living.Go(func() { p.live(w) })
	}
}

// maxEager is how many idle workers are eager, which the next calls get: more
// calls at a time find the others. Together they hold about one MiB more.
const maxEager = 4

// wantsEager tells whether the next worker is to be an eager one. One that a caller
// waits for is not: it would be ready later.
func (p *pool) wantsEager() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	eager := 0
	for _, w := range p.idle {
		if w.process.Eager {
			eager++
		}
	}
	for w := range p.starting {
		if w.process.Eager {
			eager++
		}
	}
	return len(p.waiters) == 0 && eager < maxEager
}

func (p *pool) live(w *worker) {
	w.live(func() { p.ready(w) })
	p.mu.Lock()
	delete(p.all, w)
	delete(p.starting, w)
	wasIdle := false
	for i, other := range p.idle {
		if other == w {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			wasIdle = true
			break
		}
	}
	p.mu.Unlock()
	switch {
	case w.end.aborted:
	case !w.end.ready:
		w.process.unready()
		p.failed("a worker could not be started", causeOfDeath(&w.end))
	case wasIdle:
		p.failed("an idle worker died", causeOfDeath(&w.end))
	case w.end.result != nil:
		p.proven()
	}
	p.refill()
}

// ready takes a worker that can have a job, and gives it to who waits longest.
// Who waited may have given up.
func (p *pool) ready(w *worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.starting, w)
	if p.inRow > 0 { // that it became ready is not yet to live
		p.proof.Reset(proofTime)
		p.refill()
	}
	p.noteFirst(nil)
	if len(p.waiters) > 0 {
		p.waiters[0] <- w // has room for just this
		p.waiters = p.waiters[1:]
		return
	}
	if len(p.idle) >= p.warm {
		w.abort()
		return
	}
	w.idleSince = time.Now()
	p.idle = append(p.idle, w)
}

// take gives a ready worker to the caller alone. It waits for one to start, at
// most maxWait; then the error is overloaded.
func (p *pool) take(ctx context.Context) (*worker, error) {
	if p.stopped.Err() != nil {
		return nil, errStopped
	}
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		// an eager one, if there is one; else who waits longest
		i := max(0, slices.IndexFunc(p.idle, func(w *worker) bool { return w.process.Eager }))
		w := p.idle[i]
		p.idle = slices.Delete(p.idle, i, i+1)
		p.mu.Unlock()
		return w, nil
	}
	mine := make(chan *worker, 1)
	p.waiters = append(p.waiters, mine)
	p.mu.Unlock()
	p.refill()

	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case w := <-mine:
		return w, nil
	case <-timer.C:
		return p.forgo(mine, overloaded("no worker could be started in time"))
	case <-ctx.Done():
		return p.forgo(mine, context.Cause(ctx))
	case <-p.stopped.Done():
		return p.forgo(mine, errStopped)
	}
}

// errStopped is for an invocation that the daemon's end overtakes.
var errStopped = errors.New("the pool is closed")

// forgo takes a waiter out. If it was given a worker at the same moment, the
// worker is the caller's after all.
func (p *pool) forgo(mine chan *worker, err error) (*worker, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, other := range p.waiters {
		if other == mine {
			p.waiters = append(p.waiters[:i], p.waiters[i+1:]...)
			return nil, err
		}
	}
	return <-mine, nil
}

// firstReady waits until the first worker is ready, or could not be started.
func (p *pool) firstReady(ctx context.Context) error {
	select {
	case err := <-p.first:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no worker became ready: %w", context.Cause(ctx))
	}
}

// noteFirst keeps how the first worker fared.
func (p *pool) noteFirst(err error) {
	select {
	case p.first <- err:
	default: // it was not the first
	}
}
