package sqlite

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// walIndex is a view of the beginning of the shared memory that programs with the
// file open have in common: the WAL-index, which begins with two copies of a header
// that each commit changes and by which a reader knows what there is to be read, see
// https://sqlite.org/walformat.html#the_wal_index_header.
type walIndex struct {
	memory unsafe.Pointer // of a page's size
}

// walHeader is both copies.
type walHeader [2][12]uint32

// walVersion is the first number of each.
const walVersion = 3007000

// header reads the header. It is not whole while somebody is writing it.
func (x *walIndex) header() (h walHeader, whole bool) {
	words := (*[24]uint32)(x.memory)
	for i := range words {
		h[i/12][i%12] = atomic.LoadUint32(&words[i])
	}
	return h, h[0][0] == walVersion && h[0] == h[1]
}

func (x *walIndex) close() {
	unix.MunmapPtr(x.memory, uintptr(os.Getpagesize())) // fails for nothing that is mapped
}

// viewIndex gives a view of the WAL-index of the database at path, of which a
// connection of this process has to be open as long as there is the view.
//
// It maps again what SQLite has mapped. To open the file would be to lose SQLite's
// locks on it when it is closed, which all are one process's: see fcntl(2), "Record
// locking".
func viewIndex(path string) (*walIndex, error) {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	path += "-shm"
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		address, ok := mappingOf(lines.Text(), path, info.Sys().(*syscall.Stat_t).Ino)
		if !ok {
			continue
		}
		// of a shared mapping, an old size of 0 makes another, see mremap(2)
		memory, err := unix.MremapPtr(unsafe.Add(nil, address), 0, nil, uintptr(os.Getpagesize()), unix.MREMAP_MAYMOVE)
		if err != nil {
			return nil, fmt.Errorf("mremap: %w", err)
		}
		x := &walIndex{memory}
		if h, _ := x.header(); h[0][0] != walVersion && h[1][0] != walVersion {
			x.close()
			return nil, errors.New("the shared memory has another format")
		}
		return x, nil
	}
	return nil, fmt.Errorf("%s is not mapped: %w", path, fs.ErrNotExist)
}

// mappingOf gives where a line of /proc/self/maps, see proc_pid_maps(5), says that
// the file begins.
func mappingOf(line, path string, inode uint64) (address uintptr, ok bool) {
	var end, offset uintptr
	var access, device string
	var number uint64
	if n, _ := fmt.Sscanf(line, "%x-%x %s %x %s %d", &address, &end, &access, &offset, &device, &number); n != 6 {
		return 0, false
	}
	return address, offset == 0 && number == inode && access == "rw-s" && strings.HasSuffix(line, " "+path)
}
