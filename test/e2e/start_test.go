package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

// All that can be set is set by the environment alone, as the package's file does.
func TestConfiguredByTheEnvironment(t *testing.T) {
	d := newDaemon(t)
	d.bare, d.token = true, "of the environment itself"
	file := d.path("token")
	if err := os.WriteFile(file, []byte("of a file\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	isolation := "degraded"
	if inSystemd() {
		isolation = "required"
	}
	d.environ = []string{
		fmt.Sprintf("PICLOUD_LISTEN=127.0.0.1:%d", d.port), "PICLOUD_DATA_DIR=" + d.path("data"), "PICLOUD_ADMIN_SOCKET=" + d.path("admin.sock"),
		"PICLOUD_ADMIN_TOKEN=" + d.token, "PICLOUD_ADMIN_TOKEN_FILE=" + file, "PICLOUD_ISOLATION=" + isolation,
		"PICLOUD_WORKERS=3", "PICLOUD_WARM=1", "PICLOUD_QUEUE=7", "PICLOUD_LOG_LEVEL=debug",
	}
	d.startForTest()

	pool, _ := d.request("GET", "/readyz", "").field("pool").(map[string]any)
	if pool["workers"] != 3.0 || pool["warm"] != 1.0 {
		t.Errorf("the pool is %v", pool)
	}
	if ready := d.records("workers are ready"); len(ready) != 1 || ready[0]["queue"] != 7.0 {
		t.Errorf("the log says %v", ready)
	}
	if info, err := os.Stat(d.path("admin.sock")); err != nil || info.Mode() != os.ModeSocket|0o660 {
		t.Errorf("admin socket: %v, %v", info, err)
	}

	d.deploy("hello", "return 'hello'") // with the token
	d.run("hello").expect(t, 200, nil)
	d.request("GET", "/api/v1/admin/scripts", "", "Authorization", "Bearer of a file").expect(t, 401, nil)
	if _, err := os.Stat(d.path("data/picloud.db")); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(d.path("data/admin-token")); !os.IsNotExist(err) {
		t.Errorf("a token was made although there is one: %v", err)
	}
	d.run("nobody").expect(t, 404, nil)
	d.eventually("the log has what only debug shows", 5*time.Second, func() bool { return len(d.records("request refused")) == 1 })
}
