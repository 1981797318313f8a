package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// idleFor is how long a daemon is watched that nobody asks for anything.
const idleFor = 15 * time.Second

// While no request comes nothing runs: not the daemon, nor what workers are made
// from, nor warm workers. What is left is the Go runtime's own, which has a look once
// a minute in every process. The bound is one wake-up a second, of all threads
// together.
func TestNothingRunsWhenIdle(t *testing.T) {
	for name, options := range idleDatabases(t) {
		t.Run(name, func(t *testing.T) {
			d := startDaemon(t, options...)
			d.deploy("a", "return 'hello'")
			d.run("a").expect(t, 200, nil)
			d.request("GET", "/metrics", "").expect(t, 200, nil)
			time.Sleep(3 * time.Second)
			// what the calls have set going ends; the Go runtime takes its time to give
			// memory back
			for range 5 {
				if d.wakeUpsIn(idleFor) <= int64(idleFor/time.Second) {
					return
				}
			}
			t.Errorf("threads never stop to wake up more than once a second")
		})
	}
}

// No thread of the daemon has itself woken to the microsecond, and least of all
// the Go runtime's monitor, which is made before main.
func TestTimersHaveSlack(t *testing.T) {
	d := startDaemon(t)
	threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", d.pid()))
	if err != nil || len(threads) < 2 {
		t.Fatal(threads, err)
	}
	for _, thread := range threads {
		// what is another's takes CAP_SYS_NICE to see
		text, err := os.ReadFile("/proc/" + thread.Name() + "/timerslack_ns")
		if err != nil {
			t.Fatal(err)
		}
		if slack, err := strconv.Atoi(strings.TrimSpace(string(text))); err != nil || time.Duration(slack) < time.Millisecond {
			t.Errorf("thread %s has a timer slack of %v, %v", thread.Name(), time.Duration(slack), err)
		}
	}
}

// wakeUpsIn counts what of the daemon wakes up in a while.
func (d *daemon) wakeUpsIn(while time.Duration) int64 {
	d.t.Helper()
	before := d.wakeUps()
	time.Sleep(while)
	sum, who := int64(0), ""
	for thread, n := range d.wakeUps() {
		if n -= before[thread]; n > 0 {
			sum += n
			who += fmt.Sprintf("\n%s: %d", thread, n)
		}
	}
	d.t.Logf("%d wake-ups in %v%s", sum, while, who)
	return sum
}

// wakeUps is how often each thread of the daemon and of all below it has gone to
// sleep by itself, see proc_pid_status(5), voluntary_ctxt_switches.
func (d *daemon) wakeUps() map[string]int64 {
	d.t.Helper()
	counts := map[string]int64{}
	for _, pid := range d.family() {
		files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
		for _, file := range files {
			status, err := os.ReadFile(file)
			if err != nil {
				continue // a thread that has ended
			}
			var name string
			for line := range strings.Lines(string(status)) {
				key, value, _ := strings.Cut(strings.TrimSpace(line), ":\t")
				switch key {
				case "Name":
					name = value
				case "voluntary_ctxt_switches":
					n, err := strconv.ParseInt(value, 10, 64)
					if err != nil {
						d.t.Fatalf("%s: %v", file, err)
					}
					counts[name+" "+file] = n
				}
			}
		}
	}
	if len(counts) < 3 {
		d.t.Fatalf("only %d threads are found", len(counts))
	}
	return counts
}

// family is the daemon's process and all that descend from it.
func (d *daemon) family() []int {
	d.t.Helper()
	children := map[int][]int{}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		d.t.Fatal(err)
	}
	for _, file := range stats {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// after the name, which may hold anything: the state and the parent
		after := strings.Fields(string(stat[strings.LastIndex(string(stat), ")")+1:]))
		pid, err1 := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		parent, err2 := strconv.Atoi(after[1])
		if err1 != nil || err2 != nil {
			d.t.Fatalf("%s: %q", file, stat)
		}
		children[parent] = append(children[parent], pid)
	}
	family := []int{d.pid()}
	for i := 0; i < len(family); i++ {
		family = append(family, children[family[i]]...)
	}
	return family
}
