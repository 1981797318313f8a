package supervisor

import (
	"context"
	"testing"
	"time"
)

// Of the workers that wait for calls a zygote's first few are eager, and are the
// next to have one. Who waits for a worker gets one that is not: it is ready sooner.
func TestEagerWorkers(t *testing.T) {
	const warm = maxEager + 3
	s := start(t, "obeys", func(c *Config) { c.Workers, c.Warm = warm, warm })
	p := s.pool
	count := func() (idle, eager int) {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, w := range p.idle {
			if w.process.Eager {
				eager++
			}
		}
		return len(p.idle), eager
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if idle, _ := count(); idle == warm {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the pool is not filled")
		}
	}
	want := 0
	if kind == KindZygote {
		want = maxEager
	}
	if _, eager := count(); eager != want {
		t.Fatalf("%d workers are eager, not %d", eager, want)
	}
	if p.wantsEager() != (kind != KindZygote) {
		t.Error("one eager worker more or less is wanted")
	}
	for i := range warm {
		w, err := p.take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if w.process.Eager != (i < want) {
			t.Errorf("worker %d: eager is %t", i, w.process.Eager)
		}
		defer w.abort() // not before: others would take its place
	}
	p.mu.Lock()
	p.waiters = append(p.waiters, make(chan *worker, 1))
	p.mu.Unlock()
	if p.wantsEager() {
		t.Error("who waits for a worker would wait longer")
	}
}
