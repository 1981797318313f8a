//go:build !vm

package e2e

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"picloud/test/pgtest"
)

// PostgreSQL away, then back: what was called before is still served, what
// cannot be served or written is refused by name, and nothing that was answered
// for is lost.
func TestDatabaseAway(t *testing.T) {
	cluster := pgtest.Start(t)
	d := startDaemon(t, withEnv("DATABASE_URL="+cluster.NewDatabase(t)))
	d.deploy("called", "return 'one'")
	d.deploy("other", "return 'other'")
	d.run("called").expect(t, 200, nil)
	d.deploy("called", "return 'two'")

	for name, away := range map[string]struct{ begin, end func() }{
		"stopped": {
			func() { must(t, cluster.Down()) },
			func() { must(t, cluster.Up()) },
		},
		"hanging": {
			func() { signalServer(t, cluster, syscall.SIGSTOP) },
			func() { signalServer(t, cluster, syscall.SIGCONT) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			away.begin()
			var calls sync.WaitGroup
			for range 8 {
				calls.Go(func() {
					a, err := d.try(httpClient(), "GET", "/run/called", "")
					if err != nil || a.status != 200 || a.body != "two" {
						t.Errorf("a script that was called before: %d %q, %v", a.status, a.body, err)
					}
				})
			}
			calls.Wait()
			unknown := d.run("never-" + name)
			unknown.expect(t, 503, object{"code": "store_unavailable"})
			lost := d.admin("PUT", "/scripts/called", object{"source": "return 'lost'"})
			lost.expect(t, 503, object{"code": "store_unavailable"})
			for _, a := range []answer{unknown, lost} {
				if a.header.Get("Retry-After") == "" || a.field("hint") == nil || strings.Contains(a.body, "socket") {
					t.Errorf("%v %s", a.header, a.body)
				}
			}
			d.run("called").expect(t, 200, nil)
			ready := d.request("GET", "/readyz", "")
			if state, _ := ready.field("database").(object); ready.status != 503 || state["state"] != "failing" {
				t.Errorf("/readyz: %d %s", ready.status, ready.body)
			}
			if a := d.request("GET", "/healthz", ""); a.status != 200 {
				t.Errorf("/healthz: %d", a.status)
			}

			away.end()
			d.eventually("the daemon is ready again", 10e9, func() bool { return d.request("GET", "/readyz", "").status == 200 })
			for script, want := range map[string]string{"called": "two", "other": "other"} {
				if a := d.run(script); a.status != 200 || a.body != want {
					t.Errorf("%s: %d %q", script, a.status, a.body)
				}
			}
			d.deploy("new-"+name, "return 1")
			d.run("new-"+name).expect(t, 200, nil)
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// signalServer sends a signal to all processes of a PostgreSQL server.
func signalServer(t *testing.T, c *pgtest.Cluster, signal syscall.Signal) {
	t.Helper()
	pid, err := c.PID()
	must(t, err)
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	must(t, err)
	for _, text := range append(strings.Fields(string(children)), strconv.Itoa(pid)) {
		n, err := strconv.Atoi(text)
		must(t, err)
		if err := syscall.Kill(n, signal); err != nil {
			t.Logf("process %d of PostgreSQL: %v", n, err)
		}
	}
}
