// Package zygote makes workers without exec: from a process that is a worker
// already, up to its job.
//
// The daemon starts the worker program as a zygote, in the namespaces and with the
// empty root of a nursery. It builds what every worker needs, and then copies
// itself once, at a moment at which all threads of the Go runtime but one sleep. The
// copy has that one thread and no other: it is the zygote, and the process it came
// from ends. It locks itself as far as it can, and from then on makes a worker for each request that
// comes over its socket, by one clone3: a copy with the
// namespaces of its own that package nursery tells of, which gives up what only the
// zygote may, and lives a
// worker's life. A process of one thread can be copied at any time: there is nobody
// who could hold a lock that is missing in the copy.
//
// It promises of a worker what package nursery does: born in the cgroup it is asked
// for, no descriptor but the three it is given, no capability and no
// session keyring of the daemon's, dying with the daemon, and the daemon's own
// child. It sees no job, and hears nothing from workers. A copy that cannot become
// a worker says why by a Refused frame. A zygote fails by ending: with a text on its
// socket before it was ready, and when its socket ends.
//
// What a copy must do without: the runtime's monitor, so nothing is preempted but
// where it calls a function, and no system call gives its processor away; and
// runtime.LockOSThread and what else waits for another thread, for the runtime
// would wake one that was not copied, and wait for ever. It has one processor, and
// collects, grows stacks, runs goroutines and timers as ever.
package zygote

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"

	"picloud/worker/nursery"
	"picloud/worker/sandbox"
	"picloud/worker/wire"
)

// Name is the name (argv[0]) under which the worker program is a zygote. Its
// arguments are those of Arguments.
const Name = "picloud-zygote"

// ProgramFD is the descriptor of the worker program that a zygote is started
// with, beside its socket (sandbox.ZygoteSocketFD), a SOCK_SEQPACKET one.
const ProgramFD = 3

// Life is what a worker does with its pipe, once it is locked. It gives the status
// to exit with. An eager one does before it is ready what its job would else wait
// for, at the price of memory that it then holds while it waits.
type Life func(eager bool) int

// Locks locks a zygote, and then each worker it has made. Package sandbox has the
// ones to use; a test may use less.
type Locks interface {
	// Worker locks a worker and closes all its descriptors but the first three.
	Worker() error
}

// Main runs a zygote's life, and in its copies those of workers, and gives the
// status to exit with. prepare builds what every worker needs; lock locks the
// zygote, whose workers run as user, or as who it is if user is nil.
func Main(prepare func() (Life, error), lock func(user *sandbox.User) (Locks, error)) int {
	// credentials are kept by thread, and what is born here has this one's
	runtime.LockOSThread()
	runtime.GOMAXPROCS(1)
	user, err := parseArguments(os.Args)
	if err == nil {
		err = checkDescriptors()
	}
	if err == nil {
		err = unix.CloseRange(ProgramFD, ^uint(0)>>1, 0)
	}
	var life Life
	if err == nil {
		life, err = prepare()
	}
	code, codeErr := findText() // while there is a /proc
	var own nursery.Namespaces
	if err == nil {
		own, err = nursery.Enclose()
	}
	if err != nil {
		return refuse(err)
	}
	pid, errno := fork(nursery.CloneArgs{Flags: unix.CLONE_PARENT})
	if errno != 0 {
		return refuse(fmt.Errorf("clone3: %w", errno))
	}
	if pid != 0 {
		unix.Write(sandbox.ZygoteSocketFD, begun(pid))
		return 0
	}
	runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return refuse(fmt.Errorf("prctl(PR_SET_PDEATHSIG): %w", err))
	}
	if err := call("prctl(PR_SET_NAME)", unix.SYS_PRCTL, unix.PR_SET_NAME, uintptr(unsafe.Pointer(&[]byte(Name + "\x00")[0])), 0); err != nil {
		return refuse(err)
	}
	if codeErr == nil {
		codeErr = code.enlarge()
	}
	locks, err := lock(user)
	if err != nil {
		return refuse(err)
	}
	if _, err := unix.Write(sandbox.ZygoteSocketFD, []byte(ready)); err != nil {
		return 1
	}
	return serve(life, locks, own, user)
}

// checkDescriptors is an error if the process has opened descriptors before its main
// began. Those of the runtime, an epoll instance and an event counter, would be all
// workers' in common, and it could not do without them.
func checkDescriptors() error {
	if _, err := unix.FcntlInt(ProgramFD+1, unix.F_GETFD, 0); err != unix.EBADF {
		return fmt.Errorf("descriptor %d is open, of which nothing is known", ProgramFD+1)
	}
	return nil
}

func refuse(err error) int {
	unix.Write(sandbox.ZygoteSocketFD, []byte(err.Error()))
	return 1
}

// serve makes workers until the socket ends. In a worker it runs the worker's
// life.
func serve(life Life, locks Locks, own nursery.Namespaces, user *sandbox.User) int {
	os.Args = os.Args[1:2] // the workers'
	w := newBecoming(user)
	inbox := &nursery.Inbox{}
	NewRoom().Make()
	for {
		request, err := inbox.Receive(sandbox.ZygoteSocketFD)
		if err != nil {
			return 1
		}
		if request == nil {
			return 0
		}
		if !inOrder(request) {
			return 1
		}
		args := request.CloneArgs(own)
		pid, errno := split(&args)
		if pid == 0 && errno == 0 {
			if err := w.become(request, locks); err != nil {
				unix.Write(wireOut, wire.Refused(err.Error()))
				return 3
			}
			return life(request.Eager)
		}
		if err := unix.CloseRange(sandbox.FirstRequestFD, ^uint(0)>>1, 0); err != nil {
			return 1
		}
		answer := nursery.Answer{PID: pid}
		if errno != 0 {
			answer = nursery.Failed(errno)
		}
		if err := answer.Send(sandbox.ZygoteSocketFD); err != nil {
			return 1
		}
	}
}

// inOrder tells whether a request's descriptors are the first free ones. If not,
// the runtime has opened some of its own, see checkDescriptors.
func inOrder(r *nursery.Request) bool {
	return r.Jobs == sandbox.FirstRequestFD && r.Answers == sandbox.FirstRequestFD+1 &&
		(r.Cgroup == -1 || r.Cgroup == sandbox.FirstRequestFD+2)
}

// Arguments is what a zygote is started with, for workers of the program named
// path that run as user, or as who the zygote is if user is nil.
func Arguments(path string, user *sandbox.User) []string {
	if user == nil {
		return []string{Name, path}
	}
	return []string{Name, path, strconv.FormatUint(uint64(user.UID), 10), strconv.FormatUint(uint64(user.GID), 10)}
}

func parseArguments(args []string) (*sandbox.User, error) {
	switch len(args) {
	case 2:
		return nil, nil
	case 4:
		uid, uidErr := strconv.ParseUint(args[2], 10, 32)
		gid, gidErr := strconv.ParseUint(args[3], 10, 32)
		if uidErr == nil && gidErr == nil && uid != 0 && gid != 0 {
			return &sandbox.User{UID: uint32(uid), GID: uint32(gid)}, nil
		}
	}
	return nil, errors.New("the zygote was not told whose its workers are to be")
}
