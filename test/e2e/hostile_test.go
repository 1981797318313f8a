package e2e

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"picloud/worker/sandbox"
	"picloud/worker/wire"
)

// hostileWorker is this test binary in a worker's place, taken over: it does what
// the call's query says. "locked" has it lock itself before, as a worker does;
// without, there is just what the daemon and the nursery, or the zygote, have done
// from outside.
func hostileWorker(job *wire.Job) {
	a := args{}
	for _, pair := range job.Request.Query {
		a[pair.Name] = pair.Value
	}
	attack, ok := attacks()[a["attack"]]
	if !ok {
		attack = func(args) string { return "there is no such attack" }
	}
	if a["locked"] != "" {
		if err := lockWorker(); err != nil {
			attack = func(args) string { return "not locked: " + err.Error() }
		}
	}
	body := attack(a)
	answer, err := (&wire.Result{
		InvocationID: job.InvocationID, Status: wire.StatusOK, Response: wire.Response{Status: 200, Body: []byte(body)},
	}).Encode()
	if err == nil {
		unix.Write(1, answer)
	}
}

// lockWorker locks this process as a worker of its kind is locked.
func lockWorker() error {
	if copyOf == nil {
		return sandbox.Lock(sandbox.NamespacesRequired)
	}
	z, err := sandbox.LockZygote(copyOf.user)
	if err != nil {
		return err
	}
	return z.Worker()
}

// startHostile starts a daemon whose workers are the enemy's.
func startHostile(t *testing.T, options ...option) *daemon {
	d := newDaemon(t, options...)
	d.copyWorker("/proc/self/exe")
	d.startForTest()
	// a flood of half a million descriptors takes its time under emulation
	d.deploy("hostile", "return 1", object{"timeout_ms": 60_000})
	d.deploy("answers", "return 1")
	return d
}

// full waits until the pool is full, and says what the daemon then holds.
func (d *daemon) full() resources {
	d.t.Helper()
	d.eventually("the pool is full", 10*time.Second, func() bool { return len(d.workers()) == max(2, runtime.NumCPU()) })
	d.atRest()
	return d.still()
}

// still is what the daemon holds once nothing of it changes any more, with no
// connection of ours among it.
func (d *daemon) still() resources {
	d.t.Helper()
	var held resources
	d.eventually("the daemon holds what it held", 10*time.Second, func() bool {
		http.DefaultClient.CloseIdleConnections()
		time.Sleep(100 * time.Millisecond)
		before := held
		held = d.resources()
		return held == before
	})
	return held
}

// attack makes a call in which a worker attacks.
func (d *daemon) attack(name string, locked bool, parameters ...string) answer {
	d.t.Helper()
	query := url.Values{"attack": {name}, "pid": {fmt.Sprint(d.pid())}}
	if locked {
		query.Set("locked", "yes")
	}
	for i := 0; i < len(parameters); i += 2 {
		query.Set(parameters[i], parameters[i+1])
	}
	a, err := d.try(httpClient(), "GET", "/run/hostile?"+query.Encode(), "")
	if err != nil {
		d.t.Errorf("%s: %v", name, err)
	}
	return a
}

// neighbourServed makes sure that others are served all the same.
func (d *daemon) neighbourServed(after string) {
	d.t.Helper()
	if a := d.run("answers"); a.status != 200 {
		d.t.Errorf("after %s a neighbour gets %d: %s", after, a.status, a.body)
	}
}

// killingCall is how the log names the system call that an attack dies of.
func killingCall(attack string) string {
	call, _, _ := strings.Cut(attack, "-")
	other := map[string]string{
		"connect": "socket", "sockets": "socket", "read": "openat", "inventory": "fcntl", "leave": "shmget",
	}
	maps.Copy(other, killersOfThisArchitecture())
	if name, ok := other[call]; ok {
		call = name
	}
	if !strings.Contains(call, " of ") {
		call += " of "
	}
	return call
}

// Whatever a locked worker tries by system calls, it dies of it: the caller gets
// 502 and the daemon's log says why. What it may try without dying is refused.
func TestLockedWorkerIsKilled(t *testing.T) {
	d := startHostile(t)
	before := d.full()
	type try struct {
		name       string
		parameters []string
	}
	var tries []try
	for name := range attacks() {
		if _, isBomb := bombs()[name]; !isBomb && name != "socket" && name != "clone3" {
			tries = append(tries, try{name, []string{"path", "/etc/passwd", "neighbour", "1"}})
		}
	}
	for family := range unix.AF_MAX {
		tries = append(tries, try{"socket", []string{"family", fmt.Sprint(family)}})
	}
	slices.SortFunc(tries, func(a, b try) int { return strings.Compare(a.name, b.name) })
	// the name, or where the daemon may not know it, where to find it
	named := killingCall
	if len(d.records("the log will not name the system calls that workers are killed for: that needs CAP_AUDIT_READ")) > 0 {
		t.Log("this daemon may not read the audit log")
		named = func(string) string { return "type=1326 pid=" }
	}
	work := make(chan try)
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() {
			for try := range work {
				a := d.attack(try.name, true, try.parameters...)
				if a.status != 502 || a.field("code") != "worker_killed" {
					t.Errorf("%s %v: %d %s, want to be killed", try.name, try.parameters, a.status, a.body)
					continue
				}
				record := d.invocation(a.header.Get("PiCloud-Invocation-Id"))
				if cause := fmt.Sprint(record["cause"]); !strings.Contains(cause, "bad system call") || !strings.Contains(cause, named(try.name)) {
					t.Errorf("%s %v: the log says %v, want it to name %s", try.name, try.parameters, record, named(try.name))
				}
			}
		})
	}
	for _, try := range tries {
		work <- try
	}
	close(work)
	calls.Wait()
	t.Logf("%d system calls were tried", len(tries))

	a := d.attack("clone3", true)
	if a.expect(t, 200, nil); a.body != "ENOSYS" {
		t.Errorf("clone3: %s", a.body)
	}
	d.neighbourServed("all that")
	if after := d.full(); after != before {
		t.Errorf("the daemon held %+v before, and holds %+v", before, after)
	}
}

// The namespaces and the empty root alone, of a worker that has locked nothing:
// what it could do with any system call at all.
func TestNamespacesAlone(t *testing.T) {
	d := startHostile(t, withUnit("SystemCallFilter=\n")) // the service's own is not what is shown here
	abstract := fmt.Sprintf("picloud-e2e-%d", os.Getpid())
	listener, err := net.Listen("unix", "@"+abstract)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	d.full()
	neighbour := fmt.Sprint(d.workers()[0])
	refused := map[string][]string{ // by attack, the answers that mean nothing was got
		"openat": {"ENOENT"}, "openat2": {"ENOENT", "ENOSYS"}, "execve": {"ENOENT"}, "execveat": {"ENOENT"},
		"clone-user": {"EPERM"}, "unshare": {"EINVAL", "EPERM"}, // of several threads, and of one
		"unshare-mount": {"EPERM"}, "setns": {"EINVAL", "EBADF"},
		"mount": {"EPERM"}, "mount-proc": {"EPERM"}, "mount-cgroup": {"EPERM"}, "umount2": {"EPERM"}, "chroot": {"EPERM"},
		"mkdirat": {"EROFS", "EACCES"}, "sethostname": {"EPERM"},
		"ptrace": {"ESRCH"}, "ptrace-neighbour": {"ESRCH"}, "process_vm_readv": {"ESRCH"},
		"kill": {"ESRCH"}, "kill-neighbour": {"ESRCH"}, "kill-all": {"ESRCH"}, "tgkill": {"ESRCH"}, "pidfd_open": {"ESRCH", "EINVAL"},
		"prlimit64": {"ESRCH"}, "keyctl": {"worked: 0", "EPERM", "ENOSYS"}, "add_key": {"EACCES", "EPERM", "ENOSYS"},
		"connect": {"ENETUNREACH"}, "connect-postgres": {"ENETUNREACH"},
		"connect-socket": {"ENOENT"}, "connect-abstract": {"ECONNREFUSED"},
	}
	for _, name := range slices.Sorted(maps.Keys(refused)) {
		a := d.attack(name, false, "port", fmt.Sprint(d.port), "path", d.path("admin.sock"), "name", abstract, "neighbour", neighbour)
		if a.status != 200 || !slices.Contains(refused[name], a.body) {
			t.Errorf("%s: %d %s, want %v", name, a.status, a.body, refused[name])
		}
	}
	for _, path := range []string{"/etc/passwd", "/etc/shadow", "/proc/1/environ", "/proc/self/status", "/sys/fs/cgroup/cgroup.procs",
		fmt.Sprintf("/proc/%d/environ", d.pid()), d.path("data/admin-token"), d.worker, "/dev/null", "/"} {
		a := d.attack("read", false, "path", path)
		want := "ENOENT"
		if path == "/" {
			want = "EISDIR"
		}
		if a.status != 200 || a.body != want {
			t.Errorf("reading %s: %d %s, want %s", path, a.status, a.body, want)
		}
	}
	d.neighbourServed("all that")
}

// A worker that takes all it can get, without having locked itself: cgroup v2
// holds it, and neighbours are served meanwhile. Natively only what RLIMIT_DATA and
// RLIMIT_NPROC hold is tried.
func TestBombs(t *testing.T) {
	d := startHostile(t)
	type bomb struct {
		name     string
		locked   bool
		statuses []int
	}
	tries := []bomb{
		{"heap-bomb", true, []int{507}}, {"stack-bomb", true, []int{507}}, {"mapped-bomb", true, []int{502}},
		{"fork-bomb", true, []int{502}}, {"thread-bomb", true, []int{502}}, {"pipe-bomb", true, []int{502}},
		{"socket-bomb", true, []int{502}}, {"descriptor-flood", true, []int{502}}, {"output-flood", true, []int{502}},
		{"heap-bomb", false, []int{507}}, {"stack-bomb", false, []int{507}},
		{"fork-bomb", false, []int{200}}, {"thread-bomb", false, []int{502}},
		{"descriptor-flood", false, []int{200, 502}}, {"output-flood", false, []int{502}},
	}
	if inSystemd() { // held by the cgroup alone
		tries = append(tries,
			bomb{"mapped-bomb", false, []int{507}}, bomb{"pipe-bomb", false, []int{507, 200}}, bomb{"socket-bomb", false, []int{507, 200}})
	}
	before := d.full()
	for _, b := range tries {
		if b.name == "thread-bomb" && spawner() != "exec" {
			continue // the Go runtime of a copy makes no threads; fork-bomb meets the same limits
		}
		done := make(chan answer, 1)
		go func() { done <- d.attack(b.name, b.locked) }()
		var a answer
		for bombing := true; bombing; {
			select {
			case a = <-done:
				bombing = false
			default:
				d.neighbourServed(b.name)
			}
		}
		if !slices.Contains(b.statuses, a.status) || strings.Contains(a.body, "worked") {
			t.Errorf("%s, locked %t: %d %s, want %v", b.name, b.locked, a.status, a.body, b.statuses)
		}
		t.Logf("%s, locked %t: %d %.100s", b.name, b.locked, a.status, a.body)
	}
	if after := d.full(); after != before {
		t.Errorf("the daemon held %+v before, and holds %+v", before, after)
	}
}

// What one call leaves, and what the daemon has, the next call does not find:
// no environment, no descriptor but the pipe's, no shared memory or queue, no key.
// Shared memory and queues cannot be made; or, where the kernel's settings are
// read-only or hidden, each worker makes them for itself.
func TestNothingIsInherited(t *testing.T) {
	t.Run("in one ipc namespace, closed", func(t *testing.T) {
		nothingIsInherited(t, "shared memory ENOSPC; queue ENOSPC; semaphores EINVAL", true)
	})
	t.Run("in one each", func(t *testing.T) {
		nothingIsInherited(t, "shared memory worked; queue worked; semaphores worked", false, withReadOnlySettings())
	})
	t.Run("in one each, the settings hidden", func(t *testing.T) {
		nothingIsInherited(t, "shared memory worked; queue worked; semaphores worked", false, withoutSettings())
	})
}

// withoutSettings has the daemon, and what it starts, see none of the kernel's settings.
func withoutSettings() option {
	return func(d *daemon) {
		withUnit("ProtectHostname=no\nTemporaryFileSystem=/proc/sys:ro\n")(d) // the first wants a file in it
		d.mounts = "mount -t tmpfs -o ro none /proc/sys"
	}
}

// withReadOnlySettings has the daemon, and what it starts, see no file of the
// kernel's settings that could be written to.
func withReadOnlySettings() option {
	return func(d *daemon) {
		withUnit("ProtectKernelTunables=yes\n")(d)
		d.mounts = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys"
	}
}

// namespaces counts the idle workers by the namespace of this kind that they are in.
func (d *daemon) namespaces(kind string) map[string]int {
	d.t.Helper()
	count := map[string]int{}
	for _, pid := range d.workers() {
		name, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, kind))
		if err != nil {
			d.t.Fatal(err)
		}
		count[name]++
	}
	return count
}

func nothingIsInherited(t *testing.T, left string, together bool, options ...option) {
	d := startHostile(t, append(options, withEnv("PICLOUD_TEST_SECRET=environment"))...)
	const key = 0x70636c64
	id, err := unix.SysvShmGet(key, 4096, unix.IPC_CREAT|0o666)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	a := d.attack("inventory", false, "key", fmt.Sprint(key))
	want := "environment []; descriptors [0 1 2]; arguments 1; directory /; parent 0; session 1; user 65534; " +
		"shared memory ENOENT; queue ENOENT; semaphores ENOENT; session keyring 0 keys; user keyring 0 keys"
	if a.status != 200 || a.body != want {
		t.Errorf("a worker has %d\n%s\nwant\n%s", a.status, a.body, want)
	}
	d.full()
	if n := len(d.namespaces("ipc")); together != (n == 1) {
		t.Errorf("%d idle workers are in %d ipc namespaces", len(d.workers()), n)
	}
	// a key has to be somebody's, and in a worker's user namespace nobody is anybody, so
	// that the kernel may refuse it one
	for range 2 * max(2, runtime.NumCPU()) {
		if a := d.attack("leave", false, "key", fmt.Sprint(key)); a.status != 200 || !strings.HasPrefix(a.body, left+"; user keyring ") {
			t.Fatalf("what was to be left: %d %s", a.status, a.body)
		}
	}
	if a := d.attack("inventory", false, "key", fmt.Sprint(key)); a.status != 200 || a.body != want {
		t.Errorf("after others a worker has %d\n%s\nwant\n%s", a.status, a.body, want)
	}
}
