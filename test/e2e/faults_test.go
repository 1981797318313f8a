package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// spawnFaults is what keeps workers from being made here, by name: begin makes
// it so, and the function it returns ends it.
func (d *daemon) spawnFaults() map[string]func() (end func()) {
	if !inSystemd() && spawner() == "zygote" {
		// the limit on tasks is met at exec, where the daemon is root
		return map[string]func() func(){"no zygote": func() func() {
			chmod := func(mode os.FileMode) {
				if err := os.Chmod(d.worker, mode); err != nil {
					d.t.Fatal(err)
				}
			}
			chmod(0o600)
			for _, pid := range d.nurseries() {
				syscall.Kill(pid, syscall.SIGKILL)
			}
			return func() { chmod(0o755) }
		}}
	}
	if !inSystemd() {
		return map[string]func() func(){"RLIMIT_NPROC": func() func() {
			var usual unix.Rlimit
			none := unix.Rlimit{}
			nurseries := d.nurseries()
			if len(nurseries) != 1 {
				d.t.Fatalf("%d processes make the workers", len(nurseries))
			}
			nursery := nurseries[0]
			if err := unix.Prlimit(nursery, unix.RLIMIT_NPROC, nil, &usual); err != nil {
				d.t.Fatal(err)
			}
			none.Max = usual.Max
			if err := unix.Prlimit(nursery, unix.RLIMIT_NPROC, &none, nil); err != nil {
				d.t.Fatal(err)
			}
			return func() {
				if err := unix.Prlimit(nursery, unix.RLIMIT_NPROC, &usual, nil); err != nil {
					d.t.Fatal(err)
				}
			}
		}}
	}
	set := func(file, value string) func() func() {
		path := filepath.Join(d.cgroup(), "workers", file)
		write := func(text string) {
			if err := os.WriteFile(path, []byte(text), 0); err != nil {
				d.t.Fatal(err)
			}
		}
		return func() func() {
			usual, err := os.ReadFile(path)
			if err != nil {
				d.t.Fatal(err)
			}
			write(value)
			return func() { write(string(usual)) }
		}
	}
	faults := map[string]func() func(){"pids.max": set("pids.max", "0")}
	if spawner() != "zygote" { // cgroups are made alike, whoever makes the workers
		faults["cgroup.max.descendants"] = set("cgroup.max.descendants", "0")
	}
	return faults
}

// While no worker can be made the daemon says so, refuses calls, does not spin,
// and is well again when the cause is gone.
func TestWorkersCannotBeMade(t *testing.T) {
	d := startDaemon(t)
	d.deploy("hello", "return 'hello'")
	for name, begin := range d.spawnFaults() {
		t.Run(name, func(t *testing.T) {
			d.atRest()
			end := begin()
			for _, pid := range d.workers() {
				syscall.Kill(pid, syscall.SIGKILL) // it may be gone already
			}
			t.Cleanup(end)
			d.eventually("there are no workers", 5*time.Second, func() bool { return len(d.workers()) == 0 })
			d.eventually("/readyz tells", 10*time.Second, func() bool {
				a := d.request("GET", "/readyz", "")
				pool, _ := a.field("pool").(object)
				// a worker that is killed is idle until the daemon has seen its end
				return a.status == http.StatusServiceUnavailable && pool["state"] == "failing" && pool["idle"] == 0.0
			})
			before, since := len(d.records("a worker could not be started")), time.Now()
			d.run("hello").expect(t, 503, object{"code": "overloaded"}) // after ten seconds
			if n := len(d.records("a worker could not be started")) - before; n > 8+int(time.Since(since)/(5*time.Second)) {
				t.Errorf("%d attempts in %v", n, time.Since(since))
			}
			end()
			d.eventually("the daemon is ready again", 30*time.Second, func() bool { return d.request("GET", "/readyz", "").status == 200 })
			d.run("hello").expect(t, 200, nil)
		})
	}
	d.atRest()
}
