package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// soakKind is one sort of call: what is sent, and the only answer that is right.
type soakKind struct {
	name    string
	share   int // of all calls, in parts
	source  string
	extra   object
	body    string
	status  int
	member  string // of the problem document
	value   string
	outcome string // in the metrics; "" for a request that is refused
}

func soakKinds() []soakKind {
	generous := func(more object) object {
		o := object{"timeout_ms": 600_000} // timings fail no call, in whatever machine
		maps.Copy(o, more)
		return o
	}
	limited := func(name, limit, source string, extra object) soakKind {
		return soakKind{name: name, share: 5, source: source, extra: generous(extra), status: 507, member: "limit", value: limit, outcome: "limit_exceeded"}
	}
	kinds := []soakKind{
		{name: "good", share: 40, source: "return ctx.request.query.n * 2", extra: generous(nil), status: 200, outcome: "ok"},
		{name: "echo", share: 10, source: "return ctx.request.body", extra: generous(nil), body: strings.Repeat("x", 200_000), status: 200, outcome: "ok"},
		{name: "logs", share: 5, source: "for i = 1, 100 do log.info(string.rep('x', 1000)) end return 1", extra: generous(nil), status: 200, outcome: "ok"},
		{name: "failing", share: 10, source: "error('no ' .. ctx.request.query.n)", extra: generous(nil), status: 500, member: "code", value: "script_error", outcome: "script_error"},
		{name: "deep", share: 5, source: "local function f() return 1 + f() end return f()", extra: generous(nil), status: 507, member: "limit", value: "max_call_levels", outcome: "limit_exceeded"},
		{name: "late", share: 2, source: endless, extra: object{"timeout_ms": 50, "sandbox": object{"max_operations": int64(1_000_000_000_000)}},
			status: 504, member: "code", value: "timeout", outcome: "timeout"},
		{name: "too-large", share: 2, source: "return 1", body: strings.Repeat("x", 300_000), status: 413, member: "code", value: "request_too_large"},
		{name: "not-there", share: 4, status: 404, member: "code", value: "script_not_found"},
		limited("looping", "max_operations", endless, object{"sandbox": object{"max_operations": 20_000}}),
		limited("wide", "response_size", "local s = string.rep('x', 200000) return { s, s, s, s, s, s }", nil),
		limited("hungry", "memory_limit_mb", hungry, object{"memory_limit_mb": 16, "sandbox": object{
			"max_operations": 10_000_000, "max_array_size": 100_000, "max_map_size": 100_000}}),
	}
	if inSystemd() {
		kinds[len(kinds)-1].share = 1 // a hungry one takes seconds there
	}
	return append(kinds, soakKind{name: vanishing, share: 2, source: endless,
		extra: generous(object{"sandbox": object{"max_operations": int64(1_000_000_000_000)}})})
}

// vanishing is the calls whose client hangs up.
const vanishing = "vanishing"

// soak counts what came of the calls.
type soak struct {
	*daemon
	kinds []soakKind         // each as often as its share
	first map[string]float64 // the daemon's counters before the first call

	mu       sync.Mutex
	left     []soakKind // of kinds, to be dealt before they are shuffled again
	calls    int
	dealt    map[string]int // by kind
	outcomes map[string]int // as the daemon should have counted them
}

// TestSoak makes good and hostile calls, many at a time, and then looks for
// anything that has grown. SOAK_CALLS says how many, or SOAK_MINUTES how long.
func TestSoak(t *testing.T) {
	// at debug, as in other tests, the log would be gigabytes
	s := &soak{daemon: startDaemon(t, withLongRuns(),
		withEnv("PICLOUD_CEILING_TIMEOUT_MS=600000"), withFlags("--log-level", "warn")), dealt: map[string]int{}, outcomes: map[string]int{}}
	for _, k := range soakKinds() {
		if k.source != "" {
			s.deploy(k.name, k.source, k.extra)
		}
		for range k.share {
			s.kinds = append(s.kinds, k)
		}
	}
	calls, _ := strconv.Atoi(os.Getenv("SOAK_CALLS"))
	minutes, _ := strconv.Atoi(os.Getenv("SOAK_MINUTES"))
	if calls == 0 && minutes == 0 {
		calls = 1000
	}
	s.first = s.counters()

	s.make(max(len(s.kinds), calls/20), 0) // what is made once and kept is made now
	before := s.held()
	s.make(calls, time.Duration(minutes)*time.Minute)
	after := s.settled(before)

	t.Logf("%d calls: %v", s.calls, s.dealt)
	t.Logf("outcomes: %v", s.outcomes)
	t.Logf("before %+v", before)
	t.Logf("after  %+v", after)
	s.account()
}

// make makes calls until there have been so many, or, if forTime is not 0, for
// so long.
func (s *soak) make(calls int, forTime time.Duration) {
	end := time.Now().Add(forTime)
	s.left = nil
	var next sync.Mutex
	more := func() bool {
		next.Lock()
		defer next.Unlock()
		if forTime > 0 {
			return time.Now().Before(end)
		}
		calls--
		return calls >= 0
	}
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for more() && !s.t.Failed() {
				s.call(client, s.deal(), rand.N(1_000_000))
			}
		})
	}
	callers.Wait()
}

// deal gives the kind of the next call. In as many calls as there are in kinds,
// each of them occurs.
func (s *soak) deal() soakKind {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.left) == 0 {
		s.left = slices.Clone(s.kinds)
		rand.Shuffle(len(s.left), func(i, j int) { s.left[i], s.left[j] = s.left[j], s.left[i] })
	}
	k := s.left[0]
	s.left = s.left[1:]
	s.dealt[k.name]++
	return k
}

// A call may wait for ten seconds, and then be refused: how long others take is the
// machine's affair. One that was refused is made again, and each time counted. Of
// all calls few may be: here are fewer than may wait.
const (
	refusals    = 5  // of one call
	mostRefused = 20 // one in so many
)

// call makes one call and checks its answer.
func (s *soak) call(client *http.Client, k soakKind, n int) {
	for refused := 0; ; {
		if k.name == vanishing {
			s.vanish()
			s.note("gone")
			return
		}
		a, err := s.try(client, "POST", fmt.Sprintf("/run/%s?n=%d", k.name, n), k.body)
		if err != nil {
			s.t.Errorf("%s: %v", k.name, err)
			return
		}
		if a.status == 503 {
			s.note("overloaded")
			why := a.field("detail")
			if refused++; refused > refusals || why != "no worker became free in time" && why != "no worker could be started in time" {
				s.t.Errorf("%s, n=%d: refused %d times: %.300s", k.name, n, refused, a.body)
				return
			}
			continue
		}
		right := a.status == k.status && (k.member == "" || fmt.Sprint(a.field(k.member)) == k.value)
		switch k.name {
		case "good":
			right = right && a.body == strconv.Itoa(2*n)
		case "echo":
			right = right && a.body == k.body
		case "failing":
			right = right && strings.Contains(a.body, fmt.Sprintf("no %d", n))
		}
		if !right {
			s.t.Errorf("%s, n=%d: %d %.300s", k.name, n, a.status, a.body)
		}
		s.note(k.outcome)
		return
	}
}

// vanish asks for an endless script and hangs up.
func (s *soak) vanish() {
	c, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	if err != nil {
		s.t.Error(err)
		return
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /run/%s HTTP/1.1\r\nHost: a\r\n\r\n", vanishing)
	time.Sleep(rand.N(200 * time.Millisecond))
}

func (s *soak) note(outcome string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	s.outcomes[outcome]++
}

// account checks the daemon's counters against what the callers have seen. A
// call whose client has gone is one that was stopped, or that never had a worker.
func (s *soak) account() {
	s.t.Helper()
	now := s.counters()
	counted := func(name string) int { return int(now[name] - s.first[name]) }
	outcome := func(o string) int { return counted(fmt.Sprintf("picloud_invocations_total{outcome=%q}", o)) }
	for _, o := range []string{"ok", "script_error", "limit_exceeded", "timeout", "internal"} {
		if outcome(o) != s.outcomes[o] {
			s.t.Errorf("the daemon counts %d calls as %s, their callers %d", outcome(o), o, s.outcomes[o])
		}
	}
	if got, want := outcome("worker_killed")+outcome("overloaded"), s.outcomes["gone"]+s.outcomes["overloaded"]; got != want {
		s.t.Errorf("the daemon counts %d calls as overloaded or worker_killed, their callers %d as refused or given up", got, want)
	}
	if got := counted("picloud_requests_refused_total"); got != s.outcomes[""] {
		s.t.Errorf("the daemon counts %d requests that were refused, their callers %d", got, s.outcomes[""])
	}
	if s.outcomes["overloaded"]*mostRefused > s.calls {
		s.t.Errorf("of %d calls %d were refused", s.calls, s.outcomes["overloaded"])
	}
	for _, k := range s.kinds {
		if s.dealt[k.name] == 0 {
			s.t.Errorf("there was no call of the kind %s", k.name)
		}
	}
	if n := counted("picloud_worker_start_failures_total"); n != 0 {
		s.t.Errorf("%d workers could not be started or died idle", n)
	}
}

// finished counts the calls that the daemon has done with.
func (s *soak) finished() int {
	s.t.Helper()
	sum := 0.0
	for name, value := range s.counters() {
		if strings.HasPrefix(name, "picloud_invocations_total{") || name == "picloud_requests_refused_total" {
			sum += value - s.first[name]
		}
	}
	return int(sum)
}

// counters reads /metrics.
func (s *soak) counters() map[string]float64 {
	s.t.Helper()
	values := map[string]float64{}
	for line := range strings.Lines(s.request("GET", "/metrics", "").body) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		if n, err := strconv.ParseFloat(value, 64); err == nil && !strings.HasPrefix(line, "#") {
			values[name] = n
		}
	}
	return values
}

// held is all that a daemon at rest holds.
type held struct {
	resources
	Zombies    int
	Goroutines int
	DyingMemCG int // nr_dying_descendants of the workers' cgroup
	RSSMiB     int
}

// held waits for rest. A call whose client has hung up may begin after its client's
// last word.
func (s *soak) held() held {
	s.t.Helper()
	http.DefaultClient.CloseIdleConnections()
	s.eventually(fmt.Sprintf("the daemon accounts for all of %d calls", s.calls), 10*time.Second,
		func() bool { return s.finished() == s.calls })
	s.atRest()
	return held{
		resources:  s.resources(),
		Zombies:    s.zombies(),
		Goroutines: int(s.counters()["go_goroutines"]),
		DyingMemCG: s.dying(),
		RSSMiB:     s.rss(),
	}
}

// Room for chance: the Go runtime's own goroutines, when it returns memory, and
// when the kernel does.
const (
	goroutineRoom = 5
	dyingRoom     = 2 // a dead cgroup lives on until the kernel's next look at it
	rssRoomMiB    = 24
)

// settled waits until the daemon holds no more than before. The kernel frees dead
// cgroups, and the Go runtime memory, when it suits them.
func (s *soak) settled(before held) held {
	s.t.Helper()
	for end := time.Now().Add(patience(2 * time.Minute)); ; time.Sleep(time.Second) {
		after := s.held()
		// one connection more may have been open when it began
		if after.workers <= before.workers && after.groups <= before.groups && after.descriptors <= before.descriptors && after.Zombies == 0 &&
			after.Goroutines <= before.Goroutines+goroutineRoom &&
			after.DyingMemCG <= before.DyingMemCG+dyingRoom && after.RSSMiB <= before.RSSMiB+rssRoomMiB {
			return after
		}
		if time.Now().After(end) {
			s.t.Errorf("something has grown:\nbefore %+v\nafter  %+v", before, after)
			return after
		}
	}
}

// zombies counts dead children that the daemon has not waited for.
func (s *soak) zombies() int {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.pid()))
	n := 0
	for _, list := range lists {
		data, _ := os.ReadFile(list) // of a thread that may have ended
		for _, pid := range strings.Fields(string(data)) {
			if strings.Contains(s.status(pid), "State:\tZ") {
				n++
			}
		}
	}
	return n
}

func (s *soak) status(pid string) string {
	data, _ := os.ReadFile("/proc/" + pid + "/status") // of a process that may have ended
	return string(data)
}

// rss is the daemon's resident memory that is its own, RssAnon in
// proc_pid_status(5), in MiB.
func (s *soak) rss() int {
	s.t.Helper()
	for line := range strings.Lines(s.status(strconv.Itoa(s.pid()))) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "RssAnon:" {
			kb, err := strconv.Atoi(fields[1])
			if err != nil {
				s.t.Fatal(err)
			}
			return kb / 1024
		}
	}
	s.t.Fatal("the kernel does not tell the daemon's memory")
	return 0
}

func (s *soak) dying() int {
	s.t.Helper()
	if !inSystemd() {
		return 0
	}
	data, err := os.ReadFile(filepath.Join(s.cgroup(), "workers", "cgroup.stat"))
	if err != nil {
		s.t.Fatal(err)
	}
	fields := strings.Fields(string(data))
	i := slices.Index(fields, "nr_dying_descendants")
	n, err := strconv.Atoi(fields[i+1])
	if i < 0 || err != nil {
		s.t.Fatalf("cgroup.stat says %q", data)
	}
	return n
}
