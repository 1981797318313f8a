package supervisor

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Stats is a moment's view of the pool.
type Stats struct {
	Mode       Mode
	Namespaces bool // whether workers are in namespaces of their own
	Spawner    Kind // how workers are made
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
		Spawner:     s.config.Spawner.Kind(),
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

// cpuTime is what a process that is not yet reaped has used of the CPU. The
// number of its clock is made as clock_getcpuclockid(3) makes it.
func cpuTime(pid int) (time.Duration, error) {
	const ofProcess = 2 // CPUCLOCK_SCHED, in the kernel's posix-timers.h
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|ofProcess), &t); err != nil {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}

// openStatus opens what residentPeak reads, -1 if there is no such process any more.
func openStatus(pid int) int {
	fd, err := unix.Open("/proc/"+strconv.Itoa(pid)+"/status", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
}

// residentPeak is the peak of a process's resident memory in bytes: VmHWM, see
// proc_pid_status(5). It is 0 once the process has given its memory back, in
// ending.
func residentPeak(status int) int64 {
	var text [2 << 10]byte
	n, err := unix.Pread(status, text[:], 0)
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(text[:n], []byte("\nVmHWM:"))
	value, _, found := bytes.Cut(after, []byte(" kB\n"))
	kib, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
	if err != nil || !found {
		return 0
	}
	return kib << 10
}
