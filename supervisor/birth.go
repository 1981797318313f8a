package supervisor

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"picloud/worker/nursery"
)

// spawnByRequest makes a worker's pipes and has give make the worker for them.
func spawnByRequest(cgroupFD int, credential *Credential, give func(nursery.Request) (*os.Process, error)) (*Process, error) {
	pipes, err := newPipes()
	if err != nil {
		return nil, err
	}
	defer pipes.closeWorkers()
	r := nursery.Request{Jobs: int(pipes.jobs.Fd()), Answers: int(pipes.answers.Fd()), Cgroup: cgroupFD}
	if credential != nil {
		r.UID, r.GID = credential.UID, credential.GID
	}
	if pipes.Process.Process, err = give(r); err != nil {
		pipes.closePipes()
		return nil, err
	}
	return &pipes.Process, nil
}

// birthSocket gives the two ends of a socket on which workers are asked for.
func birthSocket() (ours int, theirs *os.File, err error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, nil, fmt.Errorf("socketpair: %w", err)
	}
	timeout := unix.NsecToTimeval(int64(nurseryTimeout))
	if err := unix.SetsockoptTimeval(ends[0], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		unix.Close(ends[0])
		unix.Close(ends[1])
		return -1, nil, fmt.Errorf("setsockopt(SO_RCVTIMEO): %w", err)
	}
	return ends[0], os.NewFile(uintptr(ends[1]), "births"), nil
}

// given has the pids of the children that a thread gave away, and of some that
// are gone. Who has been given a child reaps it.
type given map[int]bool

// ask gets a worker from who is at the other end of the socket.
func (g *given) ask(socket int, r *nursery.Request) (*os.Process, error) {
	if err := nursery.SendRequest(socket, *r); err != nil {
		return nil, errors.Join(nursery.ErrGone, err)
	}
	answer, err := nursery.ReceiveAnswer(socket)
	if err != nil {
		return nil, errors.Join(nursery.ErrGone, err)
	}
	if answer.PID == 0 {
		return nil, answer.Err()
	}
	p, err := os.FindProcess(answer.PID) // our child, so the pid is nobody else's until we wait
	if err != nil {
		return nil, err
	}
	if answer.Err() != nil {
		p.Wait()
		return nil, answer.Err()
	}
	g.note(answer.PID)
	return p, nil
}

// reapLost ends and reaps a child that was made by one who did not live to tell
// of it.
func (g given) reapLost() {
	for _, pid := range childrenOfThread() {
		if g[pid] {
			continue
		}
		if p, err := os.FindProcess(pid); err == nil {
			p.Kill()
			p.Wait()
		}
	}
}

// note keeps in mind who was given away, and forgets those who are gone.
func (g *given) note(pid int) {
	const many = 4096
	if len(*g) >= many {
		left := given{}
		for _, child := range childrenOfThread() {
			left[child] = (*g)[child]
		}
		*g = left
	}
	(*g)[pid] = true
}

// childrenOfThread lists this thread's; none where the kernel does not say
// (CONFIG_PROC_CHILDREN).
func childrenOfThread() []int {
	list, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/children", unix.Gettid()))
	var pids []int
	for _, field := range strings.Fields(string(list)) {
		if pid, err := strconv.Atoi(field); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
