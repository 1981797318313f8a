package supervisor

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"picloud/worker/nursery"
)

// birthTimeout bounds the wait for a maker's word. It gives an answer within a
// millisecond or two unless it is stopped.
const birthTimeout = 20 * time.Second

// births is what spawners have in common whose workers are made by a process of
// their own, the maker: a nursery or a zygote. Maker and workers are children of one
// thread, which starts the maker; any may ask it, one at a time.
type births struct {
	program    *os.File // the worker binary, opened once; the maker's too
	credential *Credential
	thread     *thread
	closing    sync.Once

	mu sync.Mutex // held while the maker is asked, started or ended

	// given has the pids of the children that were given away, and of some that are
	// gone. Who has been given a child reaps it.
	given map[int]bool
}

func newBirths(path string, credential *Credential) (*births, error) {
	program, err := openProgram(path, credential)
	if err != nil {
		return nil, err
	}
	return &births{program: program, credential: credential, thread: newThread(), given: map[int]bool{}}, nil
}

// spawn makes a worker's pipes and has give make the worker for them. It does so a
// second time, with other pipes, if the maker has ended: whoever killed it has not
// killed its successor.
func (b *births) spawn(cgroupFD int, eager bool, give func(*nursery.Request, *Process) error) (*Process, error) {
	p, err := b.try(cgroupFD, eager, give)
	if errors.Is(err, nursery.ErrGone) {
		p, err = b.try(cgroupFD, eager, give)
	}
	return p, err
}

func (b *births) try(cgroupFD int, eager bool, give func(*nursery.Request, *Process) error) (*Process, error) {
	pipes, err := newPipes()
	if err != nil {
		return nil, err
	}
	defer pipes.closeWorkers()
	r := &nursery.Request{Jobs: int(pipes.jobs.Fd()), Answers: int(pipes.answers.Fd()), Cgroup: cgroupFD, Eager: eager}
	if b.credential != nil {
		r.UID, r.GID = b.credential.UID, b.credential.GID
	}
	b.mu.Lock()
	err = give(r, &pipes.Process)
	b.mu.Unlock()
	if err != nil {
		pipes.closePipes()
		return nil, err
	}
	return &pipes.Process, nil
}

// close ends all, with stop to end the maker. It may be called again.
func (b *births) close(stop func()) {
	b.closing.Do(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		stop()
		b.thread.end()
		b.program.Close()
	})
}

// start starts the worker program as a maker with these arguments, which gets its
// socket and the program as the descriptors of these numbers. It gives the process
// and our end of the socket.
func (b *births) start(socketFD, programFD int, arguments []string) (maker *os.Process, socket *os.File, err error) {
	ours, theirs, err := birthSocket()
	if err != nil {
		return nil, nil, err
	}
	defer theirs.Close() // so that the end of the maker is the end of the socket
	defer func() {
		if err != nil {
			ours.Close()
		}
	}()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	defer null.Close()
	files := make([]*os.File, programFD+1)
	files[0], files[1], files[2] = null, null, os.Stderr
	files[socketFD], files[programFD] = theirs, b.program
	b.thread.do(func() {
		// the path is looked up when the child has its descriptors
		maker, err = os.StartProcess("/proc/self/fd/"+strconv.Itoa(programFD), arguments,
			&os.ProcAttr{Dir: "/", Env: []string{}, Files: files, Sys: sharedNamespaces(b.credential)})
	})
	return maker, ours, err
}

// birthSocket gives the two ends of a socket on which workers are asked for. Ours
// takes deadlines: who waits for an answer takes no thread.
func birthSocket() (ours, theirs *os.File, err error) {
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	if err := unix.SetNonblock(ends[0], true); err != nil {
		unix.Close(ends[0])
		unix.Close(ends[1])
		return nil, nil, fmt.Errorf("fcntl: %w", err)
	}
	return os.NewFile(uintptr(ends[0]), "births"), os.NewFile(uintptr(ends[1]), "births"), nil
}

// ask gets a worker from the maker at the other end of the socket.
func (b *births) ask(socket *os.File, r *nursery.Request) (*os.Process, error) {
	if err := nursery.SendRequest(int(socket.Fd()), *r); err != nil {
		return nil, errors.Join(nursery.ErrGone, err)
	}
	answer, err := receiveAnswer(socket)
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
	b.note(answer.PID)
	return p, nil
}

// receiveAnswer waits for a maker's answer.
func receiveAnswer(socket *os.File) (answer nursery.Answer, err error) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return answer, err
	}
	socket.SetReadDeadline(time.Now().Add(birthTimeout))
	late := raw.Read(func(fd uintptr) bool {
		answer, err = nursery.ReceiveAnswer(int(fd))
		return !errors.Is(err, unix.EAGAIN)
	})
	return answer, cmp.Or(late, err)
}

// reapLost ends and reaps a child that was made by one who did not live to tell
// of it.
func (b *births) reapLost() {
	for _, pid := range b.thread.children() {
		if b.given[pid] {
			continue
		}
		if p, err := os.FindProcess(pid); err == nil {
			p.Kill()
			p.Wait()
		}
	}
}

// note keeps in mind who was given away, and forgets those who are gone.
func (b *births) note(pid int) {
	const many = 4096
	if len(b.given) >= many {
		left := map[int]bool{}
		for _, child := range b.thread.children() {
			left[child] = b.given[child]
		}
		b.given = left
	}
	b.given[pid] = true
}
