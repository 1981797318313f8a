package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// dial opens a connection and writes to it.
func (d *daemon) dial(text string) net.Conn {
	d.t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(d.base, "http://"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { c.Close() })
	io.WriteString(c, text) // the daemon may have closed it already
	return c
}

// Clients that hang up: what they asked for is ended, at once, and nothing of it
// is left. One hangs up properly, one only its own half, one is cut off.
func TestClientsThatVanish(t *testing.T) {
	d := startDaemon(t, withLongRuns())
	d.deploy("busy", endless, longRun())
	d.atRest()
	before := d.resources()
	for name, hangUp := range map[string]func(*net.TCPConn){
		"close":      func(c *net.TCPConn) { c.Close() },
		"half close": func(c *net.TCPConn) { c.CloseWrite() },
		"reset":      func(c *net.TCPConn) { c.SetLinger(0); c.Close() },
	} {
		n := len(d.records("invocation"))
		c := d.dial("GET /run/busy HTTP/1.1\r\nHost: a\r\n\r\n").(*net.TCPConn)
		d.busyWorker()
		hangUp(c)
		d.eventually("the call is over", 5*time.Second, func() bool { return len(d.records("invocation")) > n })
		if r := d.records("invocation")[n]; r["caller_gone"] != true || r["outcome"] != "worker_killed" {
			t.Errorf("%s: %v", name, r)
		}
		c.Close()
	}
	d.atRest()
	d.backTo(before)
}

// Clients that send half of something hold no worker and keep nobody out; the
// administrator has connections of his own.
func TestClientsThatStall(t *testing.T) {
	d := startDaemon(t, withFlags("--queue", "0", "--workers", "2"))
	d.deploy("hello", "return 'hello'")
	ready := d.request("GET", "/readyz", "")
	state, _ := ready.field("connections").(object)
	most, _ := state["max"].(float64)
	if most == 0 || most > 200 {
		t.Fatalf("/readyz says nothing of connections: %s", ready.body)
	}
	for range int(most) {
		d.dial("GET /run/hello HTTP/1.1\r\nHost: a\r\nX: ")
	}
	for range 20 {
		d.dial("POST /run/hello HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf")
	}
	for range 5 {
		a, err := d.try(httpClient(), "GET", "/run/hello", "")
		if err != nil || a.status != 200 {
			t.Errorf("%d %s, %v", a.status, a.body, err)
		}
	}
	socket := &http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(context.Context, string, string) (net.Conn, error) { return net.Dial("unix", d.path("admin.sock")) }}}
	if a, err := d.try(socket, "GET", "/api/v1/admin/limits", ""); err != nil || a.status != 200 {
		t.Errorf("over the admin socket: %d %s, %v", a.status, a.body, err)
	}
	metrics, err := d.try(httpClient(), "GET", "/metrics", "")
	if err != nil || !strings.Contains(metrics.body, "picloud_connections_evicted_total") ||
		strings.Contains(metrics.body, "picloud_connections_evicted_total 0\n") {
		t.Errorf("metrics do not tell: %v\n%s", err, tail(metrics.body, 30))
	}
	if strings.Contains(metrics.body, "go_gc_gomemlimit_bytes 9.2") || !strings.Contains(metrics.body, "go_gc_gomemlimit_bytes ") {
		t.Error("the daemon's own memory has no bound")
	}
}

// A daemon that has no descriptor left says so, answers whom it has, and is well
// again when there are some.
func TestDescriptorsRunOut(t *testing.T) {
	d := startDaemon(t)
	d.deploy("hello", "return 'hello'")
	d.atRest()
	kept := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}} // one connection, kept
	if a, err := d.try(kept, "GET", "/run/hello", ""); err != nil || a.status != 200 {
		t.Fatal(a.status, err)
	}
	d.atRest()
	var files unix.Rlimit
	if err := unix.Prlimit(d.pid(), unix.RLIMIT_NOFILE, nil, &files); err != nil {
		t.Fatal(err)
	}
	low := unix.Rlimit{Cur: 3, Max: files.Max} // whatever is given back, nothing is to be had
	if err := unix.Prlimit(d.pid(), unix.RLIMIT_NOFILE, &low, nil); err != nil {
		t.Fatal(err)
	}
	var strangers []net.Conn
	for range 10 {
		strangers = append(strangers, d.dial("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"))
	}
	// a worker that is used up has no successor
	d.try(kept, "GET", "/run/hello", "")
	d.eventually("it is in the log", 10*time.Second, func() bool {
		return len(d.records("a connection could not be accepted")) > 0 && len(d.records("a worker could not be started")) > 0
	})
	d.eventually("/readyz tells of both", 10*time.Second, func() bool {
		a, err := d.try(kept, "GET", "/readyz", "")
		pool, _ := a.field("pool").(object)
		connections, _ := a.field("connections").(object)
		return err == nil && a.status == 503 && pool["state"] == "failing" && connections["state"] == "degraded"
	})
	if n := len(d.records("a worker could not be started")); n > 20 {
		t.Errorf("%d attempts to start a worker", n)
	}
	if err := unix.Prlimit(d.pid(), unix.RLIMIT_NOFILE, &files, nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range strangers {
		c.Close()
	}
	d.atRest()
	d.run("hello").expect(t, 200, nil)
}

// With few descriptors allowed from the start there are fewer connections, and
// workers are made all the same.
func TestFewDescriptors(t *testing.T) {
	d := startDaemon(t, withDescriptors(256), withFlags("--workers", "4", "--warm", "2"))
	d.deploy("hello", "return 'hello'")
	for range 300 {
		d.dial("")
	}
	for range 10 {
		a, err := d.try(httpClient(), "GET", "/run/hello", "")
		if err != nil || a.status != 200 {
			t.Errorf("%d %s, %v", a.status, a.body, err)
		}
	}
	if failed := d.records("a worker could not be started"); len(failed) > 0 {
		t.Errorf("%v", failed)
	}
}
