// As in the worker's main: the stub that locks itself has the runtime's
// descriptors where the filter expects them.

//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
//go:debug decoratemappings=0

// Package e2e tests PiCloud from outside: the real daemon with real workers,
// over HTTP, its sockets and its command line.
//
// The same tests run in two places. Natively the daemon is started as a child of
// the test, with --isolation=degraded. With PICLOUD_E2E=systemd (in the virtual
// machine, as root) each daemon is a systemd service made from
// systemd/picloud.service, unprivileged, with a delegated cgroup v2. Tests of what
// only the virtual machine has are built for it alone (tag vm).
package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"picloud/worker/nursery"
	"picloud/worker/zygote"
)

// programs is the folder of the programs under test.
var programs string

// inSystemd tells where the tests run.
func inSystemd() bool { return os.Getenv("PICLOUD_E2E") == "systemd" }

// spawner is how the daemons make their workers. Unless PICLOUD_SPAWNER says it, it
// is one way from the start: tests look at what a daemon holds.
func spawner() string {
	if s := os.Getenv("PICLOUD_SPAWNER"); s != "" {
		return s
	}
	return "exec"
}

// patience stretches a time that is enough natively to one that is enough
// under software emulation. It bounds waiting; no test measures with it.
func patience(d time.Duration) time.Duration {
	if inSystemd() {
		return 20 * d
	}
	return 4 * d
}

func TestMain(m *testing.M) {
	switch os.Args[0] {
	case nursery.Name:
		os.Exit(nursery.Main())
	case zygote.Name:
		os.Exit(stubZygote())
	}
	if filepath.Base(os.Args[0]) == "picloud-worker" {
		stubWorker()
		return
	}
	where := "natively, degraded (RLIMIT_DATA)"
	if inSystemd() {
		where = "under systemd, cgroup v2 required"
	}
	fmt.Println("e2e: the daemons of these tests run", where+", their workers made by", spawner())
	code := 1
	if err := findPrograms(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
	} else {
		code = m.Run()
	}
	os.Exit(code)
}

// findPrograms takes the programs of PICLOUD_BIN, or builds them.
func findPrograms() error {
	if programs = os.Getenv("PICLOUD_BIN"); programs != "" {
		for _, name := range []string{"picloud", "picloud-worker"} {
			if _, err := os.Stat(filepath.Join(programs, name)); err != nil {
				return fmt.Errorf("PICLOUD_BIN: %w", err)
			}
		}
		return nil
	}
	var err error
	if programs, err = filepath.Abs("../../bin"); err != nil {
		return err
	}
	build := exec.Command("go", "build", "-o", programs+"/", "./cmd/picloud", "./cmd/picloud-worker")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	return build.Run()
}
