package supervisor

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

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
// package zygote.
type zygoteSpawner struct {
	*births
	current   *zygoteProcess // nil if it has ended
	successor *zygoteProcess // one that is not ready yet, nil if there is none
	failures  int            // zygotes in a row that made no worker
	lastErr   error          // why the last of those did not
	notBefore time.Time      // when another one may be started
}

// NewZygoteSpawner gives the Spawner whose workers are copies of one that is up
// to its job. They have the namespaces, the empty root and the locks of those that
// NewNurserySpawner's are given, and the same contract holds for the arguments and
// for errors.
func NewZygoteSpawner(path string, credential *Credential) (Spawner, error) {
	b, err := newBirths(path, credential)
	if err != nil {
		return nil, err
	}
	s := &zygoteSpawner{births: b}
	if err := s.replace(); err != nil {
		s.Close()
		hint := NamespacesSwitch(os.DirFS("/"))
		if hint == "" {
			hint = "check that picloud-worker belongs to this version; or let the daemon choose, with --spawner=auto"
		}
		return nil, cannotStart(err, fmt.Sprintf("no worker can be started: %s makes no zygote: %v", path, err), hint)
	}
	return s, nil
}

func (s *zygoteSpawner) Namespaces() bool { return true }
func (s *zygoteSpawner) Kind() Kind       { return KindZygote }
func (s *zygoteSpawner) Close()           { s.close(s.drop) }

func (s *zygoteSpawner) Spawn(cgroupFD int, eager bool) (*Process, error) {
	return s.spawn(cgroupFD, eager, s.give)
}

// give has the zygote make a worker. If it has ended it is not known whether it
// made this one, which may have written into its pipe, so another is not asked for
// the same.
func (s *zygoteSpawner) give(r *nursery.Request, p *Process) (err error) {
	if err := s.refresh(); err != nil {
		return err
	}
	if p.Process, err = s.ask(s.current.socket, r); err == nil {
		p.doubt, p.Eager = &s.current.doubted, r.Eager
		if s.current.copies++; s.current.copies == 1 { // later ones say nothing of what may succeed it
			s.failures = 0
		}
	}
	if errors.Is(err, nursery.ErrGone) {
		s.lost(err)
	}
	return err
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
		if s.successor, err = s.startZygote(); err != nil {
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
	z, err := s.startZygote()
	if err != nil {
		s.failed(err)
		return err
	}
	if err := z.hear(zygoteTimeout); err != nil {
		z.end()
		s.reapLost()
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
	s.reapLost()
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
	socket  *os.File
	words   zygote.Words
	started time.Time
	copies  int         // workers it has made
	doubted atomic.Bool // whether one of them did not become ready
}

// startZygote starts one, which is not ready when this returns.
func (s *zygoteSpawner) startZygote() (*zygoteProcess, error) {
	var user *sandbox.User
	if s.credential != nil {
		user = &sandbox.User{UID: s.credential.UID, GID: s.credential.GID}
	}
	starter, socket, err := s.start(sandbox.ZygoteSocketFD, zygote.ProgramFD, zygote.Arguments(s.program.Name(), user))
	if err != nil {
		return nil, err
	}
	return &zygoteProcess{starter: starter, socket: socket, started: time.Now()}, nil
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
		if err := z.words.Hear(int(z.socket.Fd())); err != nil {
			return err
		}
	}
	_, err := z.starter.Wait() // it has said its word and ends
	z.starter = nil
	return err
}

// end ends the zygote, or what there is of it.
func (z *zygoteProcess) end() {
	z.socket.Close()
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
