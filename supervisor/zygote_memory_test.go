//go:build !race

package supervisor

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Where the kernel makes large pages of shared memory, copies run from one.
func TestCopiesRunFromALargePage(t *testing.T) {
	s, err := NewZygoteSpawner(realWorker(t), testCredential())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	worker := waiting(t, s)
	if os.Geteuid() != 0 {
		t.Log("what is not dumpable is root's to look at; this shows only that a worker has become ready")
		return
	}
	smaps, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", worker.Pid))
	if err != nil {
		t.Fatal(err)
	}
	code, _, _ := strings.Cut(string(smaps), "VmFlags:") // of the first mapping
	err = largePageOfSharedMemory()
	t.Logf("a large page of shared memory: %v", err)
	name, large := "picloud-worker", "ShmemPmdMapped:        0 kB"
	if err == nil {
		name, large = "/memfd:picloud-text (deleted)", "ShmemPmdMapped:     2048 kB"
	}
	if !strings.Contains(code, " r-xp ") || !strings.Contains(code, name+"\n") || !strings.Contains(code, large) {
		t.Errorf("a worker's code:\n%s", code)
	}
}

// largePageOfSharedMemory tries to make one.
func largePageOfSharedMemory() error {
	const size = 2 << 20
	fd, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, make([]byte, size)); err != nil {
		return err
	}
	room, err := unix.Mmap(fd, 0, 2*size, unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return err
	}
	defer unix.Munmap(room)
	skip := -uintptr(unsafe.Pointer(&room[0])) & (size - 1)
	if _, err := unix.MmapPtr(fd, 0, unsafe.Pointer(&room[skip]), size, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_FIXED); err != nil {
		return err
	}
	return unix.Madvise(room[skip:skip+size], unix.MADV_COLLAPSE)
}
