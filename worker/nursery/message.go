package nursery

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ready is the nursery's first message. Another text in its place says why it
// cannot be one.
const ready = "ready"

// Request asks for one worker. The descriptors stay the sender's; the nursery
// gets copies.
type Request struct {
	// UID and GID are who the worker is to be, 0 for who the nursery is.
	UID, GID uint32
	// Jobs and Answers become its descriptors 0, and 1 and 2.
	Jobs, Answers int
	// Cgroup is the directory of its cgroup, -1 for the nursery's own.
	Cgroup int
	// Eager asks a zygote for an eager worker, see zygote.Life. A nursery's workers
	// have nothing they could do before.
	Eager bool
}

// maxRequest is the size of a request's bytes; its descriptors come beside them.
const maxRequest = 9

// SendRequest asks the nursery at the other end of the socket.
func SendRequest(socket int, r Request) error {
	var body []byte
	body = binary.LittleEndian.AppendUint32(body, r.UID)
	body = binary.LittleEndian.AppendUint32(body, r.GID)
	body = append(body, flag(r.Eager))
	fds := []int{r.Jobs, r.Answers}
	if r.Cgroup >= 0 {
		fds = append(fds, r.Cgroup)
	}
	return unix.Sendmsg(socket, body, unix.UnixRights(fds...), nil, unix.MSG_NOSIGNAL)
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

// Inbox is where requests come in, one at a time. It allocates nothing: a zygote
// that did would change pages that its copies then have to copy.
type Inbox struct {
	request Request
	body    [maxRequest + 1]byte
	beside  [4]uint64 // room for a control message with three descriptors, aligned, see cmsg(3)
	vector  unix.Iovec
	header  unix.Msghdr
}

// Receive gives the next request, nil at the end of the socket. It is good until the
// next one.
func (in *Inbox) Receive(socket int) (*Request, error) {
	in.vector.Base = &in.body[0]
	in.vector.SetLen(len(in.body))
	in.header.Iov = &in.vector
	in.header.SetIovlen(1)
	in.header.Control = (*byte)(unsafe.Pointer(&in.beside))
	in.header.SetControllen(int(unsafe.Sizeof(in.beside)))
	n, _, errno := unix.Syscall(unix.SYS_RECVMSG, uintptr(socket), uintptr(unsafe.Pointer(&in.header)), unix.MSG_CMSG_CLOEXEC)
	for errno == unix.EINTR {
		n, _, errno = unix.Syscall(unix.SYS_RECVMSG, uintptr(socket), uintptr(unsafe.Pointer(&in.header)), unix.MSG_CMSG_CLOEXEC)
	}
	if errno != 0 {
		return nil, fmt.Errorf("recvmsg: %w", errno)
	}
	if n == 0 && in.header.Controllen == 0 {
		return nil, nil
	}
	return in.parse(int(n))
}

// parse reads what has come: n bytes, and descriptors beside them.
func (in *Inbox) parse(n int) (*Request, error) {
	beside := (*unix.Cmsghdr)(unsafe.Pointer(&in.beside))
	length := int(beside.Len)
	if n != maxRequest || in.header.Flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 || int(in.header.Controllen) < unix.SizeofCmsghdr ||
		beside.Level != unix.SOL_SOCKET || beside.Type != unix.SCM_RIGHTS ||
		length != unix.CmsgLen(2*4) && length != unix.CmsgLen(3*4) {
		return nil, errors.New("this is no request for a worker")
	}
	fds := (*[3]int32)(unsafe.Add(unsafe.Pointer(&in.beside), unix.CmsgLen(0)))
	in.request = Request{
		UID:  binary.LittleEndian.Uint32(in.body[0:]),
		GID:  binary.LittleEndian.Uint32(in.body[4:]),
		Jobs: int(fds[0]), Answers: int(fds[1]), Cgroup: -1,
		Eager: in.body[8] != 0,
	}
	if length == unix.CmsgLen(3*4) {
		in.request.Cgroup = int(fds[2])
	}
	return &in.request, nil
}

func (r *Request) close() {
	unix.Close(r.Jobs)
	unix.Close(r.Answers)
	if r.Cgroup >= 0 {
		unix.Close(r.Cgroup)
	}
}

// Answer says what became of a request.
type Answer struct {
	// PID is the child's, as the daemon sees it, 0 if there is none. It is to be
	// waited for even if it failed.
	PID int
	// step and errno say what failed.
	step  step
	errno unix.Errno
}

const answerSize = 12

// Failed is the answer that no child was made.
func Failed(errno unix.Errno) Answer { return Answer{step: stepClone, errno: errno} }

// Send gives the answer to the daemon.
func (a Answer) Send(socket int) error {
	var body [answerSize]byte
	binary.LittleEndian.PutUint32(body[0:], uint32(a.PID))
	binary.LittleEndian.PutUint32(body[4:], uint32(a.step))
	binary.LittleEndian.PutUint32(body[8:], uint32(a.errno))
	_, err := unix.Write(socket, body[:])
	return err
}

// Err is what failed, nil if the worker's program has begun.
func (a Answer) Err() error {
	if a.errno == 0 {
		return nil
	}
	return fmt.Errorf("%s: %w", a.step, a.errno)
}

// ErrGone is the error of a process that made workers and has ended.
var ErrGone = errors.New("the process that makes workers has ended")

// ReceiveReady waits for the nursery to say that it is one.
func ReceiveReady(socket int) error {
	text, err := Read(socket, 512)
	if err != nil {
		return err
	}
	if string(text) != ready {
		return errors.New(string(text))
	}
	return nil
}

// ReceiveAnswer waits for the answer to a request.
func ReceiveAnswer(socket int) (Answer, error) {
	body, err := Read(socket, answerSize+1)
	if err != nil {
		return Answer{}, err
	}
	if len(body) != answerSize {
		return Answer{}, errors.New("the nursery gave an answer that is none")
	}
	return Answer{
		PID:   int(int32(binary.LittleEndian.Uint32(body[0:]))),
		step:  step(binary.LittleEndian.Uint32(body[4:])),
		errno: unix.Errno(binary.LittleEndian.Uint32(body[8:])),
	}, nil
}

// Read reads one message of size bytes at most. The socket's SO_RCVTIMEO bounds
// how long it waits.
func Read(socket, size int) ([]byte, error) {
	body := make([]byte, size)
	for {
		n, err := unix.Read(socket, body)
		switch {
		case err == unix.EINTR:
		case err == unix.ECONNRESET, err == nil && n == 0:
			return nil, ErrGone
		case err != nil:
			return nil, fmt.Errorf("waiting for the process that makes workers: %w", err)
		default:
			return body[:n], nil
		}
	}
}
