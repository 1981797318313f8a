package supervisor

import (
	"os"
	"syscall"
)

// Stats is a moment's view of the pool.
type Stats struct {
	Mode       Mode
	Namespaces bool // whether workers are in namespaces of their own
	Workers    int  // how many invocations may run at a time
	Warm       int  // how many idle workers are wanted
	Running    int  // invocations that run
	Waiting    int  // invocations that wait for their turn
	Idle       int  // workers ready for a job
	Starting   int  // workers that are not ready yet
	Draining   bool
	Spawned    uint64
	Failures   uint64 // workers that could not be started, or died before they had a job
	// LastFailure is why the last of those failed; nil if a worker has been
	// known to live since.
	LastFailure error
}

// Degraded reports whether a layer is missing that --isolation=required insists
// on.
func (s Stats) Degraded() bool { return s.Mode != ModeCgroup || !s.Namespaces }

// Stats may be called at any time.
func (s *Supervisor) Stats() Stats {
	s.mu.Lock()
	draining := s.draining
	s.mu.Unlock()
	running, waiting := s.queue.counts()
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	return Stats{
		Mode:        s.config.Enclosures.Mode(),
		Namespaces:  s.config.Spawner.Namespaces(),
		Workers:     s.config.Workers,
		Warm:        s.config.Warm,
		Running:     running,
		Waiting:     waiting,
		Idle:        len(s.pool.idle),
		Starting:    len(s.pool.starting),
		Draining:    draining,
		Spawned:     s.pool.spawned,
		Failures:    s.pool.failures,
		LastFailure: s.pool.lastErr,
	}
}

// maxResident is the peak of a process's resident memory in bytes, see
// ru_maxrss in getrusage(2). The kernel counts from the fork on, so it is never
// less than what the daemon itself has.
func maxResident(state *os.ProcessState) int64 {
	if ru, ok := state.SysUsage().(*syscall.Rusage); ok {
		return int64(ru.Maxrss) << 10
	}
	return 0
}
