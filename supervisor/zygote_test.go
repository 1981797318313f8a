//go:build !race

package supervisor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"picloud"
	"picloud/limits"
	"picloud/worker/nursery"
	"picloud/worker/sandbox"
	"picloud/worker/wire"
	"picloud/worker/zygote"
)

// newZygote gives a spawner of stubs, which is closed after its workers.
func newZygote(t *testing.T, behaviour string) *zygoteSpawner {
	t.Helper()
	s, err := NewZygoteSpawner(stubPath(t, behaviour), testCredential())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s.(*zygoteSpawner)
}

// What the kernel says of a copy, and of what it is a copy of: the one has every
// lock, the other all but what making workers takes.
func TestKernelsViewOfCopies(t *testing.T) {
	s := newZygote(t, "obeys")
	worker := waiting(t, s)
	filters := func(own int) string { return fmt.Sprintf("Seccomp_filters:\t%d\n", ownFilters(t)+own) }
	for _, c := range []struct {
		pid   int
		name  string
		lines []string
	}{
		{worker.Pid, "a worker", []string{"Name:\tpicloud-worker\n", "Threads:\t1\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n", filters(2),
			"CapEff:\t0000000000000000\n", "CapPrm:\t0000000000000000\n", "CapInh:\t0000000000000000\n", "CapAmb:\t0000000000000000\n"}},
		{s.current.words.PID, "the zygote", []string{"Threads:\t1\n", "NoNewPrivs:\t1\n", "Seccomp:\t2\n", filters(1),
			"CapInh:\t0000000000000000\n", "CapAmb:\t0000000000000000\n"}},
	} {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.pid))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range c.lines {
			// older kernels do not count filters
			if !strings.Contains(string(status), line) && strings.Contains(string(status), line[:strings.IndexByte(line, ':')+1]) {
				t.Errorf("%s: its status has no line %q:\n%s", c.name, line, status)
			}
		}
	}
	limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", worker.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for limit, value := range map[string]string{"Max core file size": "0", "Max file size": "0", "Max open files": "5", "Max processes": "64",
		"Max locked memory": "0", "Max msgqueue size": "0", "Max stack size": "1048576"} {
		if fields := strings.Fields(strings.TrimPrefix(lineOf(string(limits), limit), limit)); len(fields) < 2 || fields[0] != value || fields[1] != value {
			t.Errorf("%s: %v, want %s", limit, fields, value)
		}
	}
	fds, fdErr := os.ReadDir(fmt.Sprintf("/proc/%d/fd", worker.Pid))
	environ, environErr := os.ReadFile(fmt.Sprintf("/proc/%d/environ", worker.Pid))
	if fdErr != nil || len(fds) != 3 {
		t.Errorf("a worker's descriptors: %v, %v", fds, fdErr)
	}
	if environErr != nil || len(environ) > 0 {
		t.Errorf("a worker's environment: %q, %v", environ, environErr)
	}
}

// ownFilters is how many seccomp filters this process was started under, 0 where
// the kernel does not count them.
func ownFilters(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimPrefix(lineOf(string(status), "Seccomp_filters:"), "Seccomp_filters:")))
	return n
}

func lineOf(text, prefix string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, prefix) {
			return line
		}
	}
	return ""
}

// Whoever kills the zygote does not stop the service, and kills no worker.
func TestZygoteIsReplaced(t *testing.T) {
	s := newZygote(t, "obeys")
	first := waiting(t, s)
	for range 3 {
		if err := syscall.Kill(s.current.words.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		next := waiting(t, s)
		if namespace(t, first.Pid, "net") == namespace(t, next.Pid, "net") {
			t.Error("a worker is the dead zygote's")
		}
	}
	if err := first.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the first worker died with its zygote: %v", err)
	}
	if s.failures != 0 {
		t.Errorf("%d zygotes are taken to have made no worker", s.failures)
	}
}

// A zygote that has served its time makes workers until its successor is ready,
// and is then no more.
func TestZygoteHasItsTime(t *testing.T) {
	for name, grow := range map[string]func(*zygoteProcess){
		"copies": func(z *zygoteProcess) { z.copies = maxCopies },
		"age":    func(z *zygoteProcess) { z.started = time.Now().Add(-maxZygoteAge) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newZygote(t, "obeys")
			first := waiting(t, s)
			old := s.current
			grow(old)
			if second := waiting(t, s); namespace(t, first.Pid, "net") != namespace(t, second.Pid, "net") {
				t.Error("the second worker had to wait for another zygote")
			}
			for end := time.Now().Add(30 * time.Second); s.current == old; time.Sleep(10 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatal("it has no successor")
				}
				waiting(t, s)
			}
			if err := syscall.Kill(old.words.PID, 0); !errors.Is(err, syscall.ESRCH) {
				t.Errorf("the old one: %v", err)
			}
			if namespace(t, first.Pid, "net") == namespace(t, waiting(t, s).Pid, "net") {
				t.Error("the old one makes workers")
			}
		})
	}
}

// A successor that does not become ready changes nothing, and is tried again
// later.
func TestSuccessorThatFails(t *testing.T) {
	s := newZygote(t, "obeys")
	waiting(t, s)
	old := s.current
	old.copies = maxCopies
	s.failures = 3 // successors that failed: that the old one serves says nothing of the next
	waiting(t, s)
	if s.successor == nil {
		t.Fatal("there is no successor")
	}
	if s.failures != 3 {
		t.Errorf("%d failures in a row are remembered, not 3", s.failures)
	}
	if err := s.successor.starter.Kill(); err != nil {
		t.Fatal(err)
	}
	if s.successor.words.PID != 0 {
		syscall.Kill(s.successor.words.PID, syscall.SIGKILL)
	}
	for end := time.Now().Add(30 * time.Second); s.current == old; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it has no successor")
		}
		waiting(t, s)
	}
}

// A copy that cannot become a worker says why to who waits for it, and to nobody
// else.
func TestCopyThatCannotBecomeAWorker(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Log("only root's workers become somebody, which can fail")
		return
	}
	s := newZygote(t, "obeys")
	const stranger = 4242 // in the zygote's namespace there is none such
	starter, socket, err := s.start(sandbox.ZygoteSocketFD, zygote.ProgramFD,
		zygote.Arguments(s.program.Name(), &sandbox.User{UID: stranger, GID: stranger}))
	if err != nil {
		t.Fatal(err)
	}
	z := &zygoteProcess{starter: starter, socket: socket, started: time.Now()}
	defer z.end()
	if err := z.hear(zygoteTimeout); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		p, err := s.spawn(-1, false, func(r *nursery.Request, p *Process) (err error) {
			p.Process, err = s.ask(z.socket, r)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		kind, text, err := wire.Read(p.Answers)
		if err != nil || kind != wire.KindRefused || !strings.Contains(string(text), "setresgid") {
			t.Errorf("%q %q, %v", kind, text, err)
		}
		p.Kill()
		p.Wait()
		p.closePipes()
	}
}

// A copy that hangs before it is ready is killed in time and counted, and its
// zygote not used again. What a lost lock would do is done by a stub.
func TestCopyThatHangs(t *testing.T) {
	s := newZygote(t, "hangs")
	e := testEnclosures(t)
	defer e.Close()
	p := newPool(s, e, 1, testLogger())
	before := s.current
	p.start()
	defer p.close()
	await := func(n uint64) (last error) {
		for end := time.Now().Add(copyTimeout + 30*time.Second); ; time.Sleep(time.Millisecond) {
			p.mu.Lock()
			failures, err := p.failures, p.lastErr
			p.mu.Unlock()
			if failures >= n {
				return err
			}
			if time.Now().After(end) {
				t.Fatalf("%d failures, want %d", failures, n)
			}
		}
	}
	if err := await(1); !strings.Contains(err.Error(), "ended by the supervisor") {
		t.Errorf("the first failure: %v", err)
	}
	if err := await(2); !strings.Contains(err.Error(), "no zygote is started") {
		t.Errorf("the second: %v", err)
	}
	p.close()
	if s.current == before || !before.doubted.Load() {
		t.Error("the zygote is still used")
	}
}

// Zygotes that make no worker are not started without end, and the reason is
// told.
func TestZygoteBackoff(t *testing.T) {
	s := &zygoteSpawner{}
	for failures := 1; failures < 100; failures++ {
		s.failed(nursery.ErrGone)
		most := min(minZygoteWait<<min(failures-1, 30), maxZygoteWait)
		if wait := time.Until(s.notBefore); wait > most || wait < most-time.Second && wait < most/2 {
			t.Fatalf("after %d failures: %v, want %v", failures, wait, most)
		}
	}
	if err := s.replace(); !errors.Is(err, nursery.ErrGone) || !strings.Contains(err.Error(), "99 in a row") {
		t.Error(err)
	}
	if s.failures != 99 {
		t.Errorf("an attempt that was not made is counted: %d", s.failures)
	}
}

func TestProgramThatIsNoZygote(t *testing.T) {
	for _, program := range []string{"/bin/false", "/nonexistent/picloud-worker"} {
		_, err := NewZygoteSpawner(program, testCredential())
		if picloud.ErrorCode(err) != picloud.CodeCannotStart || picloud.AsError(err).Hint == "" {
			t.Errorf("%s: %v", program, err)
		}
	}
}

// Descriptors that the runtime has opened before main are not for copies, and it
// would miss them in each.
func TestZygoteWithDescriptorsOfItsOwn(t *testing.T) {
	_, err := NewZygoteSpawner(stubPath(t, "opens"), testCredential())
	if picloud.ErrorCode(err) != picloud.CodeCannotStart || !strings.Contains(err.Error(), "descriptor 4 is open") {
		t.Errorf("%v", err)
	}
}

// A cgroup that is none is an error with its name, and leaves nothing.
func TestCopyThatCannotBeMade(t *testing.T) {
	s := newZygote(t, "obeys")
	waiting(t, s)
	before, fds := len(children(t)), openFDs(t)
	file, err := os.Open(stubProgram)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := s.Spawn(int(file.Fd()), false); !errors.Is(err, syscall.EBADF) || !strings.Contains(err.Error(), "clone3") {
		t.Errorf("%v", err)
	}
	if after := len(children(t)); after != before {
		t.Errorf("%d children before, %d after", before, after)
	}
	if after := openFDs(t); after != fds+1 {
		t.Errorf("%d descriptors before, %d after", fds, after)
	}
	waiting(t, s)
}

// Copies have the same memory, and not the same numbers by chance.
func TestCopiesDrawTheirOwnNumbers(t *testing.T) {
	program := realWorker(t)
	s := start(t, "obeys", func(c *Config) {
		c.Spawner.Close()
		var err error
		if c.Spawner, err = NewZygoteSpawner(program, testCredential()); err != nil {
			t.Fatal(err)
		}
	})
	seen := map[string]bool{}
	for range 20 {
		j := &wire.Job{Purpose: wire.Run, Source: "return math.random(2^50)", Limits: limits.Defaults()}
		j.Limits.TimeoutMS = 20_000
		r := s.Invoke(context.Background(), Invocation{Job: j})
		if r.Outcome != picloud.OutcomeOK || seen[string(r.Response.Body)] {
			t.Errorf("%s, %v, %s, seen before: %t", r.Outcome, r.Err, r.Response.Body, seen[string(r.Response.Body)])
		}
		seen[string(r.Response.Body)] = true
	}
}

// While nothing is asked of them neither a zygote nor its workers wake up.
func TestCopiesSleep(t *testing.T) {
	s, err := NewZygoteSpawner(realWorker(t), testCredential())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	pids := []int{s.(*zygoteSpawner).current.words.PID, waiting(t, s).Pid, waiting(t, s).Pid}
	switches := func(pid int) string {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			t.Fatal(err)
		}
		return lineOf(string(status), "voluntary_ctxt_switches:")
	}
	time.Sleep(100 * time.Millisecond) // what they begin with
	before := map[int]string{}
	for _, pid := range pids {
		before[pid] = switches(pid)
	}
	time.Sleep(time.Second)
	for _, pid := range pids {
		if now := switches(pid); now != before[pid] || now == "" {
			t.Errorf("%d woke up: %q, %q", pid, before[pid], now)
		}
	}
}
