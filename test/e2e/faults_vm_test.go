//go:build vm

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// mountData gives the daemon a data directory on a file system of its own.
func (d *daemon) mountData(args ...string) {
	d.t.Helper()
	if err := os.MkdirAll(d.path("data"), 0o777); err != nil {
		d.t.Fatal(err)
	}
	d.mount(args...)
	d.t.Cleanup(func() { d.unmount() })
}

func (d *daemon) mount(args ...string) {
	d.t.Helper()
	if out, err := exec.Command("mount", append(args, d.path("data"))...).CombinedOutput(); err != nil {
		d.t.Fatalf("mount: %v: %s", err, out)
	}
	if err := os.Chmod(d.path("data"), 0o777); err != nil {
		d.t.Fatal(err)
	}
}

func (d *daemon) unmount() {
	d.t.Helper()
	if out, err := exec.Command("umount", d.path("data")).CombinedOutput(); err != nil {
		d.t.Errorf("umount: %v: %s", err, out)
	}
}

// With the disk full, calls are served, writes are refused by name and lose
// nothing, and with room again all goes on.
func TestDiskFull(t *testing.T) {
	d := newDaemon(t)
	d.mountData("-t", "tmpfs", "-o", "size=4m,mode=0777", "none")
	d.startForTest()
	d.deploy("hello", "return 'hello'")
	filler := d.path("data/filler")
	fillDisk(t, filler)
	large := object{"source": "return '" + strings.Repeat("x", 200_000) + "'"}
	for range 2 {
		a := d.admin("PUT", "/scripts/large", large)
		a.expect(t, 503, object{"code": "store_unavailable"})
		if a.field("hint") == nil || a.header.Get("Retry-After") == "" {
			t.Errorf("%v %s", a.header, a.body)
		}
		d.run("hello").expect(t, 200, nil)
		ready := d.request("GET", "/readyz", "")
		if state, _ := ready.field("database").(object); ready.status != 200 || state["state"] != "degraded" {
			t.Errorf("/readyz: %d %s", ready.status, ready.body)
		}
	}
	d.run("large").expect(t, 404, nil)
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	d.deploy("large", "return '"+strings.Repeat("y", 200_000)+"'")
	d.run("large").expect(t, 200, nil)
	d.run("hello").expect(t, 200, nil)
	if state, _ := d.request("GET", "/readyz", "").field("database").(object); state["state"] != "ok" {
		t.Errorf("/readyz afterwards: %v", state)
	}
}

// fillDisk writes a file until its file system has no room left.
func fillDisk(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for {
		if _, err := f.Write(make([]byte, 4096)); err != nil {
			if !strings.Contains(err.Error(), "no space left") {
				t.Fatal(err)
			}
			return
		}
	}
}

// A power cut, as the file system meets it: what it has not on disk is lost, at
// whatever moment. Every write that was answered for is there afterwards.
func TestPowerCut(t *testing.T) {
	d := newDaemon(t)
	disk := d.path("disk")
	empty, err := os.ReadFile(filepath.Join(programs, "disk.ext4"))
	if err == nil {
		err = os.WriteFile(disk, empty, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("modprobe", "loop").CombinedOutput(); err != nil {
		t.Logf("modprobe loop: %v: %s", err, out) // if it matters, mount will say so
	}
	d.mountData("-o", "loop", disk)
	d.startForTest()
	answered := map[string]string{}
	for round := range 3 {
		for n := range 5 {
			name, source := fmt.Sprintf("s%d", n), fmt.Sprintf("return '%d-%d'", round, n)
			d.deploy(name, source)
			answered[name] = fmt.Sprintf("%d-%d", round, n)
		}
		cutPower(t, d.path("data"))
		d.kill9()
		d.unmount()
		d.mount("-o", "loop", disk)
		d.start()
		for name, want := range answered {
			if a := d.run(name); a.status != 200 || a.body != want {
				t.Errorf("after power cut %d, %s is %d %q, want %q", round, name, a.status, a.body, want)
			}
		}
	}
}

// cutPower makes an ext4 file system forget all that is not on its disk, the
// journal's open part included, and refuse all that comes: EXT4_IOC_SHUTDOWN with
// EXT4_GOING_FLAGS_NOLOGFLUSH, see fs/ext4/ext4.h.
func cutPower(t *testing.T, mounted string) {
	t.Helper()
	const shutdown, noLogFlush = 0x8004587d, 2
	dir, err := os.Open(mounted)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := unix.IoctlSetPointerInt(int(dir.Fd()), shutdown, noLogFlush); err != nil {
		t.Fatal(err)
	}
}

// systemctl restart under load: each call has an answer or a refused connection,
// and of the old daemon nothing is left.
func TestSystemdRestartUnderLoad(t *testing.T) {
	d := startDaemon(t)
	d.deploy("hello", "return 'hello'")
	d.atRest()
	before := d.resources()
	var stop atomic.Bool
	var fine, refused, unanswered atomic.Int64
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for !stop.Load() {
				switch a, err := d.try(httpClient(), "GET", "/run/hello", ""); {
				case err != nil:
					unanswered.Add(1)
					time.Sleep(10 * time.Millisecond)
				case a.status == 200:
					fine.Add(1)
				case a.status == 503:
					refused.Add(1)
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
			}
		})
	}
	for range 3 {
		old, served := d.pid(), fine.Load()
		d.eventually("calls are served", 10*time.Second, func() bool { return fine.Load() > served+3 })
		if out, err := systemctl("restart", d.unit); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if d.pid() == old {
			t.Error("the process is the same")
		}
	}
	served := fine.Load()
	d.eventually("calls are served again", 10*time.Second, func() bool { return fine.Load() > served+3 })
	stop.Store(true)
	load.Wait()
	t.Logf("%d served, %d refused, %d without an answer", fine.Load(), refused.Load(), unanswered.Load())
	d.atRest()
	d.backTo(before)
	if failed := d.property("NRestarts"); failed != "0" {
		t.Errorf("systemd had to restart it %s times", failed)
	}
}

// The machine's clock jumps a day forth and two back, while calls run: neither
// their time nor anything the daemon waits for goes by it.
func TestClockJumps(t *testing.T) {
	d := startDaemon(t, withLongRuns())
	d.deploy("while", aWhile, longRun())
	d.deploy("busy", endless, object{"timeout_ms": 6000, "sandbox": object{"max_operations": int64(1_000_000_000_000)}})
	d.atRest()
	began, wall := time.Now(), time.Now().Round(0)
	set := func(now time.Time) {
		spec := unix.NsecToTimeval(now.UnixNano())
		if err := unix.Settimeofday(&spec); err != nil {
			t.Fatal(err)
		}
	}
	defer func() { set(wall.Add(time.Since(began))) }()
	for _, jump := range []time.Duration{24 * time.Hour, -24 * time.Hour} {
		var calls sync.WaitGroup
		calls.Go(func() {
			a, err := d.try(httpClient(), "GET", "/run/while", "")
			if err != nil || a.status != 200 {
				t.Errorf("a call that ran when the clock jumped by %v: %d %s, %v", jump, a.status, a.body, err)
			}
		})
		calls.Go(func() {
			a, err := d.try(httpClient(), "GET", "/run/busy", "")
			if err != nil || a.status != 504 {
				t.Errorf("a loop when the clock jumped by %v: %d %s, %v", jump, a.status, a.body, err)
			}
		})
		d.eventually("both run", 10*time.Second, func() bool {
			pool, _ := d.request("GET", "/readyz", "").field("pool").(object)
			return pool["running"] == 2.0
		})
		set(time.Now().Round(0).Add(jump))
		calls.Wait()
		d.run("while").expect(t, 200, nil)
		d.deploy("while", aWhile, longRun())
		d.atRest()
	}
}
