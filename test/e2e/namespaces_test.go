//go:build vm

package e2e

import (
	"os"
	"strings"
	"testing"
)

// Where a system forbids user namespaces, the daemon does not start, and names
// the switch; with --isolation=degraded it says what is missing and serves.
func TestForbiddenNamespaces(t *testing.T) {
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
	refuses := newDaemon(t)
	if err := refuses.launch(); err == nil {
		refuses.stop()
		t.Fatal("it started")
	}
	systemctl("reset-failed", refuses.unit)
	for _, text := range []string{"namespaces", "user.max_user_namespaces=10000", "--isolation=degraded"} {
		if !strings.Contains(refuses.log(), text) {
			t.Errorf("its log does not say %q:\n%s", text, refuses.log())
		}
	}

	degraded := newDaemon(t)
	degraded.flags = append(degraded.flags, "--isolation", "degraded")
	degraded.startForTest()
	degraded.deploy("hello", "return 'hello'")
	degraded.run("hello").expect(t, 200, nil)
	isolation, _ := degraded.request("GET", "/readyz", "").field("isolation").(object)
	if isolation["state"] != "degraded" || isolation["namespaces"] != false {
		t.Errorf("/readyz says of its isolation %v", isolation)
	}
	if !strings.Contains(degraded.log(), "workers are in no namespaces of their own") {
		t.Errorf("its log does not say what is missing:\n%s", degraded.log())
	}
}
