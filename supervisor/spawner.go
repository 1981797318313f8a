package supervisor

import (
	"errors"
	"os"
)

// Credential is the user a worker runs as.
type Credential struct{ UID, GID uint32 }

// Spawner makes worker processes. Its contract:
//
//   - Spawn returns as soon as the process exists; the process then locks
//     itself and says Ready or Refused on its pipe.
//   - The process is born in the cgroup whose directory is cgroupFD (not moved
//     there later), or in the daemon's own if cgroupFD is -1.
//   - It has no environment, no descriptors but the pipe's, and never runs as
//     root. It is killed by the kernel when the daemon dies.
//   - It is the daemon's own child: Process.Wait reaps it.
//   - On an error nothing is left: no process, no descriptor.
//
// Namespaces tells whether workers are in namespaces of their own, with an empty
// root. Spawn may be called from several goroutines. Close ends the Spawner once all
// processes have been reaped.
type Spawner interface {
	Spawn(cgroupFD int) (*Process, error)
	Namespaces() bool
	Close()
}

// Process is a worker process and the daemon's ends of its pipe, both of which
// take deadlines. Who has a Process kills it, waits for it and closes the ends.
type Process struct {
	*os.Process
	Jobs    *os.File // written by the daemon
	Answers *os.File // read by the daemon; the worker's stdout and stderr
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
