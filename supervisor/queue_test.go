package supervisor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"picloud"
	"picloud/worker/wire"
)

func TestShare(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 1, 3: 2, 4: 3, 6: 5, 8: 6, 16: 12} {
		if got := shareOf(n); got != want {
			t.Errorf("of %d workers one script may have %d, want %d", n, got, want)
		}
	}
}

// joined is a call that has joined a queue.
type joined struct {
	script string
	turn   *turn // nil if it runs
	err    error
}

func join(q *queue, script string) joined {
	turn, err := q.join(script)
	return joined{script, turn, err}
}

// state is "runs", "waits" or "refused".
func (j joined) state() string {
	if j.err != nil {
		return "refused"
	}
	if j.turn == nil {
		return "runs"
	}
	select {
	case err := <-j.turn.decided:
		j.turn.decided <- err
		if err == nil {
			return "runs"
		}
		return "refused"
	default:
		return "waits"
	}
}

func wantStates(t *testing.T, what string, calls []joined, want ...string) {
	t.Helper()
	for i, c := range calls {
		if got := c.state(); got != want[i] {
			t.Errorf("%s: call %d, of %s, %s; want %s", what, i, c.script, got, want[i])
		}
	}
}

func TestScriptsTakeTurns(t *testing.T) {
	q := newQueue(4, 100)
	var calls []joined
	for _, script := range []string{"a", "a", "a", "a", "a", "b", "b", "c"} {
		calls = append(calls, join(q, script))
	}
	wantStates(t, "a has its share, b the rest", calls, "runs", "runs", "runs", "waits", "waits", "runs", "waits", "waits")
	q.leave("b")
	wantStates(t, "a may not have more, b goes to the end", calls, "runs", "runs", "runs", "waits", "waits", "runs", "runs", "waits")
	q.leave("a")
	wantStates(t, "a's turn comes first", calls, "runs", "runs", "runs", "runs", "waits", "runs", "runs", "waits")
	q.leave("a")
	wantStates(t, "c waits as long as a now", calls, "runs", "runs", "runs", "runs", "waits", "runs", "runs", "runs")
	for _, script := range []string{"a", "a", "b", "c", "a"} {
		q.leave(script)
	}
	if running, waiting := q.counts(); running != 0 || waiting != 0 || len(q.lines) != 0 || q.round.Len() != 0 {
		t.Errorf("%d run, %d wait, %d lines are left", running, waiting, len(q.lines))
	}
}

// With all places taken, who has fewest gets one of who has most.
func TestPlacesAreShared(t *testing.T) {
	q := newQueue(2, 4)
	var calls []joined
	add := func(scripts ...string) {
		for _, script := range scripts {
			calls = append(calls, join(q, script))
		}
	}
	add("a", "x", "a", "a", "a", "a", "a")
	wantStates(t, "one script fills the queue", calls, "runs", "runs", "waits", "waits", "waits", "waits", "refused")
	add("b")
	wantStates(t, "another comes", calls, "runs", "runs", "waits", "waits", "waits", "refused", "refused", "waits")
	add("b")
	wantStates(t, "and again", calls, "runs", "runs", "waits", "waits", "refused", "refused", "refused", "waits", "waits")
	add("b", "a")
	wantStates(t, "both have as many", calls[9:], "refused", "refused")
	add("c")
	if calls[len(calls)-1].state() != "waits" {
		t.Error("a third script finds no place")
	}
	if _, waiting := q.counts(); waiting != 4 {
		t.Errorf("%d wait", waiting)
	}
}

func TestQueueOfNone(t *testing.T) {
	q := newQueue(1, 0)
	if c := join(q, "a"); c.state() != "runs" {
		t.Error("the first call does not run")
	}
	for _, script := range []string{"a", "b"} {
		if c := join(q, script); c.state() != "refused" {
			t.Errorf("%s %s", script, c.state())
		}
	}
}

// Many calls that come, give up and end at random: the bounds hold at every
// moment, and nothing is left.
func TestQueueUnderLoad(t *testing.T) {
	q := newQueue(4, 8)
	var mu sync.Mutex
	running := map[string]int{}
	var calls sync.WaitGroup
	for n := range 400 {
		calls.Go(func() {
			script := fmt.Sprint("s", n%3)
			ctx, cancel := context.WithTimeout(context.Background(), rand.N(20*time.Millisecond))
			defer cancel()
			time.Sleep(rand.N(20 * time.Millisecond))
			if err := q.enter(ctx, script); err != nil {
				if picloud.ErrorCode(err) != picloud.CodeOverloaded && !errors.Is(err, context.DeadlineExceeded) {
					t.Error(err)
				}
				return
			}
			mu.Lock()
			running[script]++
			if running[script] > shareOf(4) || running["s0"]+running["s1"]+running["s2"] > 4 {
				t.Errorf("%v run", running)
			}
			mu.Unlock()
			time.Sleep(rand.N(time.Millisecond))
			mu.Lock()
			running[script]--
			mu.Unlock()
			q.leave(script)
		})
	}
	calls.Wait()
	if r, w := q.counts(); r != 0 || w != 0 || len(q.lines) != 0 || q.round.Len() != 0 {
		t.Errorf("%d run, %d wait, %d lines are left", r, w, len(q.lines))
	}
}

// Who has had an answer may ask again at once, although the process that gave it
// is still there: where nobody may wait, one may wait for that.
func TestATurnThatIsEndingIsAPlace(t *testing.T) {
	q := newQueue(2, 0)
	if err := q.enter(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := q.enter(t.Context(), "a"); picloud.ErrorCode(err) != picloud.CodeOverloaded {
		t.Fatalf("a second call: %v", err)
	}
	q.answered()
	if running, _ := q.counts(); running != 0 {
		t.Errorf("%d run", running)
	}
	entered := make(chan error)
	go func() { entered <- q.enter(t.Context(), "a") }()
	for _, waiting := q.counts(); waiting != 1; _, waiting = q.counts() {
		time.Sleep(time.Millisecond)
	}
	if err := q.enter(t.Context(), "a"); picloud.ErrorCode(err) != picloud.CodeOverloaded {
		t.Errorf("another one: %v", err)
	}
	q.ended("a")
	if err := <-entered; err != nil {
		t.Error(err)
	}
	q.leave("a")
	if running, waiting := q.counts(); running != 0 || waiting != 0 || q.ending != 0 || len(q.lines) != 0 {
		t.Errorf("%d run, %d wait, %d end", running, waiting, q.ending)
	}
}

// With every worker that one script can have looping, and as many of its calls
// waiting as may, another script's calls are served while they do.
func TestOneScriptCannotStarveAnother(t *testing.T) {
	s := start(t, "obeys", func(c *Config) { c.Workers, c.Queue = 4, 8 })
	ctx, cancel := context.WithCancel(context.Background())
	var looping sync.WaitGroup
	for range 30 {
		looping.Go(func() {
			j := job("hang")
			j.ScriptName = "looping"
			s.Invoke(ctx, Invocation{Job: j})
		})
	}
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(time.Millisecond) {
		now := s.Stats()
		if now.Running == 3 && now.Waiting == 8 {
			break
		}
		if time.Now().After(end) {
			t.Errorf("%d run and %d wait; want 3 and 8", now.Running, now.Waiting)
			break
		}
	}
	for range 5 {
		j := job("answer")
		j.ScriptName = "other"
		if r := s.Invoke(context.Background(), Invocation{Job: j}); r.Outcome != picloud.OutcomeOK {
			t.Errorf("%s, %v", r.Outcome, r.Err)
		}
	}
	if now := s.Stats(); now.Running != 3 {
		t.Errorf("%d of the looping calls run still: the others proved nothing", now.Running)
	}
	cancel()
	looping.Wait()
}

func TestQueueIsBounded(t *testing.T) {
	s := start(t, "obeys", func(c *Config) { c.Workers, c.Queue = 1, 2 })
	var mu sync.Mutex
	outcomes := map[picloud.Outcome]int{}
	var calls sync.WaitGroup
	for range 10 {
		calls.Go(func() {
			r := s.Invoke(context.Background(), Invocation{Job: job("sleep")})
			mu.Lock()
			defer mu.Unlock()
			outcomes[r.Outcome]++
			if r.Outcome == picloud.OutcomeOverloaded && (r.Err.Code != picloud.CodeOverloaded || r.Usage != nil) {
				t.Errorf("refused with %v, usage %v", r.Err, r.Usage)
			}
		})
	}
	calls.Wait()
	if outcomes[picloud.OutcomeOK] < 3 || outcomes[picloud.OutcomeOverloaded] < 1 ||
		outcomes[picloud.OutcomeOK]+outcomes[picloud.OutcomeOverloaded] != 10 {
		t.Errorf("outcomes %v; want at least one that runs, two that wait, and the rest refused", outcomes)
	}
}

// What is compiled takes no call's turn: neither while it is, nor when all turns
// are taken. One script is compiled at a time.
func TestCompilingTakesNoTurn(t *testing.T) {
	s := start(t, "obeys", func(c *Config) { c.Workers, c.Warm, c.Queue = 1, 1, 0 })
	compile := job("sleep")
	compile.Purpose = wire.Compile
	until := func(want int) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			calls, _ := s.queue.counts()
			if forms, _ := s.forms.counts(); calls+forms == want {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("never %d at a time", want)
			}
		}
	}
	for name, c := range map[string]struct{ first, second *wire.Job }{
		"a call while something is compiled":     {compile, job("answer")},
		"something to compile while a call runs": {job("sleep"), compile},
	} {
		first := make(chan *Report)
		go func() { first <- s.Invoke(context.Background(), Invocation{Job: c.first}) }()
		until(1)
		if r := s.Invoke(context.Background(), Invocation{Job: c.second}); r.Err != nil {
			t.Errorf("%s: %v", name, r.Err)
		}
		if r := <-first; r.Err != nil {
			t.Errorf("%s: the first: %v", name, r.Err)
		}
		until(0)
	}
	results := make(chan *Report)
	for range 2 {
		go func() { results <- s.Invoke(context.Background(), Invocation{Job: compile}) }()
	}
	a, b := <-results, <-results
	if (a.Outcome == picloud.OutcomeOverloaded) == (b.Outcome == picloud.OutcomeOverloaded) {
		t.Errorf("two at a time: %s and %s", a.Outcome, b.Outcome)
	}
}
