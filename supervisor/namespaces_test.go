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
	"testing/fstest"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"picloud"
	"picloud/worker/nursery"
)

// waiting spawns a stub that stays, without a pool around it.
func waiting(t *testing.T, s Spawner) *Process {
	t.Helper()
	p, err := s.Spawn(-1, false)
	if err != nil {
		t.Fatal(err)
	}
	var ready [1]byte
	if _, err := p.Answers.Read(ready[:]); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		p.Wait()
		p.closePipes()
	})
	return p
}

// nurseries gives a spawner of stubs, which is closed after its workers.
func newNursery(t *testing.T) *nurserySpawner {
	t.Helper()
	s, err := NewNurserySpawner(stubPath(t, "obeys"), testCredential())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s.(*nurserySpawner)
}

func namespace(t *testing.T, pid int, kind string) string {
	t.Helper()
	name, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// Which namespaces a worker has, as the kernel shows them to its parent: none of
// the daemon's, and none that could carry something from one worker to another. An ipc
// namespace that two have in common is one in which nothing can be made, see
// TestNothingIsInherited.
func TestNamespacesOfWorkers(t *testing.T) {
	s := testSpawner(t, "obeys")
	t.Cleanup(s.Close)
	a, b := waiting(t, s), waiting(t, s)
	for kind, own := range map[string]bool{
		"user": true, "pid": true, "cgroup": true, "mnt": false, "net": false, "uts": false,
	} {
		if namespace(t, a.Pid, kind) == namespace(t, os.Getpid(), kind) {
			t.Errorf("a worker is in the daemon's %s namespace", kind)
		}
		if shared := namespace(t, a.Pid, kind) == namespace(t, b.Pid, kind); shared == own {
			t.Errorf("two workers share their %s namespace: %t", kind, shared)
		}
	}
	if namespace(t, a.Pid, "ipc") == namespace(t, os.Getpid(), "ipc") {
		t.Error("a worker is in the daemon's ipc namespace")
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", a.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"PPid:\t" + strconv.Itoa(os.Getpid()), "NoNewPrivs:\t1", "Groups:\t",
		"CapEff:\t0000000000000000", "CapPrm:\t0000000000000000", "CapInh:\t0000000000000000", "CapAmb:\t0000000000000000",
		"NSpid:\t" + strconv.Itoa(a.Pid) + "\t1"} {
		if !strings.Contains(string(status), line) {
			t.Errorf("status has no line %q:\n%s", line, status)
		}
	}
	for _, file := range []string{"uid_map", "gid_map"} {
		if m, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", a.Pid, file)); err != nil || len(m) > 0 {
			t.Errorf("%s: %q, %v; want none mapped", file, m, err)
		}
	}
	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mounts", a.Pid))
	if err != nil || strings.Count(string(mounts), "\n") != 1 || !strings.HasPrefix(string(mounts), "none / tmpfs ro,nosuid,nodev,noexec") {
		t.Errorf("mounts of a worker: %q, %v", mounts, err)
	}
	if files, err := os.ReadDir(fmt.Sprintf("/proc/%d/root", a.Pid)); err != nil || len(files) > 0 {
		t.Errorf("files of a worker: %v, %v", files, err)
	}
}

// Whoever kills the nursery does not stop the service, and kills no worker.
func TestNurseryIsReplaced(t *testing.T) {
	s := newNursery(t)
	first := waiting(t, s)
	if err := s.process.Kill(); err != nil {
		t.Fatal(err)
	}
	second := waiting(t, s)
	if namespace(t, first.Pid, "net") == namespace(t, second.Pid, "net") {
		t.Error("the second worker is the dead nursery's")
	}
	if err := first.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the first worker died with its nursery: %v", err)
	}
}

// A worker whose nursery did not live to tell of it is not left as a zombie.
func TestLostWorkerIsReaped(t *testing.T) {
	s := newNursery(t)
	known, lost := waiting(t, s), waiting(t, s)
	delete(s.given, lost.Pid)
	if err := s.process.Kill(); err != nil {
		t.Fatal(err)
	}
	waiting(t, s)
	if _, err := os.Stat(fmt.Sprintf("/proc/%d", lost.Pid)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the lost one: %v", err)
	}
	if err := known.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the other: %v", err)
	}
}

func killNurseries(t *testing.T) {
	t.Helper()
	for _, child := range children(t) {
		cmdline, _ := os.ReadFile("/proc/" + child + "/cmdline")
		if pid, err := strconv.Atoi(child); err == nil && strings.HasPrefix(string(cmdline), nursery.Name+"\x00") {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// The nursery is killed again and again while calls are served: each gets an
// answer, and nothing is left of what was just being made.
func TestNurseryKilledUnderLoad(t *testing.T) {
	s := start(t, "obeys", func(c *Config) { c.Logger = zap.NewNop() })
	for i := range 3 * manyCalls {
		r := s.Invoke(context.Background(), Invocation{Job: job("answer")})
		if r.Outcome != picloud.OutcomeOK && r.Outcome != picloud.OutcomeOverloaded {
			t.Errorf("%s, %v", r.Outcome, r.Err)
		}
		if i%4 == 0 { // while the pool is being filled
			time.Sleep(time.Duration(i%12) * 500 * time.Microsecond)
			killNurseries(t)
		}
	}
	if r := s.Invoke(context.Background(), Invocation{Job: job("answer")}); r.Outcome != picloud.OutcomeOK {
		t.Errorf("afterwards: %s, %v", r.Outcome, r.Err)
	}
}

// What is kept in mind of workers does not grow with their number.
func TestGivenWorkersAreForgotten(t *testing.T) {
	b := &births{given: map[int]bool{}, thread: newThread()}
	defer b.thread.end()
	for pid := range 100_000 {
		b.note(pid)
	}
	if len(b.given) > 5000 {
		t.Errorf("%d are kept", len(b.given))
	}
}

// A worker dies with the thread that serves, as it does with the daemon.
func TestWorkersDieWithTheDaemon(t *testing.T) {
	s := newNursery(t)
	p := waiting(t, s)
	s.Close()
	var state unix.Siginfo
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if err := unix.Waitid(unix.P_PID, p.Pid, &state, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil); err != nil {
			t.Fatal(err)
		}
		if state.Signo != 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("it lives")
		}
	}
	if s, err := p.Wait(); err != nil || s.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("%v, %v", s, err)
	}
}

// A program that is no nursery is not mistaken for a machine without
// namespaces, on which the degraded mode would go on.
func TestProgramThatIsNoNursery(t *testing.T) {
	_, err := NewNurserySpawner("/bin/false", testCredential())
	if picloud.ErrorCode(err) != picloud.CodeCannotStart || errors.Is(err, ErrNoNamespaces) || !strings.Contains(err.Error(), "/bin/false") {
		t.Fatal(err)
	}
}

// What goes wrong between clone and exec is an error with its name, and
// leaves nothing.
func TestBirthThatFails(t *testing.T) {
	path := stubPath(t, "obeys")
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewNurserySpawner(path, testCredential()); !errors.Is(err, unix.EACCES) || !errors.Is(err, ErrNoNamespaces) {
		t.Errorf("a program nobody may execute: %v", err)
	}
	s := newNursery(t)
	defer s.Close()
	before, fds := len(children(t)), openFDs(t)
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := s.Spawn(int(file.Fd()), false); !errors.Is(err, unix.EBADF) || !strings.Contains(err.Error(), "clone3") {
		t.Errorf("a cgroup that is none: %v", err)
	}
	if after := len(children(t)); after != before {
		t.Errorf("%d children before, %d after", before, after)
	}
	if after := openFDs(t); after != fds+1 {
		t.Errorf("%d descriptors before, %d after", fds, after)
	}
}

func TestNamespacesHint(t *testing.T) {
	for name, value := range map[string]string{
		"kernel.unprivileged_userns_clone": "0", "user.max_user_namespaces": "0", "kernel.apparmor_restrict_unprivileged_userns": "1", "": "",
	} {
		system := fstest.MapFS{}
		if name != "" {
			system["proc/sys/"+strings.ReplaceAll(name, ".", "/")] = &fstest.MapFile{Data: []byte(value + "\n")}
		}
		hint := NamespacesHint(system)
		if (NamespacesSwitch(system) == "") != (name == "") {
			t.Errorf("%s: as a switch it is %q", name, NamespacesSwitch(system))
		}
		if !strings.Contains(hint, name+"=") && name != "" || name == "" && !strings.Contains(hint, "container") {
			t.Errorf("%s: %q", name, hint)
		}
	}
	err := namespacesMissing(unix.EPERM)
	if picloud.ErrorCode(err) != picloud.CodeCannotStart || err.Hint == "" || !errors.Is(err, ErrNoNamespaces) {
		t.Errorf("%v", err)
	}
}
