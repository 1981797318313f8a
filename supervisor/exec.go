package supervisor

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"picloud/worker/sandbox"
)

// execSpawner makes each worker by a fresh exec of the worker binary.
type execSpawner struct {
	program    *os.File // the worker binary, opened once
	credential *Credential
	thread     *thread // whose children all workers are
}

// NewExecSpawner gives the Spawner that execs the binary at path for every
// worker, as credential, or as the daemon's own user if it is nil, without
// namespaces. It refuses to run workers as root.
func NewExecSpawner(path string, credential *Credential) (Spawner, error) {
	program, err := openProgram(path, credential)
	if err != nil {
		return nil, err
	}
	return &execSpawner{program: program, credential: credential, thread: newThread()}, nil
}

func (s *execSpawner) Namespaces() bool { return false }
func (s *execSpawner) Kind() Kind       { return KindExec }

func (s *execSpawner) Close() {
	s.thread.end()
	s.program.Close()
}

func (s *execSpawner) Spawn(cgroupFD int, eager bool) (*Process, error) {
	pipes, err := newPipes()
	if err != nil {
		return nil, err
	}
	defer pipes.closeWorkers()
	attr := &os.ProcAttr{
		Dir:   "/",
		Env:   []string{},
		Files: []*os.File{pipes.jobs, pipes.answers, pipes.answers},
		// its own session: the terminal's Ctrl-C is for the daemon alone
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true},
	}
	if cgroupFD >= 0 {
		attr.Sys.UseCgroupFD, attr.Sys.CgroupFD = true, cgroupFD
	}
	if s.credential != nil {
		attr.Sys.Credential = &syscall.Credential{Uid: s.credential.UID, Gid: s.credential.GID}
	}
	if s.thread.do(func() { pipes.Process.Process, err = startProcess(s.program, attr) }); err != nil {
		pipes.closePipes()
		return nil, err
	}
	return &pipes.Process, nil
}

// startProcess execs the open program through /proc, so that the workers' user
// need not be able to get to its folder: a checkout in root's home will do. It
// tries again for a moment on ETXTBSY: a file that has just been written may still
// be open for writing in a process that is between fork and exec.
func startProcess(program *os.File, attr *os.ProcAttr) (*os.Process, error) {
	path := fmt.Sprintf("/proc/self/fd/%d", program.Fd())
	for try := 0; ; try++ {
		p, err := os.StartProcess(path, []string{program.Name(), sandbox.WithoutNamespaces}, attr)
		if err == nil || try == 5 || !errors.Is(err, unix.ETXTBSY) {
			return p, err
		}
		time.Sleep(time.Millisecond << try)
	}
}
