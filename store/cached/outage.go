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
