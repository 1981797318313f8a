package worker

import (
	"io"
	"unsafe"

	"golang.org/x/sys/unix"
)

// nameProcess names the thread the program begins on, which is what ps shows; it
// was started through a descriptor, whose number would stand there else. A name
// that cannot be set is no reason to stop.
func nameProcess(name string) {
	if text, err := unix.BytePtrFromString(name); err == nil {
		unix.Prctl(unix.PR_SET_NAME, uintptr(unsafe.Pointer(text)), 0, 0, 0)
	}
}

// fd reads and writes a descriptor with nothing but read(2) and write(2): no
// poller, no deadlines, so that no other system call is needed.
type fd int

func (f fd) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(int(f), p)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return 0, err
		}
		if n == 0 && len(p) > 0 {
			return 0, io.EOF
		}
		return n, nil
	}
}

func (f fd) Write(p []byte) (written int, err error) {
	for written < len(p) {
		n, err := unix.Write(int(f), p[written:])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return written, err
		}
		written += n
	}
	return written, nil
}
