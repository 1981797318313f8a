package supervisor

import (
	"context"
	"sync"
	"testing"

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
