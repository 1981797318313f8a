package e2e

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"
)

// While one script loops in every worker it can get, and fills the queue, the
// calls of another are served.
func TestOneScriptCannotStarveAnother(t *testing.T) {
	d := startDaemon(t, withLongRuns(), withFlags("--workers", "2", "--warm", "2", "--queue", "4"))
	d.deploy("looping", endless, longRun())
	d.deploy("hello", "return 'hello'")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var callers sync.WaitGroup
	for range 12 {
		callers.Go(func() {
			for ctx.Err() == nil {
				req, err := http.NewRequestWithContext(ctx, "GET", d.base+"/run/looping", nil)
				if err != nil {
					t.Error(err)
					return
				}
				if resp, err := httpClient().Do(req); err == nil {
					resp.Body.Close()
				}
				time.Sleep(10 * time.Millisecond) // it was refused
			}
		})
	}
	busy := d.busyWorker()
	for range 5 {
		d.run("hello").expect(t, 200, nil)
	}
	d.deploy("hello", "return 'again'") // a script can be checked, too
	d.run("hello").expect(t, 200, nil)
	if cpuTicks(busy) == 0 {
		t.Error("what looped has ended meanwhile: the others proved nothing")
	}
	cancel()
	callers.Wait()
}
