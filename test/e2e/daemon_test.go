package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// daemon is one running PiCloud.
type daemon struct {
	t       *testing.T
	dir     string // data directory, log and sockets
	worker  string // the program its workers are made from, a copy of its own
	base    string // http://127.0.0.1:PORT
	token   string
	port    int
	unit    string // under systemd
	command *exec.Cmd
	exited  chan struct{} // natively: closed when the process has been waited for
	flags   []string
	environ []string
	asked   bool   // to stop, by the test itself
	files   int    // open files it is allowed, 0 for as many as usual
	mounts  string // shell commands that change the mounts it sees, natively
	dropIn  string // more of the unit's [Service], under systemd
	bare    bool   // without any flag: what it is told and its token are the test's own
}

var units struct { // names that are taken
	sync.Mutex
	n int
}

// option changes how a daemon is started.
type option func(*daemon)

func withFlags(flags ...string) option {
	return func(d *daemon) { d.flags = append(d.flags, flags...) }
}
func withDescriptors(n int) option { return func(d *daemon) { d.files = n } }
func withUnit(lines string) option { return func(d *daemon) { d.dropIn += lines } }
func withEnv(env ...string) option { return func(d *daemon) { d.environ = append(d.environ, env...) } }

// startDaemon starts a daemon and waits until it is ready. It is stopped at the
// end of the test, and then nothing of it may be left.
func startDaemon(t *testing.T, options ...option) *daemon {
	t.Helper()
	d := newDaemon(t, options...)
	d.startForTest()
	return d
}

// startForTest starts a daemon and stops it at the end of the test.
func (d *daemon) startForTest() {
	d.t.Helper()
	d.start()
	d.t.Cleanup(func() {
		if d.t.Failed() {
			d.t.Logf("the daemon's log:\n%s", tail(d.log(), 40))
		}
		d.stop()
		d.checkNothingLeft()
	})
}

func newDaemon(t *testing.T, options ...option) *daemon {
	t.Helper()
	// not t.TempDir: the workers' user has to get at the sockets' folder
	dir, err := os.MkdirTemp("", "picloud-e2e-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	d := &daemon{t: t, dir: dir, port: freePort(t), worker: filepath.Join(dir, "picloud-worker")}
	d.copyWorker(filepath.Join(programs, "picloud-worker"))
	d.base = fmt.Sprintf("http://127.0.0.1:%d", d.port)
	for _, o := range options {
		o(d)
	}
	return d
}

// copyWorker makes the daemon's workers from the program at path. Its own copy
// tells them from those of any other daemon on this machine.
func (d *daemon) copyWorker(path string) {
	d.t.Helper()
	program, err := os.ReadFile(path)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(d.worker, program, 0o755); err != nil {
		d.t.Fatal(err)
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (d *daemon) path(name string) string { return filepath.Join(d.dir, name) }

func (d *daemon) args() []string {
	if d.bare {
		return []string{"serve"}
	}
	args := []string{"serve", "--listen", fmt.Sprintf("127.0.0.1:%d", d.port),
		"--data-dir", d.path("data"), "--admin-socket", d.path("admin.sock"), "--log-level", "debug"}
	if !inSystemd() {
		args = append(args, "--isolation", "degraded")
	}
	return append(args, d.flags...)
}

// start starts the process and waits until it answers.
func (d *daemon) start() {
	d.t.Helper()
	if err := d.launch(); err != nil {
		d.t.Fatalf("starting the daemon: %v\n%s", err, tail(d.log(), 40))
	}
	d.eventually("the daemon is ready", 10*time.Second, func() bool {
		if d.ended() {
			d.t.Fatalf("the daemon ended instead of becoming ready\n%s", tail(d.log(), 40))
		}
		resp, err := http.Get(d.base + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	if d.bare {
		return
	}
	data, err := os.ReadFile(d.path("data/admin-token"))
	if err != nil {
		d.t.Fatal(err)
	}
	d.token = strings.TrimSpace(string(data))
}

func (d *daemon) launch() error {
	if inSystemd() {
		return d.launchUnit()
	}
	logFile, err := os.OpenFile(d.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer logFile.Close()
	d.command = exec.Command(filepath.Join(programs, "picloud"), d.args()...)
	if d.files > 0 {
		d.command = exec.Command("/bin/sh", append([]string{"-c", fmt.Sprintf(`ulimit -n %d && exec "$0" "$@"`, d.files)}, d.command.Args...)...)
	}
	if d.mounts != "" {
		d.command = exec.Command("unshare", append([]string{"--mount", "/bin/sh", "-c", d.mounts + ` && exec "$0" "$@"`}, d.command.Args...)...)
	}
	d.command.Stderr = logFile
	d.command.Env = append(os.Environ(), d.environment()...)
	d.exited = make(chan struct{})
	if err := d.command.Start(); err != nil {
		return err
	}
	go func(c *exec.Cmd, exited chan struct{}) {
		c.Wait() // its status is in c.ProcessState
		close(exited)
	}(d.command, d.exited)
	return nil
}

func (d *daemon) environment() []string {
	return append([]string{"PICLOUD_WORKER=" + d.worker, "PICLOUD_SPAWNER=" + spawner()}, d.environ...)
}

// pid of the daemon's process, 0 if there is none.
func (d *daemon) pid() int {
	if !inSystemd() {
		return d.command.Process.Pid
	}
	pid, _ := strconv.Atoi(d.property("MainPID"))
	return pid
}

// ended tells whether the daemon's process has ended by itself. Under systemd
// the start itself fails then.
func (d *daemon) ended() bool {
	if inSystemd() {
		return false
	}
	select {
	case <-d.exited:
		return true
	default:
		return false
	}
}

// stop asks the daemon to stop and waits until it has.
func (d *daemon) stop() {
	d.t.Helper()
	if inSystemd() {
		d.stopUnit()
		return
	}
	if !d.asked { // a second signal would end it at once
		if err := d.command.Process.Signal(os.Interrupt); err != nil {
			<-d.exited // it had ended by itself
			return
		}
	}
	select {
	case <-d.exited:
	case <-time.After(patience(20 * time.Second)):
		d.command.Process.Kill()
		<-d.exited
		d.t.Errorf("the daemon did not stop\n%s", tail(d.log(), 40))
	}
	if code := d.command.ProcessState.ExitCode(); code != 0 {
		d.t.Errorf("the daemon stopped with status %d\n%s", code, tail(d.log(), 40))
	}
}

func (d *daemon) log() string {
	data, _ := os.ReadFile(d.path("log"))
	return string(data)
}

// records gives the log's lines with this message, oldest first.
func (d *daemon) records(message string) []map[string]any {
	d.t.Helper()
	var found []map[string]any
	for line := range strings.Lines(d.log()) {
		var record map[string]any
		if json.Unmarshal([]byte(line), &record) == nil && record["msg"] == message {
			found = append(found, record)
		}
	}
	return found
}

// invocation is the log's record of one invocation.
func (d *daemon) invocation(id string) map[string]any {
	d.t.Helper()
	var record map[string]any
	d.eventually("invocation "+id+" is in the log", 5*time.Second, func() bool {
		for _, r := range d.records("invocation") {
			if r["invocation_id"] == id {
				record = r
			}
		}
		return record != nil
	})
	return record
}

// eventually waits until a condition holds.
func (d *daemon) eventually(what string, within time.Duration, condition func() bool) {
	d.t.Helper()
	deadline := time.Now().Add(patience(within))
	for !condition() {
		if time.Now().After(deadline) {
			d.t.Fatalf("it never came about that %s\n%s", what, tail(d.log(), 40))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// answer is an HTTP response, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// field is a member of a JSON body.
func (a answer) field(name string) any {
	var object map[string]any
	if json.Unmarshal([]byte(a.body), &object) != nil {
		return nil
	}
	return object[name]
}

// request makes one request over TCP; it fails the test only if there is no
// answer.
func (d *daemon) request(method, path, body string, header ...string) answer {
	d.t.Helper()
	a, err := d.try(http.DefaultClient, method, path, body, header...)
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

// try is request for when there may be no answer, and for any goroutine.
func (d *daemon) try(client *http.Client, method, path, body string, header ...string) (answer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience(30*time.Second))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, d.base+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	return answer{resp.StatusCode, resp.Header, string(data)}, nil
}

// admin makes an admin call with the token.
func (d *daemon) admin(method, path string, body any) answer {
	d.t.Helper()
	text, ok := body.(string)
	if !ok && body != nil {
		var buffer bytes.Buffer
		if err := json.NewEncoder(&buffer).Encode(body); err != nil {
			d.t.Fatal(err)
		}
		text = buffer.String()
	}
	return d.request(method, "/api/v1/admin"+path, text, "Authorization", "Bearer "+d.token)
}

// object is a JSON object.
type object = map[string]any

// deploy writes a script, with more of its JSON in extra.
func (d *daemon) deploy(name, source string, extra ...object) {
	d.t.Helper()
	body := object{"source": source}
	for _, e := range extra {
		for k, v := range e {
			body[k] = v
		}
	}
	if a := d.admin("PUT", "/scripts/"+name, body); a.status != 200 && a.status != 201 {
		d.t.Fatalf("deploying %s: %d %s", name, a.status, a.body)
	}
}

// run calls a script.
func (d *daemon) run(name string) answer {
	d.t.Helper()
	return d.request("GET", "/run/"+name, "")
}

// expect checks status and, in a problem document, code and further members.
func (a answer) expect(t *testing.T, status int, members object) {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if status >= 400 && a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("an error of type %q", a.header.Get("Content-Type"))
	}
	for name, want := range members {
		got := a.field(name)
		if n, ok := got.(float64); ok && n == float64(int64(n)) {
			got = int64(n) // as people write it
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s is %v, want %v: %s", name, got, want, a.body)
		}
	}
}
