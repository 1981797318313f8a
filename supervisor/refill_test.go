package supervisor

import (
	"errors"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"
)

// failing is a Spawner that fails as often as it is told.
type failing struct {
	Spawner
	times atomic.Int64
}

func (f *failing) Spawn(cgroupFD int, eager bool) (*Process, error) {
	if f.times.Add(-1) >= 0 {
		return nil, errors.New("there are no processes left")
	}
	return f.Spawner.Spawn(cgroupFD, eager)
}

// After a failure workers are started one at a time; the first that is ready
// ends that, without an invocation to wake the filler.
func TestPoolIsFullAgainAfterAFailure(t *testing.T) {
	f := &failing{}
	s := start(t, "obeys", func(c *Config) {
		f.Spawner, c.Spawner = c.Spawner, f
		c.Warm, c.Logger = 3, zap.NewNop()
	})
	awaitIdle(t, s, 3)
	f.times.Store(1)
	for _, child := range children(t) {
		pid, err := strconv.Atoi(child)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := os.FindProcess(pid); err == nil {
			p.Signal(syscall.SIGKILL)
			p.Release()
		}
	}
	for s.Stats().Failures == 0 {
		time.Sleep(time.Millisecond)
	}
	awaitIdle(t, s, 3)
}

func awaitIdle(t *testing.T, s *Supervisor, n int) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); s.Stats().Idle != n; {
		if time.Now().After(end) {
			t.Fatalf("%d idle workers after 30 s, want %d", s.Stats().Idle, n)
		}
		time.Sleep(time.Millisecond)
	}
}
