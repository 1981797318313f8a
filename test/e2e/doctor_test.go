package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// diagnosis is what picloud doctor --output json says.
type diagnosis struct {
	Status string
	Checks []struct{ Check, Status, Detail, Hint string }
}

func (d diagnosis) check(t *testing.T, name string) (status, text string) {
	t.Helper()
	for _, c := range d.Checks {
		if c.Check == name {
			return c.Status, c.Detail + "\n" + c.Hint
		}
	}
	t.Fatalf("there is no check %q: %+v", name, d)
	return "", ""
}

// doctor has picloud doctor examine this machine and this daemon, and gives its
// exit status. Under systemd it is started as the daemon is.
func (d *daemon) doctor(flags ...string) (diagnosis, int) {
	d.t.Helper()
	return parseDiagnosis(d.t, d.doctorCommand(append(flags, "--output", "json")...))
}

func parseDiagnosis(t *testing.T, cmd *exec.Cmd) (found diagnosis, exit int) {
	t.Helper()
	out, exit := output(t, cmd)
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, c := range found.Checks {
		if c.Detail == "" || c.Status != "ok" && c.Hint == "" || strings.Contains(c.Detail+c.Hint, "\n") {
			t.Errorf("%+v: not one line, and one thing to do", c)
		}
	}
	return found, exit
}

func (d *daemon) doctorCommand(flags ...string) *exec.Cmd {
	args := append([]string{filepath.Join(programs, "picloud"), "doctor", "--data-dir", d.path("data"),
		"--admin-socket", d.path("admin.sock")}, flags...)
	if inSystemd() {
		args = append([]string{"systemd-run", "--quiet", "--wait", "--pipe", "--collect", "-p", "User=picloud",
			"-p", "Delegate=memory pids cpu", "-p", "DelegateSubgroup=supervisor", "-E", "PICLOUD_WORKER=" + d.worker}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), d.environment()...)
	return cmd
}

// output is what a command writes to stdout, and its exit status.
func output(t *testing.T, cmd *exec.Cmd) (stdout string, exit int) {
	t.Helper()
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if exit, is := errors.AsType[*exec.ExitError](err); is {
		return string(out), exit.ExitCode()
	}
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	return string(out), 0
}

// The doctor of a daemon that runs: in the virtual machine, as the service's
// user, all is well; natively it finds that cgroup v2 is missing.
func TestDoctor(t *testing.T) {
	d := startDaemon(t)
	found, status := d.doctor()
	if inSystemd() {
		for _, c := range found.Checks {
			if c.Status != "ok" {
				t.Errorf("%+v", c)
			}
		}
		if status != 0 || found.Status != "ok" {
			t.Errorf("exit status %d, %s", status, found.Status)
		}
		if _, text := found.check(t, "hello"); !strings.Contains(text, "by a worker in cgroup v2, seccomp, Landlock, namespaces") {
			t.Errorf("hello: %s", text)
		}
	} else {
		if status != 1 || found.Status != "failure" {
			t.Errorf("exit status %d, %s", status, found.Status)
		}
		for name, want := range map[string]string{
			"cgroup v2": "failure", "memory controller": "failure", "pids controller": "failure", "cpu controller": "failure",
			"hello": "warning", "daemon": "warning", // both without a cgroup
			"kernel": "ok", "seccomp": "ok", "landlock": "ok", "worker": "ok", "database": "ok", "admin socket": "ok",
		} {
			if status, text := found.check(t, name); status != want {
				t.Errorf("%s is %s, want %s: %s", name, status, want, text)
			}
		}
		if _, text := found.check(t, "cgroup v2"); !strings.Contains(text, "systemd.unified_cgroup_hierarchy=1") {
			t.Errorf("cgroup v2: %s", text)
		}
	}
	text, again := output(t, d.doctorCommand())
	if again != status || !strings.HasPrefix(text, "CHECK ") || strings.Contains(text, "\x1b") {
		t.Errorf("exit status %d: %q", again, text)
	}
	d.run("none").expect(t, 404, nil) // the daemon has not noticed
}

// It works without a daemon, makes nothing, and accepts what serve would accept.
func TestDoctorWithoutDaemon(t *testing.T) {
	d := newDaemon(t)
	if inSystemd() {
		if err := os.Chmod(d.dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	found, status := d.doctor("--isolation", "degraded")
	if status != 0 || found.Status != "warning" {
		t.Errorf("exit status %d, %s: %+v", status, found.Status, found)
	}
	for _, name := range []string{"daemon", "admin socket", "database"} {
		if status, text := found.check(t, name); status != "warning" || !strings.Contains(text, "start the daemon") {
			t.Errorf("%s is %s: %s", name, status, text)
		}
	}
	left, err := filepath.Glob(filepath.Join(d.dir, "*"))
	if err != nil || len(left) != 1 || left[0] != d.worker {
		t.Errorf("it leaves %q, %v", left, err)
	}
	d.checkNothingLeft()
}

// A worker that is missing, or is no program, is found before the daemon's start
// fails by it.
func TestDoctorFindsBrokenWorkers(t *testing.T) {
	for name, breakIt := range map[string]func(worker string) error{
		"there is no": os.Remove,
		"may not be executed": func(worker string) error {
			return os.Chmod(worker, 0o644)
		},
		"no worker can be started": func(worker string) error {
			return os.WriteFile(worker, []byte("#!/bin/sh\nexit 1\n"), 0o755)
		},
	} {
		d := newDaemon(t)
		if err := breakIt(d.worker); err != nil {
			t.Fatal(err)
		}
		found, exit := d.doctor("--isolation", "degraded")
		status, text := found.check(t, "worker")
		if exit != 1 || status != "failure" || !strings.Contains(text, name) {
			t.Errorf("%s: exit status %d, %s: %s", name, exit, status, text)
		}
		if status, text := found.check(t, "hello"); status != "warning" || !strings.Contains(text, "not tried") {
			t.Errorf("%s: hello is %s: %s", name, status, fmt.Sprint(text))
		}
		d.checkNothingLeft()
	}
}
