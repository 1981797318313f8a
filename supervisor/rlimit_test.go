//go:build !race

package supervisor

import (
	"errors"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Whoever sets a worker's limit is who it was when that is done, or has failed.
func TestLimitLeavesTheCallerWhoItIs(t *testing.T) {
	e, err := NewRlimitEnclosures(testCredential())
	if err != nil {
		t.Fatal(err)
	}
	enclosure, err := e.New()
	if err != nil {
		t.Fatal(err)
	}
	s := testSpawner(t, "obeys")
	t.Cleanup(s.Close)
	worker := waiting(t, s)

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := user()
	if err := enclosure.Limit(worker.Pid, 8); err != nil {
		t.Fatal(err)
	}
	if now := user(); now != before {
		t.Errorf("its users and groups were %v, and are %v", before, now)
	}
	if err := enclosure.Limit(1<<30, 8); !errors.Is(err, unix.ESRCH) {
		t.Errorf("a process that is not there: %v", err)
	}
	if now := user(); now != before {
		t.Errorf("after an error its users and groups are %v, and were %v", now, before)
	}
}

// user is who the calling thread is: really, acting as, and saved.
func user() (ids [6]int) {
	ids[0], ids[1], ids[2] = unix.Getresuid()
	ids[3], ids[4], ids[5] = unix.Getresgid()
	return ids
}
