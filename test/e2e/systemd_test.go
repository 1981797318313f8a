package e2e

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ownListener lets the service listen at a TCP port of its own; the sockets that
// systemd holds for the shipped one are for test/package.
const ownListener = "Sockets=\nPrivateNetwork=no\nRestrictAddressFamilies=AF_INET AF_INET6\nIPAddressDeny=\n"

// launchUnit starts a daemon as a service made from systemd/picloud.service: the
// shipped unit with another program, folders and name.
func (d *daemon) launchUnit() error {
	if d.unit == "" {
		units.Lock()
		units.n++
		d.unit = fmt.Sprintf("picloud-e2e-%d-%d.service", os.Getpid(), units.n)
		units.Unlock()
	}
	shipped, err := os.ReadFile(filepath.Join(programs, "picloud.service"))
	if err != nil {
		return err
	}
	if err := os.Chmod(d.dir, 0o777); err != nil {
		return err
	}
	var dropIn strings.Builder
	fmt.Fprintf(&dropIn, "[Service]\nExecStart=\nExecStart=%s %s\n", filepath.Join(programs, "picloud"), strings.Join(d.args(), " "))
	// an attacker of the tests writes its own machine code, to show what filters do with it
	dropIn.WriteString("MemoryDenyWriteExecute=no\n")
	// the tests' folders lie in /tmp; Restart= is for a test of its own
	fmt.Fprintf(&dropIn, "StateDirectory=\nRuntimeDirectory=\nPrivateTmp=no\nReadWritePaths=%s\nRestart=no\nTimeoutStartSec=300\n", d.dir)
	dropIn.WriteString(ownListener + d.dropIn)
	fmt.Fprintf(&dropIn, "StandardError=append:%s\n", d.path("log"))
	if d.files > 0 {
		fmt.Fprintf(&dropIn, "LimitNOFILE=%d\n", d.files)
	}
	for _, e := range d.environment() {
		fmt.Fprintf(&dropIn, "Environment=%q\n", e)
	}
	unit := "/run/systemd/system/" + d.unit
	if err := errors.Join(
		os.MkdirAll(unit+".d", 0o755),
		os.WriteFile(unit, shipped, 0o644),
		os.WriteFile(unit+".d/test.conf", []byte(dropIn.String()), 0o644),
	); err != nil {
		return err
	}
	d.t.Cleanup(func() {
		os.RemoveAll(unit + ".d")
		os.Remove(unit)
	})
	if out, err := systemctl("daemon-reload"); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if out, err := systemctl("start", d.unit); err != nil {
		status, _ := systemctl("status", "--no-pager", d.unit)
		return fmt.Errorf("%w: %s\n%s", err, out, status)
	}
	return nil
}

func (d *daemon) stopUnit() {
	d.t.Helper()
	if out, err := systemctl("stop", d.unit); err != nil {
		d.t.Errorf("systemctl stop: %v: %s", err, out)
	}
	if result := d.property("Result"); result != "success" && result != "signal" {
		d.t.Errorf("the service ended with %q\n%s", result, tail(d.log(), 40))
	}
	systemctl("reset-failed", d.unit)
}

func (d *daemon) property(name string) string {
	d.t.Helper()
	out, err := systemctl("show", "--value", "-p", name, d.unit)
	if err != nil {
		d.t.Fatalf("systemctl show: %v: %s", err, out)
	}
	return strings.TrimSpace(out)
}

func systemctl(args ...string) (string, error) {
	cmd := exec.Command("systemctl", args...)
	cmd.WaitDelay = time.Minute
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// cgroup is the service's, in the file system; "" natively.
func (d *daemon) cgroup() string {
	d.t.Helper()
	if !inSystemd() {
		return ""
	}
	return filepath.Join("/sys/fs/cgroup", d.property("ControlGroup"))
}
