package supervisor

import (
	"errors"
	"os"
	"sync/atomic"
	"time"
)

// Credential is the user a worker runs as.
type Credential struct{ UID, GID uint32 }

// Kind is a way to make workers.
type Kind string

const (
	KindExec   Kind = "exec"   // each by a fresh exec of the worker program
	KindZygote Kind = "zygote" // each as a copy of one that is up to its job
)

// Spawner makes worker processes. Its contract:
//
//   - Spawn returns as soon as the process exists; the process then locks
//     itself and says Ready or Refused on its pipe.
//   - The process is born in the cgroup whose directory is cgroupFD (not moved
//     there later), or in the daemon's own if cgroupFD is -1.
//   - It has no environment, no descriptors but the pipe's, and never runs as
//     root. It is killed by the kernel when the daemon dies.
//   - It is the daemon's own child: Process.Wait reaps it.
//   - If eager is asked for and the Spawner can, which Process.Eager tells, it
//     does before it is Ready what its job would else wait for. It then holds some
//     hundred KiB more while it waits.
//   - On an error nothing is left: no process, no descriptor.
//
// Namespaces tells whether workers are in namespaces of their own, with an empty
// root. Kind is how workers are made at this time. Spawn may be called from several
// goroutines. Close ends the Spawner once all processes have been reaped.
type Spawner interface {
	Spawn(cgroupFD int, eager bool) (*Process, error)
	Namespaces() bool
	Kind() Kind
	Close()
}

// Process is a worker process and the daemon's ends of its pipe, both of which
// take deadlines. Who has a Process kills it, waits for it and closes the ends.
type Process struct {
	*os.Process
	Jobs    *os.File // written by the daemon
	Answers *os.File // read by the daemon; the worker's stdout and stderr

	Eager bool // see Spawner

	doubt *atomic.Bool // of what it is a copy, nil if it is none; see unready
}

// unready tells what made the process that it never became ready. A zygote whose
// copies do not is not used any more.
func (p *Process) unready() {
	if p.doubt != nil {
		p.doubt.Store(true)
	}
}

// startTimeout bounds the time from birth to Ready. A copy has little to do until
// then, and what it waits for may be a lock that was not copied.
func (p *Process) startTimeout() time.Duration {
	if p.doubt != nil {
		return copyTimeout
	}
	return startTimeout
}

func (p *Process) closePipes() {
	p.Jobs.Close()
	p.Answers.Close()
}

// openProgram opens the worker program for workers that run as credential, or
// as the daemon's own user if it is nil.
func openProgram(path string, credential *Credential) (*os.File, error) {
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
	return program, nil
}
