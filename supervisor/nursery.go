package supervisor

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"picloud/worker/nursery"
)

// nurseryTimeout bounds the wait for a nursery's word. It gives an answer
// within a millisecond or two unless it is stopped.
const nurseryTimeout = 20 * time.Second

// nurserySpawner has its workers made by a nursery: a process that is in
// namespaces of its own, see package nursery. One goroutine talks to it.
type nurserySpawner struct {
	program    *os.File // the worker binary, opened once
	credential *Credential
	requests   chan nurseryRequest
	closing    sync.Once
	ended      chan struct{}

	// of the goroutine that serves
	process *os.Process
	socket  int
	given   given
}

type nurseryRequest struct {
	request nursery.Request
	answer  chan<- nurseryAnswer // nil: no worker is wanted for now
}

type nurseryAnswer struct {
	process *os.Process
	err     error
}

// NewNurserySpawner gives the Spawner that puts every worker into user, mount,
// pid, network, ipc, uts and cgroup namespaces, with an empty read-only root. The
// binary at path is both the nursery and the worker; workers run as credential, or
// as the daemon's own user if it is nil. It returns when the nursery is ready, so
// that an error says what this machine does not allow. It refuses to run workers as
// root.
func NewNurserySpawner(path string, credential *Credential) (Spawner, error) {
	program, err := openProgram(path, credential)
	if err != nil {
		return nil, err
	}
	s := &nurserySpawner{
		program:    program,
		credential: credential,
		requests:   make(chan nurseryRequest),
		ended:      make(chan struct{}),
		given:      given{},
	}
	ready := make(chan error)
	go s.serve(ready)
	if err := <-ready; err != nil {
		<-s.ended
		program.Close()
		if errors.Is(err, nursery.ErrGone) { // it could begin, and had nothing to say
			return nil, cannotStart(err, "no worker can be started: "+path+" is no worker program",
				"check that picloud-worker belongs to this version, or name it in PICLOUD_WORKER")
		}
		return nil, namespacesMissing(err)
	}
	return s, nil
}

// serve lives on one thread as long as the spawner: nursery and workers are this
// thread's children, and the kernel kills them when it ends, see
// PR_SET_PDEATHSIG in prctl(2).
func (s *nurserySpawner) serve(ready chan<- error) {
	defer close(s.ended)
	runtime.LockOSThread() // not unlocked: the thread ends with the goroutine
	err := s.start()
	ready <- err
	if err != nil {
		return
	}
	for r := range s.requests {
		if r.answer == nil {
			s.stop()
			continue
		}
		p, err := s.give(&r.request)
		r.answer <- nurseryAnswer{p, err}
	}
	s.stop()
}

func (s *nurserySpawner) Namespaces() bool { return true }
func (s *nurserySpawner) Kind() Kind       { return KindExec }

// Spawn asks a second time, with other pipes, if the nursery has ended: whoever
// killed it has not killed its successor.
func (s *nurserySpawner) Spawn(cgroupFD int) (*Process, error) {
	p, err := s.spawn(cgroupFD)
	if errors.Is(err, nursery.ErrGone) {
		p, err = s.spawn(cgroupFD)
	}
	return p, err
}

func (s *nurserySpawner) spawn(cgroupFD int) (*Process, error) {
	return spawnByRequest(cgroupFD, s.credential, func(r nursery.Request) (*os.Process, error) {
		answer := make(chan nurseryAnswer, 1)
		s.requests <- nurseryRequest{r, answer}
		a := <-answer
		return a.process, a.err
	})
}

// rest ends the nursery until a worker is wanted again.
func (s *nurserySpawner) rest() { s.requests <- nurseryRequest{} }

func (s *nurserySpawner) Close() {
	s.closing.Do(func() { close(s.requests) })
	<-s.ended
	s.program.Close()
}

// give has the nursery make a worker. One that has ended, or says nothing, is
// replaced, but not asked for the same worker: the other may have made it, and it
// may have written into its pipe.
func (s *nurserySpawner) give(r *nursery.Request) (*os.Process, error) {
	p, err := s.ask(r)
	if errors.Is(err, nursery.ErrGone) {
		s.stop()
		s.given.reapLost()
		if failed := s.start(); failed != nil {
			return nil, failed
		}
	}
	return p, err
}

// ask gets a worker from the nursery that is.
func (s *nurserySpawner) ask(r *nursery.Request) (*os.Process, error) {
	if s.socket < 0 {
		return nil, nursery.ErrGone
	}
	return s.given.ask(s.socket, r)
}

// start starts a nursery and waits for it to be ready.
func (s *nurserySpawner) start() error {
	s.socket = -1
	ours, theirs, err := birthSocket()
	if err != nil {
		return err
	}
	defer theirs.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		unix.Close(ours)
		return err
	}
	defer null.Close()
	// the path is looked up when the child has its descriptors
	s.process, err = os.StartProcess("/proc/self/fd/"+strconv.Itoa(nursery.ProgramFD),
		[]string{nursery.Name, s.program.Name()}, &os.ProcAttr{
			Dir:   "/",
			Env:   []string{},
			Files: []*os.File{null, null, os.Stderr, nursery.SocketFD: theirs, nursery.ProgramFD: s.program},
			Sys:   sharedNamespaces(s.credential),
		})
	if err != nil {
		unix.Close(ours)
		return err
	}
	s.socket = ours
	theirs.Close() // so that the end of the nursery is the end of the socket
	if err := nursery.ReceiveReady(s.socket); err != nil {
		s.stop()
		return err
	}
	return nil
}

// sharedNamespaces are those of all workers. In its user namespace who makes
// them is who it was: root may then make workers somebody else, and has its
// capabilities there; another user is given the one that mount and clone3 ask for.
func sharedNamespaces(credential *Credential) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET |
			syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Geteuid(), HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getegid(), HostID: os.Getegid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
		// its own session: the terminal's Ctrl-C is for the daemon alone
		Setsid: true,
	}
	if credential == nil {
		a.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN}
		return a
	}
	uid, gid := int(credential.UID), int(credential.GID)
	a.UidMappings = append(a.UidMappings, syscall.SysProcIDMap{ContainerID: uid, HostID: uid, Size: 1})
	a.GidMappings = append(a.GidMappings, syscall.SysProcIDMap{ContainerID: gid, HostID: gid, Size: 1})
	a.GidMappingsEnableSetgroups = true
	return a
}

// stop ends the nursery. Workers are not its children and live on.
func (s *nurserySpawner) stop() {
	if s.socket < 0 {
		return
	}
	unix.Close(s.socket)
	s.socket = -1
	s.process.Kill()
	s.process.Wait()
}
