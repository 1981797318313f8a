package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// has tells whether SIGCHLD is in one of the process's sets of signals, see
// proc_pid_status(5).
func has(t *testing.T, set string) bool {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "\n"+set+":\t")
	line, _, _ := strings.Cut(after, "\n")
	signals, err := strconv.ParseUint(line, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return signals&(1<<(unix.SIGCHLD-1)) != 0
}

func TestDeathsAreIgnored(t *testing.T) {
	if !has(t, "SigCgt") {
		t.Fatal("the Go runtime does not catch SIGCHLD any more: ignoreDeaths is for nothing")
	}
	if err := ignoreDeaths(); err != nil {
		t.Fatal(err)
	}
	if has(t, "SigCgt") || has(t, "SigIgn") {
		t.Error("SIGCHLD has not got its default")
	}
	// who ends can be waited for
	if err := exec.Command("sh", "-c", "exit 3").Run(); err == nil || err.Error() != "exit status 3" {
		t.Error(err)
	}
}
