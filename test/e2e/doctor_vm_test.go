//go:build vm

package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// installedUnit is where an administrator's service lies.
const installedUnit = "/etc/systemd/system/picloud.service"

// inService makes d the daemon of the installed service.
func (d *daemon) inService() {
	d.unit = "picloud.service"
	d.worker = filepath.Join(programs, "picloud-worker") // the service has a /tmp of its own
}

// install puts the shipped unit in place, with this test's daemon in it.
func (d *daemon) install(port int) {
	d.t.Helper()
	d.inService()
	shipped, err := os.ReadFile(filepath.Join(programs, "picloud.service"))
	if err != nil {
		d.t.Fatal(err)
	}
	text := strings.Replace(string(shipped), "ExecStart=/usr/bin/picloud serve",
		"Environment=PICLOUD_WORKER="+d.worker+"\nTimeoutStartSec=300\nExecStart="+filepath.Join(programs, "picloud")+fmt.Sprintf(" serve --listen 127.0.0.1:%d", port), 1)
	if text == string(shipped) {
		d.t.Fatal("the shipped unit starts something else")
	}
	text = strings.Replace(text, "\n[Install]\n", "\n"+ownListener+"[Install]\n", 1)
	text = strings.Replace(text, "\nAlso=", "\n#Also=", 1)
	if err := os.WriteFile(installedUnit, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
	if out, err := systemctl("daemon-reload"); err != nil {
		d.t.Fatalf("%v: %s", err, out)
	}
}

// installed installs the service for this test, and starts it.
func (d *daemon) installed() {
	d.t.Helper()
	d.t.Cleanup(func() {
		systemctl("stop", "picloud.service")
		systemctl("reset-failed", "picloud.service")
		os.Remove(installedUnit)
		systemctl("daemon-reload")
		os.RemoveAll("/var/lib/picloud")
	})
	d.install(0)
	if out, err := systemctl("start", "picloud.service"); err != nil {
		status, _ := systemctl("status", "--no-pager", "picloud.service")
		d.t.Fatalf("%v: %s\n%s", err, out, status)
	}
}

// rootsDoctor is what an administrator sees who types picloud doctor in a shell.
func (d *daemon) rootsDoctor() (diagnosis, int) {
	d.t.Helper()
	cmd := exec.Command(filepath.Join(programs, "picloud"), "doctor", "--output", "json")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "PICLOUD_WORKER="+d.worker)
	return parseDiagnosis(d.t, cmd)
}

// In a shell, the doctor looks at the installed service with its settings.
func TestDoctorOfTheInstalledService(t *testing.T) {
	d := newDaemon(t)
	d.installed()
	found, status := d.rootsDoctor()
	for _, c := range found.Checks {
		if c.Status != "ok" {
			t.Errorf("while it runs: %+v", c)
		}
	}
	if status != 0 || found.Status != "ok" {
		t.Errorf("while it runs: exit status %d, %s", status, found.Status)
	}
	for name, want := range map[string]string{
		"settings": "/var/lib/picloud", "memory controller": "delegated to picloud.service, enabled", "admin socket": "/run/picloud/admin.sock",
		"hello": "in a cgroup: sudo systemd-run",
	} {
		if _, text := found.check(t, name); !strings.Contains(text, want) {
			t.Errorf("%s: %q, want %q", name, text, want)
		}
	}

	if out, err := systemctl("stop", "picloud.service"); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	found, status = d.rootsDoctor()
	if status != 0 || found.Status != "warning" {
		t.Errorf("while it is stopped: exit status %d, %+v", status, found)
	}
	for name, want := range map[string]string{"memory controller": "ok", "database": "ok", "daemon": "warning"} {
		if status, text := found.check(t, name); status != want {
			t.Errorf("while it is stopped: %s is %s, want %s: %s", name, status, want, text)
		}
	}
	// what root looked at is still the service's
	if out, err := systemctl("start", "picloud.service"); err != nil {
		t.Fatalf("it does not start again: %v: %s", err, out)
	}
}

// Where a system forbids user namespaces, the doctor fails by it, and names the
// switch; where less is accepted, it warns.
func TestDoctorFindsForbiddenNamespaces(t *testing.T) {
	const sysctl = "/proc/sys/user/max_user_namespaces"
	before, err := os.ReadFile(sysctl)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(sysctl, []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.WriteFile(sysctl, before, 0); err != nil {
			t.Error(err)
		}
	})
	d := newDaemon(t)
	for isolation, want := range map[string]struct {
		exit   int
		status string
	}{"required": {1, "failure"}, "degraded": {0, "warning"}} {
		found, exit := d.doctor("--isolation", isolation)
		status, text := found.check(t, "user namespaces")
		if exit != want.exit || status != want.status || !strings.Contains(text, "user.max_user_namespaces=10000") {
			t.Errorf("%s: exit status %d, %s: %s", isolation, exit, status, text)
		}
		if _, text := found.check(t, "hello"); !strings.Contains(text, "in cgroup v2, seccomp, Landlock\n") {
			t.Errorf("%s: hello: %s", isolation, text)
		}
	}
}
