package supervisor

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Credential is the user a worker runs as.
type Credential struct{ UID, GID uint32 }

// execSpawner makes each worker by a fresh exec of the worker binary.
type execSpawner struct {
	program    *os.File // the worker binary, opened once
	credential *Credential
	requests   chan spawnRequest
	closing    sync.Once
	ended      chan struct{}
}

type spawnRequest struct {
	cgroupFD int
	answer   chan<- spawnAnswer
}

type spawnAnswer struct {
	process *Process
	err     error
}

// NewExecSpawner gives the Spawner that execs the binary at path for every
// worker, as credential, or as the daemon's own user if it is nil. It refuses to
// run workers as root.
func NewExecSpawner(path string, credential *Credential) (Spawner, error) {
	if credential == nil && os.Geteuid() == 0 {
		return nil, errors.New("a daemon started as root needs another user for its workers")
	}
	if credential != nil && (credential.UID == 0 || credential.GID == 0) {
		return nil, errors.New("workers never run as root")
	}
	program, err := os.Open(path)
	if err != nil {
		return nil, cannotStart(err, "the worker program cannot be opened", "build or install picloud-worker, or name it in PICLOUD_WORKER")
	}
	s := &execSpawner{
		program:    program,
		credential: credential,
		requests:   make(chan spawnRequest),
		ended:      make(chan struct{}),
	}
	go s.serve()
	return s, nil
}

// serve spawns on one thread that lives as long as the spawner: the kernel
// sends a child its parent-death signal when the thread that forked it ends,
// see PR_SET_PDEATHSIG in prctl(2).
func (s *execSpawner) serve() {
	defer close(s.ended)
	runtime.LockOSThread() // not unlocked: the thread ends with the goroutine
	for r := range s.requests {
		p, err := s.spawn(r.cgroupFD)
		r.answer <- spawnAnswer{p, err}
	}
}

func (s *execSpawner) Spawn(cgroupFD int) (*Process, error) {
	answer := make(chan spawnAnswer, 1)
	s.requests <- spawnRequest{cgroupFD, answer}
	a := <-answer
	return a.process, a.err
}

func (s *execSpawner) Close() {
	s.closing.Do(func() { close(s.requests) })
	<-s.ended
	s.program.Close()
}

func (s *execSpawner) spawn(cgroupFD int) (*Process, error) {
	jobsRead, jobs, err := pipe(writeEnd)
	if err != nil {
		return nil, err
	}
	defer jobsRead.Close()
	answers, answersWrite, err := pipe(readEnd)
	if err != nil {
		jobs.Close()
		return nil, err
	}
	defer answersWrite.Close()
	p := &Process{Jobs: jobs, Answers: answers}
	attr := &os.ProcAttr{
		Dir:   "/",
		Env:   []string{},
		Files: []*os.File{jobsRead, answersWrite, answersWrite},
		// its own session: the terminal's Ctrl-C is for the daemon alone
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true},
	}
	if cgroupFD >= 0 {
		attr.Sys.UseCgroupFD, attr.Sys.CgroupFD = true, cgroupFD
	}
	if s.credential != nil {
		attr.Sys.Credential = &syscall.Credential{Uid: s.credential.UID, Gid: s.credential.GID}
	}
	p.Process, err = startProcess(s.program, attr)
	if err != nil {
		p.closePipes()
		return nil, err
	}
	return p, nil
}

// startProcess execs the open program through /proc, so that the workers' user
// need not be able to get to its folder: a checkout in root's home will do. It
// tries again for a moment on ETXTBSY: a file that has just been written may still
// be open for writing in a process that is between fork and exec.
func startProcess(program *os.File, attr *os.ProcAttr) (*os.Process, error) {
	path := fmt.Sprintf("/proc/self/fd/%d", program.Fd())
	for try := 0; ; try++ {
		p, err := os.StartProcess(path, []string{program.Name()}, attr)
		if err == nil || try == 5 || !errors.Is(err, unix.ETXTBSY) {
			return p, err
		}
		time.Sleep(time.Millisecond << try)
	}
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
