package zygote

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// text is where the program's code is mapped. The kernel copies no page tables of
// a file's mapping, so that each copy would pay a page fault for every few pages of
// code it comes to, and for giving them back. From a large page it pays one.
type text struct {
	begin, end uintptr
	next       uintptr // where the next mapping begins
}

// largePage is the size of one for amd64, and for ARM with pages of 4 KiB. A kernel
// that has others refuses.
const largePage = 2 << 20

// findText reads the process's maps, see proc_pid_maps(5).
func findText() (text, error) {
	fd, err := unix.Open("/proc/self/maps", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return text{}, fmt.Errorf("/proc/self/maps: %w", err)
	}
	defer unix.Close(fd)
	var maps bytes.Buffer
	for chunk := make([]byte, 4<<10); ; {
		n, err := unix.Read(fd, chunk)
		if err != nil {
			return text{}, fmt.Errorf("/proc/self/maps: %w", err)
		}
		if n == 0 {
			break
		}
		maps.Write(chunk[:n])
	}
	return textIn(maps.String(), reflect.ValueOf(findText).Pointer())
}

// textIn gives the mapping with this address.
func textIn(maps string, address uintptr) (text, error) {
	var t text
	for line := range strings.Lines(maps) {
		var begin, end uintptr
		var access string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &begin, &end, &access); err != nil {
			return text{}, fmt.Errorf("the mapping %q: %w", line, err)
		}
		if t.end != 0 {
			t.next = begin
			return t, nil
		}
		if begin <= address && address < end {
			if access != "r-xp" {
				return text{}, fmt.Errorf("the program's code is mapped as %s", access)
			}
			t = text{begin: begin, end: end, next: ^uintptr(0)}
		}
	}
	if t.end == 0 {
		return text{}, errors.New("the program's code is not mapped")
	}
	return t, nil
}

// enlarge puts a copy of the code, in large pages, in its place. Nothing else may
// run meanwhile. It fails, and leaves the code where it is, if the program was not
// linked for it (-R 0x200000, so that nothing else is in its last large page), and
// where the kernel does not make large pages of shared memory when it is asked to
// (before Linux 6.1, or without CONFIG_TRANSPARENT_HUGEPAGE).
//
// The copy is never writable where it is mapped, and sealed: who may not make
// memory executable that was writable (MemoryDenyWriteExecute= in systemd.exec(5))
// may do this.
func (t text) enlarge() error {
	size := (t.end - t.begin + largePage - 1) &^ (largePage - 1)
	if t.begin%largePage != 0 || t.next < t.begin+size {
		return errors.New("the program's code has no large pages of its own")
	}
	fd, err := codeFile(unsafe.Slice((*byte)(at(t.begin)), t.end-t.begin), size)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	// room with a place for it that a large page can begin at
	room, err := unix.MmapPtr(-1, 0, nil, size+largePage, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return fmt.Errorf("mmap: %w", err)
	}
	defer unix.MunmapPtr(room, size+largePage)
	place := unsafe.Add(room, -uintptr(room)&(largePage-1))
	if _, err := unix.MmapPtr(fd, 0, place, size, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_FIXED); err != nil {
		return fmt.Errorf("mmap of code: %w", err)
	}
	if err := unix.Madvise(unsafe.Slice((*byte)(place), size), unix.MADV_COLLAPSE); err != nil {
		return fmt.Errorf("madvise(MADV_COLLAPSE): %w", err)
	}
	if _, err := unix.MremapPtr(place, size, at(t.begin), size, unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED); err != nil {
		return fmt.Errorf("mremap: %w", err)
	}
	return nil
}

// at is for addresses that are not the Go runtime's to move.
func at(address uintptr) unsafe.Pointer { return unsafe.Add(nil, address) }

// codeFile gives a file in memory with this code, so large, that nobody can change
// or execute.
func codeFile(code []byte, size uintptr) (fd int, err error) {
	const sealed = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err = unix.MemfdCreate("picloud-text", sealed|unix.MFD_NOEXEC_SEAL)
	if err == unix.EINVAL { // before Linux 6.3
		fd, err = unix.MemfdCreate("picloud-text", sealed)
	}
	if err != nil {
		return -1, fmt.Errorf("memfd_create: %w", err)
	}
	for len(code) > 0 && err == nil {
		var n int
		n, err = unix.Write(fd, code)
		code = code[max(n, 0):]
	}
	if err == nil {
		err = unix.Ftruncate(fd, int64(size))
	}
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("the code's file: %w", err)
	}
	return fd, nil
}
