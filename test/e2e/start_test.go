package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Where cgroup v2 cannot serve, the daemon refuses, and says what is missing and
// what to do. In the virtual machine a plain process has no cgroup of its own.
func TestRequiredIsolationRefuses(t *testing.T) {
	d := newDaemon(t)
	cmd := exec.Command(filepath.Join(programs, "picloud"), "serve",
		"--listen", "127.0.0.1:0", "--data-dir", d.path("data"), "--isolation", "required")
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("it started, or ended otherwise: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "error: ") || !strings.Contains(string(out), "hint: ") || !strings.Contains(string(out), "cgroup") {
		t.Errorf("it says %s", out)
	}
	d.checkNothingLeft()
}

// Two daemons do not take each other's place.
func TestSecondDaemonAtTheSameSocket(t *testing.T) {
	d := startDaemon(t)
	d.deploy("hello", "return 'hello'")
	args := []string{"serve", "--isolation", "degraded", "--listen", "127.0.0.1:0", "--data-dir", d.path("data"), "--admin-socket", d.path("admin.sock")}
	cmd := exec.Command(filepath.Join(programs, "picloud"), args...)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "another process listens there") {
		t.Errorf("%v: %s", err, out)
	}
	d.run("hello").expect(t, 200, nil)
}

// Data outlives the daemon, and the token stays the same.
func TestRestart(t *testing.T) {
	d := startDaemon(t)
	d.deploy("hello", "return 'hello'")
	token := d.token
	d.stop()
	d.checkNothingLeft()
	d.start()
	if d.token != token {
		t.Error("the token has changed")
	}
	d.run("hello").expect(t, 200, nil)
}

func TestSocketListener(t *testing.T) {
	d := newDaemon(t)
	d.flags = append(d.flags, "--listen", "unix:"+d.path("http.sock"))
	if err := d.launch(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.stop(); d.checkNothingLeft() })
	d.eventually("the socket is there", 10e9, func() bool {
		info, err := os.Stat(d.path("http.sock"))
		return err == nil && info.Mode().Perm() == 0o666
	})
	out, err := exec.Command("curl", "-s", "--retry", "5", "--retry-connrefused", "--unix-socket", d.path("http.sock"), "http://x/healthz").CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"ok"`) {
		t.Errorf("%v: %s", err, out)
	}
	// it is no admin socket: the token is wanted
	out, err = exec.Command("curl", "-s", "--unix-socket", d.path("http.sock"), "http://x/api/v1/admin/limits").CombinedOutput()
	if err != nil || !strings.Contains(string(out), `"unauthorized"`) {
		t.Errorf("%v: %s", err, out)
	}
}
