package supervisor

import (
	"errors"
	"os"
	"syscall"

	"picloud/worker/nursery"
)

// nurserySpawner has its workers made by a nursery: a process that is in
// namespaces of its own, see package nursery.
type nurserySpawner struct {
	*births
	process *os.Process
	socket  *os.File // nil if no nursery is there
}

// NewNurserySpawner gives the Spawner that puts every worker into user, mount,
// pid, network, ipc, uts and cgroup namespaces, with an empty read-only root. The
// binary at path is both the nursery and the worker; workers run as credential, or
// as the daemon's own user if it is nil. It returns when the nursery is ready, so
// that an error says what this machine does not allow. It refuses to run workers as
// root.
func NewNurserySpawner(path string, credential *Credential) (Spawner, error) {
	b, err := newBirths(path, credential)
	if err != nil {
		return nil, err
	}
	s := &nurserySpawner{births: b}
	if err := s.begin(); err != nil {
		s.Close()
		if errors.Is(err, nursery.ErrGone) { // it could begin, and had nothing to say
			return nil, cannotStart(err, "no worker can be started: "+path+" is no worker program",
				"check that picloud-worker belongs to this version, or name it in PICLOUD_WORKER")
		}
		return nil, namespacesMissing(err)
	}
	return s, nil
}

func (s *nurserySpawner) Namespaces() bool { return true }
func (s *nurserySpawner) Kind() Kind       { return KindExec }
func (s *nurserySpawner) Close()           { s.close(s.stop) }

func (s *nurserySpawner) Spawn(cgroupFD int, eager bool) (*Process, error) {
	return s.spawn(cgroupFD, eager, s.give)
}

// rest ends the nursery until a worker is wanted again.
func (s *nurserySpawner) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
}

// give has the nursery make a worker. One that has ended, or says nothing, is
// replaced, but not asked for the same worker: the other may have made it, and it
// may have written into its pipe.
func (s *nurserySpawner) give(r *nursery.Request, p *Process) (err error) {
	err = nursery.ErrGone
	if s.socket != nil {
		p.Process, err = s.ask(s.socket, r)
	}
	if errors.Is(err, nursery.ErrGone) {
		s.stop()
		s.reapLost()
		if failed := s.begin(); failed != nil {
			return failed
		}
	}
	return err
}

// begin starts a nursery and waits for it to be ready.
func (s *nurserySpawner) begin() (err error) {
	process, socket, err := s.start(nursery.SocketFD, nursery.ProgramFD, []string{nursery.Name, s.program.Name()})
	if err != nil {
		return err
	}
	s.process, s.socket = process, socket
	if err = readable(s.socket, birthTimeout); err == nil {
		err = nursery.ReceiveReady(int(s.socket.Fd()))
	}
	if err != nil {
		s.stop()
	}
	return err
}

// stop ends the nursery. Workers are not its children and live on.
func (s *nurserySpawner) stop() {
	if s.socket == nil {
		return
	}
	s.socket.Close()
	s.socket = nil
	s.process.Kill()
	s.process.Wait()
}

// sharedNamespaces are those of all workers. In its user namespace who makes them is
// root, whoever the daemon is: that is who has capabilities there, as mount and clone3
// ask for, and whom the kernel lets set what the ipc namespace may hold.
func sharedNamespaces(credential *Credential) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET |
			syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		Pdeathsig:   syscall.SIGKILL,
		// its own session: the terminal's Ctrl-C is for the daemon alone
		Setsid: true,
	}
	if credential == nil {
		return a
	}
	uid, gid := int(credential.UID), int(credential.GID)
	a.UidMappings = append(a.UidMappings, syscall.SysProcIDMap{ContainerID: uid, HostID: uid, Size: 1})
	a.GidMappings = append(a.GidMappings, syscall.SysProcIDMap{ContainerID: gid, HostID: gid, Size: 1})
	a.GidMappingsEnableSetgroups = true
	return a
}
