package supervisor

import (
	"context"
	"errors"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"picloud"
)

func TestProcessesAreNeverShared(t *testing.T) {
	s := start(t, "obeys", nil)
	var mu sync.Mutex
	seen := map[string]bool{}
	var calls sync.WaitGroup
	for range manyCalls {
		calls.Go(func() {
			r := s.Invoke(context.Background(), Invocation{Job: job("answer")})
			mu.Lock()
			defer mu.Unlock()
			if r.Outcome != picloud.OutcomeOK || seen[string(r.Response.Body)] {
				t.Errorf("outcome %s, error %v, worker %s, seen before: %t", r.Outcome, r.Err, r.Response.Body, seen[string(r.Response.Body)])
			}
			seen[string(r.Response.Body)] = true
		})
	}
	calls.Wait()
}

func TestIdleWorkerThatDiesIsReplaced(t *testing.T) {
	s := start(t, "obeys", func(c *Config) { c.Logger = zap.NewNop() })
	for range 10 {
		s.pool.mu.Lock()
		victims := append([]*worker(nil), s.pool.idle...)
		s.pool.mu.Unlock()
		for _, w := range victims {
			w.process.Kill()
			<-w.done
		}
		if r := s.Invoke(context.Background(), Invocation{Job: job("answer")}); r.Outcome != picloud.OutcomeOK {
			t.Fatalf("outcome %s, error %v", r.Outcome, r.Err)
		}
	}
}

// halting is a Spawner whose workers are stopped until they are let go.
type halting struct {
	Spawner
	mu     sync.Mutex
	on     bool
	halted []*Process
}

func (h *halting) Spawn(cgroupFD int, eager bool) (*Process, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p, err := h.Spawner.Spawn(cgroupFD, eager)
	if err == nil && h.on {
		err = p.Signal(syscall.SIGSTOP)
		h.halted = append(h.halted, p)
	}
	return p, err
}

// A worker that was started for a call that has given up is not kept beside the
// warm ones.
func TestPoolHasNoMoreThanWarm(t *testing.T) {
	const warm, calls = 1, 6
	h := &halting{}
	s := start(t, "obeys", func(c *Config) {
		h.Spawner, c.Spawner = c.Spawner, h
		c.Workers, c.Warm = calls+1, warm
	})
	awaitIdle(t, s, warm)
	h.mu.Lock()
	h.on = true
	h.mu.Unlock()

	ctx, giveUp := context.WithCancel(context.Background())
	var takers sync.WaitGroup
	for range warm + calls {
		takers.Go(func() {
			if w, err := s.pool.take(ctx); err == nil {
				w.abort()
			}
		})
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		h.mu.Lock()
		n := len(h.halted)
		h.mu.Unlock()
		if n >= warm+calls {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d workers were started, not %d", n, warm+calls)
		}
	}
	giveUp()
	takers.Wait()
	h.mu.Lock()
	h.on = false
	for _, p := range h.halted {
		// one that was too quick to be stopped had a taker, and has ended
		if err := p.Signal(syscall.SIGCONT); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
	}
	h.mu.Unlock()
	for end := time.Now().Add(20 * time.Second); s.Stats().Starting > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after 20 s: %+v", s.Stats())
		}
	}
	if n := s.Stats().Idle; n != warm {
		t.Errorf("%d workers are idle, not %d", n, warm)
	}
}
