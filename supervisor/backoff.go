package supervisor

import (
	"math/rand/v2"
	"time"

	"go.uber.org/zap"
)

// The wait before the next attempt after a failure doubles with each failure in
// a row, between these bounds, with jitter. The upper one is what a request waits,
// so that one attempt at least is made for it.
const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = maxWait

	// proofTime is how long a worker has to be idle to show that workers live
	// again. One that answers a job shows it at once.
	proofTime = time.Second
)

// wanted is how many workers to start now, and how long to wait before. After a
// failure that is one at a time.
func (p *pool) wanted() (n int, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n = p.warm + len(p.waiters) - len(p.idle) - len(p.starting)
	if p.inRow > 0 {
		n = min(n, 1-len(p.starting))
		delay = min(minBackoff<<min(p.inRow-1, 10), maxBackoff)
		delay = delay/2 + rand.N(delay/2)
	}
	return n, delay
}

// wait is the filler's pause before the next attempt. It is false if there is
// reason to look again instead.
func (p *pool) wait(delay time.Duration) bool {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return true
		case <-p.proof.C:
			p.judge()
		case <-p.relief:
			return false
		case <-p.stopped.Done():
			return false
		}
	}
}

// failed notes a worker that was of no use.
func (p *pool) failed(what string, err error) {
	p.mu.Lock()
	p.failures++
	p.inRow++
	p.lastErr = err
	inRow := p.inRow
	p.noteFirst(err)
	p.mu.Unlock()
	p.logger.Error(what, zap.Int("in_a_row", inRow), zap.Error(err))
}

// proven notes that workers live.
func (p *pool) proven() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.relieve()
}

// judge notes that workers live if one has been idle for proofTime.
func (p *pool) judge() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inRow == 0 || len(p.idle) == 0 {
		return
	}
	if rest := proofTime - time.Since(p.idle[0].idleSince); rest > 0 {
		p.proof.Reset(rest)
		return
	}
	p.relieve()
}

// relieve ends a row of failures; p.mu is held.
func (p *pool) relieve() {
	if p.inRow == 0 {
		return
	}
	p.inRow, p.lastErr = 0, nil
	select {
	case p.relief <- struct{}{}:
	default:
	}
	p.refill()
}
