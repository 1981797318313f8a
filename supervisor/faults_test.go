package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"picloud"
	"picloud/worker/wire"
)

// faulty is a Spawner and Enclosures that work, or fail in the way that was
// set last.
type faulty struct {
	Enclosures
	workers Spawner            // while nothing is set
	others  map[string]Spawner // what starts programs that fail in a way
	fault   atomic.Value       // string
	tried   atomic.Int64       // attempts to start a worker
}

func (f *faulty) Close() {
	for _, s := range f.others {
		s.Close()
	}
	f.workers.Close()
}

// closeEnclosures is apart: the Spawner has a Close, too.
type faultyEnclosures struct{ *faulty }

func (f faultyEnclosures) Close() error { return f.Enclosures.Close() }

func (f faultyEnclosures) New() (Enclosure, error) {
	if f.fault.Load() == "no cgroup" {
		f.tried.Add(1)
		return nil, &os.PathError{Op: "mkdir", Path: "workers/1", Err: syscall.EAGAIN}
	}
	e, err := f.Enclosures.New()
	return faultyEnclosure{e, f.faulty}, err
}

type faultyEnclosure struct {
	Enclosure
	*faulty
}

func (e faultyEnclosure) Limit(pid int, memoryLimitMB int64) error {
	if e.fault.Load() == "no limit" {
		return &os.PathError{Op: "write", Path: "memory.max", Err: syscall.EIO}
	}
	return e.Enclosure.Limit(pid, memoryLimitMB)
}

func (e faultyEnclosure) Evidence() (Evidence, error) {
	evidence, err := e.Enclosure.Evidence()
	if e.fault.Load() == "no evidence" {
		err = errors.New("memory.events cannot be read")
	}
	return evidence, err
}

func (f *faulty) Namespaces() bool { return f.workers.Namespaces() }
func (f *faulty) Kind() Kind       { return f.workers.Kind() }

func (f *faulty) Spawn(cgroupFD int, eager bool) (*Process, error) {
	f.tried.Add(1)
	fault, _ := f.fault.Load().(string)
	if fault == "fork fails" {
		return nil, fmt.Errorf("fork/exec: %w", syscall.EAGAIN)
	}
	if other := f.others[fault]; other != nil {
		return other.Spawn(cgroupFD, eager)
	}
	return f.workers.Spawn(cgroupFD, eager)
}

func startFaulty(t *testing.T) (*Supervisor, *faulty) {
	t.Helper()
	f := &faulty{others: map[string]Spawner{}}
	s := start(t, "obeys", func(c *Config) {
		for fault, behaviour := range map[string]string{"dies before it is ready": "exits", "dies while it is idle": "fleeting"} {
			f.others[fault] = testSpawner(t, behaviour)
		}
		f.workers, f.Enclosures = c.Spawner, c.Enclosures
		c.Spawner, c.Enclosures = f, faultyEnclosures{f}
		c.Warm, c.Logger = 3, zap.NewNop()
	})
	return s, f
}

// Whatever keeps workers from living: it is tried again at longer and longer
// intervals, it shows, calls are refused and not left waiting, and when the fault
// is gone all is as before.
func TestWorkersThatDoNotLive(t *testing.T) {
	for _, fault := range []string{"fork fails", "no cgroup", "dies before it is ready", "dies while it is idle"} {
		t.Run(fault, func(t *testing.T) {
			s, f := startFaulty(t)
			awaitIdle(t, s, 3)
			f.fault.Store(fault)
			killIdle(s)
			awaitFailure(t, s, true)

			before, since, killed := f.tried.Load(), time.Now(), 0
			for time.Since(since) < 2*time.Second {
				if s.Stats().LastFailure == nil {
					t.Fatal("the failure does not show any more")
				}
				ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
				r := s.Invoke(ctx, Invocation{Job: job("answer")})
				cancel()
				switch r.Outcome {
				case picloud.OutcomeOverloaded:
				case picloud.OutcomeWorkerKilled:
					killed++ // one that takes its job and dies cannot be told from one that its script killed
				default:
					t.Errorf("a call meanwhile: %s, %v", r.Outcome, r.Err)
				}
			}
			// 25 + 50 + ... + 1600 ms at least, and what was begun before
			if n := f.tried.Load() - before; n > int64(12+killed) {
				t.Errorf("%d attempts in %v, and %d calls had a worker", n, time.Since(since), killed)
			}

			f.fault.Store("")
			awaitIdle(t, s, 3)
			awaitFailure(t, s, false)
			if r := s.Invoke(context.Background(), Invocation{Job: job("answer")}); r.Outcome != picloud.OutcomeOK {
				t.Errorf("afterwards: %s, %v", r.Outcome, r.Err)
			}
		})
	}
}

// awaitFailure waits until a failure shows, or none does any more.
func awaitFailure(t *testing.T, s *Supervisor, shows bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); (s.Stats().LastFailure != nil) != shows; {
		if time.Now().After(end) {
			t.Fatalf("after 30 s: %+v", s.Stats())
		}
		time.Sleep(time.Millisecond)
	}
}

func killIdle(s *Supervisor) {
	s.pool.mu.Lock()
	defer s.pool.mu.Unlock()
	for _, w := range s.pool.idle {
		w.process.Kill()
	}
}

// The wait grows to its bound and is never the same for long.
func TestBackoff(t *testing.T) {
	p := newPool(nil, nil, 3, zap.NewNop())
	defer p.stop()
	if n, delay := p.wanted(); n != 3 || delay != 0 {
		t.Errorf("at first: %d workers after %v", n, delay)
	}
	for failures := 1; failures <= 100; failures++ {
		p.inRow = failures
		most := min(minBackoff<<min(failures-1, 20), maxBackoff)
		seen := map[time.Duration]bool{}
		for range 20 {
			n, delay := p.wanted()
			if n != 1 || delay < most/2 || delay > most {
				t.Fatalf("after %d failures: %d workers after %v, want one after %v to %v", failures, n, delay, most/2, most)
			}
			seen[delay] = true
		}
		if len(seen) < 10 {
			t.Errorf("after %d failures: only %d different waits of 20", failures, len(seen))
		}
	}
}

// A limit that cannot be set, or the kernel's account that cannot be read, is an
// error of that call alone, and never a call without its limit.
func TestCgroupFails(t *testing.T) {
	for fault, source := range map[string]string{"no limit": "answer", "no evidence": "kill"} {
		t.Run(fault, func(t *testing.T) {
			s, f := startFaulty(t)
			awaitIdle(t, s, 3)
			f.fault.Store(fault)
			r := s.Invoke(context.Background(), Invocation{Job: job(source)})
			if r.Outcome != picloud.OutcomeInternal || r.Err.Code != picloud.CodeInternal || fault == "no limit" && r.Usage != nil {
				t.Errorf("%s, %v, %+v", r.Outcome, r.Err, r.Usage)
			}
			f.fault.Store("")
			if r := s.Invoke(context.Background(), Invocation{Job: job("answer")}); r.Outcome != picloud.OutcomeOK {
				t.Errorf("the next call: %s, %v", r.Outcome, r.Err)
			}
		})
	}
}

// A worker that dies while it receives its job: the call has one answer, soon. If
// it cannot have had all of its job, another gets it; it is no use if all do so.
func TestWorkersThatDieWhileTheyReceive(t *testing.T) {
	s := start(t, "breaks off", func(c *Config) { c.Logger = zap.NewNop() })
	for size, want := range map[int]picloud.Outcome{10: picloud.OutcomeWorkerKilled, wire.MaxBody: picloud.OutcomeOverloaded} {
		failed := s.Stats().Failures
		j := job("answer")
		j.Request.Body = make([]byte, size)
		if r := s.Invoke(context.Background(), Invocation{Job: j}); r.Outcome != want {
			t.Errorf("a body of %d bytes: %s, %v; want %s", size, r.Outcome, r.Err, want)
		}
		if now := s.Stats(); (now.Failures > failed) != (want == picloud.OutcomeOverloaded) || (now.LastFailure != nil) != (now.Failures > 0) {
			t.Errorf("a body of %d bytes: %d failures, then %d, the last %v", size, failed, now.Failures, now.LastFailure)
		}
	}
}
