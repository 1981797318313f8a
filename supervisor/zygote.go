package supervisor

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"picloud/worker/nursery"
	"picloud/worker/sandbox"
	"picloud/worker/zygote"
)

// A zygote is replaced when it has made so many workers or is so old, so that
// what its copies have in common, as where things lie in memory, is not of use for
// long. That is looked at when a worker is wanted, and at no other time: nothing
// wakes an idle machine.
const (
	maxCopies    = 1000
	maxZygoteAge = 10 * time.Minute
)

// The wait before another zygote is started, after one that ended without
// having made a worker, doubles between these bounds.
const (
	minZygoteWait = 100 * time.Millisecond
	maxZygoteWait = 10 * time.Second
)

// zygoteSpawner has its workers made by a zygote: a worker that copies itself, see
// package zygote. One goroutine talks to it.
type zygoteSpawner struct {
	program    *os.File // the worker binary, opened once
	credential *Credential
	requests   chan zygoteRequest
	closing    sync.Once
	ended      chan struct{}

	// of the goroutine that serves
	current   *zygoteProcess // nil if it has ended
	successor *zygoteProcess // one that is not ready yet, nil if there is none
	failures  int            // zygotes in a row that made no worker
	lastErr   error          // why the last of those did not
	notBefore time.Time      // when another one may be started
	given     given
}

type zygoteRequest struct {
	request nursery.Request
	answer  chan<- zygoteAnswer
}

type zygoteAnswer struct {
	process *os.Process
	doubt   *atomic.Bool
	err     error
}

// NewZygoteSpawner gives the Spawner whose workers are copies of one that is up
// to its job. They have the namespaces, the empty root and the locks of those that
// NewNurserySpawner's are given, and the same contract holds for the arguments and
// for errors.
func NewZygoteSpawner(path string, credential *Credential) (Spawner, error) {
	program, err := openProgram(path, credential)
	if err != nil {
		return nil, err
	}
	s := &zygoteSpawner{
		program:    program,
		credential: credential,
		requests:   make(chan zygoteRequest),
		ended:      make(chan struct{}),
		given:      given{},
	}
	ready := make(chan error)
	go s.serve(ready)
	if err := <-ready; err != nil {
		<-s.ended
		program.Close()
		hint := NamespacesSwitch(os.DirFS("/"))
		if hint == "" {
			hint = "check that picloud-worker belongs to this version; or let the daemon choose, with --spawner=auto"
		}
		return nil, cannotStart(err, fmt.Sprintf("no worker can be started: %s makes no zygote: %v", path, err), hint)
	}
	return s, nil
}

// serve lives on one thread as long as the spawner, as a nursery's does.
func (s *zygoteSpawner) serve(ready chan<- error) {
	defer close(s.ended)
	runtime.LockOSThread() // not unlocked: the thread ends with the goroutine
	err := s.replace()
	ready <- err
	if err != nil {
		return
	}
	for r := range s.requests {
		r.answer <- s.give(&r.request)
	}
	s.drop()
}

func (s *zygoteSpawner) Namespaces() bool { return true }
func (s *zygoteSpawner) Kind() Kind       { return KindZygote }

// Spawn asks a second time, with other pipes, if the zygote has ended.
func (s *zygoteSpawner) Spawn(cgroupFD int) (*Process, error) {
	p, err := s.spawn(cgroupFD)
	if errors.Is(err, nursery.ErrGone) {
		p, err = s.spawn(cgroupFD)
	}
	return p, err
}

func (s *zygoteSpawner) spawn(cgroupFD int) (*Process, error) {
	var doubt *atomic.Bool
	p, err := spawnByRequest(cgroupFD, s.credential, func(r nursery.Request) (*os.Process, error) {
		answer := make(chan zygoteAnswer, 1)
		s.requests <- zygoteRequest{r, answer}
		a := <-answer
		doubt = a.doubt
		return a.process, a.err
	})
	if err == nil {
		p.doubt = doubt
	}
	return p, err
}

func (s *zygoteSpawner) Close() {
	s.closing.Do(func() { close(s.requests) })
	<-s.ended
	s.program.Close()
}

// give has the zygote make a worker. If it has ended it is not known whether it
// made this one, which may have written into its pipe, so another is not asked for
// the same.
func (s *zygoteSpawner) give(r *nursery.Request) zygoteAnswer {
	if err := s.refresh(); err != nil {
		return zygoteAnswer{err: err}
	}
	p, err := s.given.ask(s.current.socket, r)
	if err == nil {
		s.current.copies++
		s.failures = 0
		return zygoteAnswer{p, &s.current.doubted, nil}
	}
	if errors.Is(err, nursery.ErrGone) {
		s.lost(err)
	}
	return zygoteAnswer{err: err}
}

// refresh sees to it that there is a zygote to ask, and that it is a fresh one.
// The successor of one that has served its time gets ready beside it.
func (s *zygoteSpawner) refresh() error {
	if s.current != nil && s.current.doubted.Load() {
		s.current.copies = 0
		s.lost(errors.New("a worker that the zygote made did not become ready"))
	}
	if s.current == nil {
		return s.replace()
	}
	if s.successor != nil {
		switch err := s.successor.hear(0); {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			s.successor.end()
			s.successor = nil
			s.failed(err)
		default:
			s.current.end()
			s.current, s.successor = s.successor, nil
		}
		return nil
	}
	if (s.current.copies >= maxCopies || time.Since(s.current.started) >= maxZygoteAge) && !time.Now().Before(s.notBefore) {
		var err error
		if s.successor, err = startZygote(s.program, s.credential); err != nil {
			s.failed(err)
		}
	}
	return nil
}

// replace starts a zygote and waits for it to be ready.
func (s *zygoteSpawner) replace() error {
	if wait := time.Until(s.notBefore); wait > 0 {
		return fmt.Errorf("no zygote is started for another %v: %d in a row have made no worker, the last: %w",
			wait.Round(time.Millisecond), s.failures, s.lastErr)
	}
	z, err := startZygote(s.program, s.credential)
	if err != nil {
		s.failed(err)
		return err
	}
	if err := z.hear(zygoteTimeout); err != nil {
		z.end()
		s.given.reapLost()
		s.failed(err)
		return err
	}
	s.current = z
	return nil
}

// lost takes leave of a zygote that has ended or is not to be trusted.
func (s *zygoteSpawner) lost(err error) {
	if s.current.copies == 0 {
		s.failed(err)
	}
	s.drop()
	s.given.reapLost()
}

// drop ends all zygotes. Workers are not their children and live on.
func (s *zygoteSpawner) drop() {
	for _, z := range []*zygoteProcess{s.current, s.successor} {
		if z != nil {
			z.end()
		}
	}
	s.current, s.successor = nil, nil
}

func (s *zygoteSpawner) failed(err error) {
	s.failures++
	s.lastErr = err
	s.notBefore = time.Now().Add(min(minZygoteWait<<min(s.failures-1, 16), maxZygoteWait))
}

// zygoteTimeout bounds the time from a zygote's start to its being ready. It takes
// a few hundredths of a second.
const zygoteTimeout = 5 * time.Second

// zygoteProcess is one zygote.
type zygoteProcess struct {
	starter *os.Process // what was started, of which the zygote is a copy; ends at once
	socket  int
	words   zygote.Words
	started time.Time
	copies  int         // workers it has made
	doubted atomic.Bool // whether one of them did not become ready
}

// startZygote starts one, which is not ready when this returns.
func startZygote(program *os.File, credential *Credential) (*zygoteProcess, error) {
	ours, theirs, err := birthSocket()
	if err != nil {
		return nil, err
	}
	z := &zygoteProcess{socket: ours, started: time.Now()}
	defer theirs.Close()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		z.end()
		return nil, err
	}
	defer null.Close()
	var user *sandbox.User
	if credential != nil {
		user = &sandbox.User{UID: credential.UID, GID: credential.GID}
	}
	// the path is looked up when the child has its descriptors
	z.starter, err = os.StartProcess("/proc/self/fd/"+strconv.Itoa(zygote.ProgramFD),
		zygote.Arguments(program.Name(), user), &os.ProcAttr{
			Dir:   "/",
			Env:   []string{},
			Files: []*os.File{null, sandbox.ZygoteSocketFD: theirs, 2: os.Stderr, zygote.ProgramFD: program},
			Sys:   sharedNamespaces(credential),
		})
	if err != nil {
		z.end()
		return nil, err
	}
	return z, nil
}

// hear waits for the zygote's first words, until it is ready. If that takes
// longer than wait, or than zygoteTimeout in all, the error is
// os.ErrDeadlineExceeded.
func (z *zygoteProcess) hear(wait time.Duration) error {
	until := time.Now().Add(wait)
	for !z.words.Complete() {
		if err := readable(z.socket, time.Until(until)); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) && time.Since(z.started) >= zygoteTimeout {
				return fmt.Errorf("it was not ready in %v", zygoteTimeout)
			}
			return err
		}
		if err := z.words.Hear(z.socket); err != nil {
			return err
		}
	}
	_, err := z.starter.Wait() // it has said its word and ends
	z.starter = nil
	return err
}

// end ends the zygote, or what there is of it.
func (z *zygoteProcess) end() {
	unix.Close(z.socket)
	if z.starter != nil {
		z.starter.Kill()
		z.starter.Wait()
	}
	if z.words.PID == 0 {
		return
	}
	if p, err := os.FindProcess(z.words.PID); err == nil {
		p.Kill()
		p.Wait()
	}
}
