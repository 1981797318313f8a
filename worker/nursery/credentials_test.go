package nursery_test

import (
	"os"
	"runtime"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"

	"picloud/worker/nursery"
)

// The call of each name that has whole ids. An emulator of system calls may be
// kinder than the kernel to the others.
func TestCallsWithWholeIds(t *testing.T) {
	known, err := arch.GetInfo(runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	for name, number := range map[string]int{
		"setgroups": nursery.SysSetgroups, "setresgid": nursery.SysSetresgid, "setresuid": nursery.SysSetresuid,
	} {
		if runtime.GOARCH == "arm" {
			name += "32"
		}
		if got := known.SyscallNumbers[number]; got != name {
			t.Errorf("%s is called where %s should be", got, name)
		}
	}
}

// No id loses its upper half on the way, for root's is what may be left: either
// a thread becomes the user it was to be, or it may not.
func TestIdsAreWhole(t *testing.T) {
	for name, c := range map[string]struct {
		set uintptr
		own int
		get func() int
	}{
		"gid": {nursery.SysSetresgid, os.Getgid(), unix.Getgid},
		"uid": {nursery.SysSetresuid, os.Getuid(), unix.Getuid},
	} {
		want := 1<<16 | c.own
		if want == c.own {
			t.Fatalf("this test does not say anything for the %s %d", name, c.own)
		}
		type outcome struct {
			errno unix.Errno
			id    int
		}
		done := make(chan outcome)
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with who it is
			id := uintptr(want)
			_, _, errno := unix.RawSyscall(c.set, id, id, id)
			done <- outcome{errno, c.get()}
		}()
		got := <-done
		if got.errno == 0 && got.id != want || got.errno != 0 && (got.errno != unix.EPERM && got.errno != unix.EINVAL || got.id != c.own) {
			t.Errorf("%s %d: %v, and the thread has %d", name, want, got.errno, got.id)
		}
	}
}
