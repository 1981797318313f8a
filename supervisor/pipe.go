package supervisor

import (
	"cmp"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// pipes are the two pipes of a worker to be: the daemon's ends in the Process,
// and the worker's, which are closed here once it has them.
type pipes struct {
	Process
	jobs, answers *os.File
}

func newPipes() (*pipes, error) {
	jobs, daemonJobs, err := pipe(writeEnd)
	if err != nil {
		return nil, err
	}
	daemonAnswers, answers, err := pipe(readEnd)
	if err != nil {
		jobs.Close()
		daemonJobs.Close()
		return nil, err
	}
	return &pipes{Process{Jobs: daemonJobs, Answers: daemonAnswers}, jobs, answers}, nil
}

func (p *pipes) closeWorkers() {
	p.jobs.Close()
	p.answers.Close()
}

// The ends of a pipe, as pipe2(2) numbers them.
const (
	readEnd  = 0
	writeEnd = 1
)

// pipe makes a pipe that is not inherited. The daemon's end takes deadlines;
// the other blocks, as the worker wants it.
func pipe(daemonEnd int) (r, w *os.File, err error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return nil, nil, fmt.Errorf("pipe2: %w", err)
	}
	if err := unix.SetNonblock(fds[daemonEnd], true); err != nil {
		unix.Close(fds[readEnd])
		unix.Close(fds[writeEnd])
		return nil, nil, fmt.Errorf("fcntl: %w", err)
	}
	return os.NewFile(uintptr(fds[readEnd]), "pipe"), os.NewFile(uintptr(fds[writeEnd]), "pipe"), nil
}

// maxPipeSize is how many bytes a pipe is made to hold at most.
const maxPipeSize = 512 << 10

// send writes the parts of a frame to a pipe as one, see writev(2), until its deadline:
// they need not be copied to be in one piece.
func send(pipe *os.File, parts ...[]byte) error {
	conn, err := pipe.SyscallConn()
	if err != nil {
		return err
	}
	left := 0
	for _, part := range parts {
		left += len(part)
	}
	widen(conn, left)
	var failed error
	err = conn.Write(func(fd uintptr) (done bool) {
		for left > 0 {
			n, err := unix.Writev(int(fd), parts)
			switch err {
			case nil:
			case unix.EINTR:
				continue
			case unix.EAGAIN:
				return false
			default:
				failed = err
				return true
			}
			left -= n
			parts = behind(parts, n)
		}
		return true
	})
	return cmp.Or(err, failed)
}

// behind gives what follows the first n bytes of parts.
func behind(parts [][]byte, n int) [][]byte {
	for len(parts) > 0 && n >= len(parts[0]) {
		n -= len(parts[0])
		parts = parts[1:]
	}
	if n > 0 {
		parts = append([][]byte{parts[0][n:]}, parts[1:]...)
	}
	return parts
}

// widen makes room in a pipe for so many bytes, so that they can be written at once,
// and whoever reads them is not woken for each part. A pipe that stays as it is does
// as well, only slower: an unprivileged user may have a bounded number of large ones,
// see pipe(7).
func widen(pipe syscall.RawConn, bytes int) {
	const small = 16 << 10 // most jobs; a page of some kernels
	if bytes <= small {
		return
	}
	pipe.Control(func(fd uintptr) {
		if size, err := unix.FcntlInt(fd, unix.F_GETPIPE_SZ, 0); err == nil && size < min(bytes, maxPipeSize) {
			unix.FcntlInt(fd, unix.F_SETPIPE_SZ, min(bytes, maxPipeSize))
		}
	})
}
