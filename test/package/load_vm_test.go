//go:build vm

package pkg

import (
	"sync"
	"sync/atomic"
)

// load is calls without a pause, through Caddy, none of which may fail.
type load struct {
	calls   atomic.Int64
	stop    chan struct{}
	callers sync.WaitGroup
}

func (b *board) underLoad(what string, change func()) {
	b.Helper()
	l := &load{stop: make(chan struct{})}
	for i := range 4 {
		method, body := "GET", ""
		if i%2 == 0 {
			method, body = "POST", "once" // what no proxy may send twice
		}
		l.callers.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
				}
				a, err := b.try(method, "/run/hello", body)
				if err != nil || a.status != 200 || a.body != "hello "+body {
					b.Errorf("%s: a %s got %d %q: %v", what, method, a.status, a.body, err)
				}
				l.calls.Add(1)
			}
		})
	}
	reached := func(n int64) func() bool { return func() bool { return l.calls.Load() >= n } }
	b.eventually("calls are made", reached(8))
	change()
	b.eventually("calls are made afterwards", reached(l.calls.Load()+8))
	close(l.stop)
	l.callers.Wait()
	b.Logf("%s: %d calls", what, l.calls.Load())
}

// none of what these commands list may be there.
func (b *board) nothing(what, command string) {
	b.Helper()
	if out := b.output(command); out != "" {
		b.Errorf("%s left:\n%s", what, out)
	}
}
