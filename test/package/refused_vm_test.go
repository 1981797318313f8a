//go:build vm

package pkg

import (
	"strings"
	"testing"
)

// A machine that was booted as a Raspberry Pi is, without the memory controller:
// the service does not serve without it, and says what to do, wherever one looks.
func TestWithoutMemoryController(t *testing.T) {
	b := onBoard(t)
	b.do("grep -q cgroup_disable=memory /proc/cmdline")
	b.do("mkdir -p /boot/firmware && echo 'console=tty1 rootwait' >/boot/firmware/cmdline.txt")
	b.do("getent passwd picloud >/dev/null && userdel picloud; true")
	out := b.do("apt-get install -y " + b.packageOf("0.3.0"))
	if !strings.Contains(out, "picloud doctor") {
		t.Errorf("the installation does not say where to look:\n%s", out)
	}
	for _, command := range []string{"systemctl status --no-pager -l picloud", "picloud doctor"} {
		b.eventually(command+" says what to do", func() bool {
			said := b.output(command)
			return strings.Contains(said, "cgroup_enable=memory") && strings.Contains(said, "/boot/firmware/cmdline.txt")
		})
		t.Log(b.output(command))
	}
	if got := b.output("picloud doctor >/dev/null 2>&1; echo $?"); strings.TrimSpace(got) != "1" {
		t.Errorf("doctor ends with %s", got)
	}
	if state := b.property("ActiveState"); state == "active" {
		t.Error("the service is active")
	}
	if got := b.output("curl -s -m 5 --unix-socket " + httpSocket + " http://localhost/healthz; echo $?"); strings.TrimSpace(got) == "0" {
		t.Errorf("it answers: %s", got)
	}
}
