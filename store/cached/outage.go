package cached

import (
	"sync"
	"time"

	"go.uber.org/zap"
)

// outageLogged is how often the log is told that the database fails.
const outageLogged = 10 * time.Second

// outage tells the log why calls are served from memory, for their callers do not
// notice.
type outage struct {
	logger *zap.Logger

	mu       sync.Mutex
	loggedAt time.Time
	calls    int // since then
}

// bridged notes that something was given from memory.
func (o *outage) bridged(cause error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls++
	if time.Since(o.loggedAt) < outageLogged {
		return
	}
	o.logger.Error("the database does not answer; what was called before is served from memory",
		zap.Int("look_ups", o.calls), zap.Error(cause))
	o.loggedAt, o.calls = time.Now(), 0
}

// A database whose others' writes cannot be heard of for deafAfter is worth a
// line in the log, and another after deafLogged.
const (
	deafAfter  = 10 * time.Second
	deafLogged = time.Hour
)

// deafness tells the log why every call asks a database that answers, which is
// slower than it need be.
type deafness struct {
	logger *zap.Logger

	mu       sync.Mutex
	since    time.Time // the first call of a row that had to ask
	last     time.Time
	loggedAt time.Time
}

// noted notes that a call had to ask.
func (d *deafness) noted() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if now.Sub(d.last) > deafAfter {
		d.since = now
	}
	d.last = now
	if now.Sub(d.since) > deafAfter && now.Sub(d.loggedAt) > deafLogged {
		d.loggedAt = now
		d.logger.Warn("the database does not tell of what other daemons write, so every call asks it; " +
			"a connection pooler between may not pass notifications on (LISTEN)")
	}
}
