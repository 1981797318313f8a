package supervisor

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readable waits until a read of the file would not block. If that takes longer
// than wait, the error is os.ErrDeadlineExceeded.
func readable(file *os.File, wait time.Duration) error {
	until := time.Now().Add(wait)
	for {
		left := max(0, time.Until(until))
		fds := []unix.PollFd{{Fd: int32(file.Fd()), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, int((left+time.Millisecond-1)/time.Millisecond))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return fmt.Errorf("poll: %w", err)
		case n == 0:
			return os.ErrDeadlineExceeded
		default:
			return nil
		}
	}
}
