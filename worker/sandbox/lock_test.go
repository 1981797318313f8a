//go:build !race

// The race detector needs cgo, and a process with cgo in it cannot lock itself
// (see allThreads): these tests are left out of a race build and run without it.

//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
//go:debug decoratemappings=0

package sandbox

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The test binary is its own locked process: started under the name of an attempt,
// it locks itself, makes the attempt and says how it went.
func TestMain(m *testing.M) {
	if name, ok := strings.CutPrefix(os.Args[0], "alone:"); ok {
		tryAlone(name)
		os.Exit(0)
	}
	if os.Args[0] == "required" {
		fmt.Println(Lock(NamespacesRequired))
		os.Exit(0)
	}
	if name, ok := strings.CutPrefix(os.Args[0], "locked:"); ok {
		attempt, ok := attempts()[name]
		if !ok {
			os.Exit(9)
		}
		if err := Lock(NamespacesMissing); err != nil {
			fmt.Println("not locked:", err)
			os.Exit(8)
		}
		fmt.Println("locked")
		fmt.Println(attempt())
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func syscall3(trap uintptr, args ...uintptr) string {
	var a [6]uintptr
	copy(a[:], args)
	r, _, errno := unix.Syscall6(trap, a[0], a[1], a[2], a[3], a[4], a[5])
	return fmt.Sprint(r, errno)
}

// attempts are what a captured worker might try. Each answers with a text if it
// was not killed.
func attempts() map[string]func() string {
	path := unsafe.Pointer(&[]byte("/etc/passwd\x00")[0])
	return map[string]func() string{
		"nothing": func() string { return "fine" },
		"busy": func() string { // what the runtime itself needs: threads, timers, heap, collections, recursion
			var deep func(n int) int
			deep = func(n int) int {
				if n == 0 {
					return 0
				}
				var pad [64]byte
				return deep(n-1) + int(pad[0]) + 1
			}
			done := make(chan int)
			for i := range 50 {
				go func() {
					var keep [][]byte
					for range 200 {
						keep = append(keep, make([]byte, 1<<12))
					}
					time.Sleep(time.Duration(i) * 100 * time.Microsecond)
					done <- len(keep) + deep(10000)
				}()
			}
			sum := 0
			for range 50 {
				sum += <-done
			}
			runtime.GC()
			return fmt.Sprint(sum)
		},
		"wait": func() string { var b [1]byte; unix.Read(0, b[:]); return "end of file" },
		"openat": func() string {
			return syscall3(unix.SYS_OPENAT, ^uintptr(99), uintptr(path))
		},
		"socket":  func() string { return syscall3(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM) },
		"unix":    func() string { return syscall3(unix.SYS_SOCKET, unix.AF_UNIX, unix.SOCK_STREAM) },
		"execve":  func() string { return syscall3(unix.SYS_EXECVE, uintptr(path)) },
		"fork":    func() string { return syscall3(unix.SYS_CLONE, uintptr(unix.SIGCHLD)) },
		"kill":    func() string { return syscall3(unix.SYS_KILL, uintptr(os.Getppid()), 0) },
		"ptrace":  func() string { return syscall3(unix.SYS_PTRACE, unix.PTRACE_ATTACH, uintptr(os.Getppid())) },
		"prctl":   func() string { return syscall3(unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 1) },
		"setrlim": func() string { return syscall3(unix.SYS_PRLIMIT64) },
		"execmem": func() string {
			return syscall3(sysMmap, 0, 4096, unix.PROT_EXEC|unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
		},
		"clone3": func() string { return syscall3(unix.SYS_CLONE3, 0, 0) },
		"x32":    func() string { return syscall3(0x40000000 | unix.SYS_GETPID) },
	}
}

// start starts the attempt in a process with the three descriptors of a worker
// and no environment, as the unprivileged user if the test runs as root.
func start(t *testing.T, attempt string) (cmd *exec.Cmd, in io.WriteCloser, out io.Reader) {
	t.Helper()
	return startAs(t, "locked:"+attempt)
}

func startAs(t *testing.T, name string, arguments ...string) (cmd *exec.Cmd, in io.WriteCloser, out io.Reader) {
	t.Helper()
	cmd = &exec.Cmd{Path: "/proc/self/exe", Args: append([]string{name}, arguments...), Env: []string{}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd, in, pipe
}

func TestLockedProcess(t *testing.T) {
	killed := map[string]bool{
		"nothing": false, "busy": false, "clone3": false,
		"openat": true, "socket": true, "unix": true, "execve": true, "fork": true, "kill": true,
		"ptrace": true, "prctl": true, "setrlim": true, "execmem": true, "x32": true,
	}
	for attempt, wantKilled := range killed {
		t.Run(attempt, func(t *testing.T) {
			cmd, _, pipe := start(t, attempt)
			out, err := io.ReadAll(pipe)
			if err != nil {
				t.Fatal(err)
			}
			err = cmd.Wait()
			said, isLocked := strings.CutPrefix(string(out), "locked\n")
			if !isLocked {
				t.Fatalf("the process did not lock itself: %q, %v", out, err)
			}
			if !wantKilled {
				if err != nil {
					t.Fatalf("ended with %v, said %q", err, said)
				}
				if attempt == "clone3" && !strings.Contains(said, unix.ENOSYS.Error()) {
					t.Fatalf("clone3 gave %q, want ENOSYS", said)
				}
				return
			}
			exit, ok := errors.AsType[*exec.ExitError](err)
			if !ok || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGSYS {
				t.Fatalf("the process was not killed by the filter: %v, said %q", err, said)
			}
		})
	}
}

// What the kernel itself says of a locked process.
func TestKernelsView(t *testing.T) {
	leak, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer leak.Close()
	if _, err := unix.FcntlInt(leak.Fd(), unix.F_SETFD, 0); err != nil { // inherited by what we start
		t.Fatal(err)
	}
	cmd, in, pipe := start(t, "wait")
	var hello [7]byte
	if _, err := io.ReadFull(pipe, hello[:]); err != nil || string(hello[:]) != "locked\n" {
		t.Fatalf("%q, %v", hello, err)
	}
	dir := fmt.Sprintf("/proc/%d", cmd.Process.Pid)

	tasks, err := filepath.Glob(dir + "/task/*/status")
	if err != nil || len(tasks) == 0 {
		t.Fatal("no threads found", err)
	}
	for _, task := range tasks {
		status, err := os.ReadFile(task)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range []string{"Seccomp:\t2", "NoNewPrivs:\t1", "CapEff:\t0000000000000000",
			"CapPrm:\t0000000000000000", "CapInh:\t0000000000000000", "CapAmb:\t0000000000000000"} {
			if !strings.Contains(string(status), line+"\n") {
				t.Errorf("%s has no line %q", task, line)
			}
		}
		if os.Getuid() == 0 && strings.Contains(string(status), "Uid:\t0") {
			t.Error("the process is root")
		}
	}
	limits, err := os.ReadFile(dir + "/limits")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"Max core file size": "0", "Max file size": "0", "Max open files": "5", "Max locked memory": "0",
		"Max msgqueue size": "0", "Max stack size": "1048576",
	} {
		if !regexp.MustCompile(`(?m)^` + name + ` +` + want + ` +` + want + ` `).Match(limits) {
			t.Errorf("%s is not %s, soft and hard:\n%s", name, want, limits)
		}
	}
	if os.Getuid() == 0 { // a process that is not dumpable shows these to root only
		fds, err := os.ReadDir(dir + "/fd")
		if err != nil || len(fds) != 3 {
			t.Errorf("descriptors: %v, %v; want just 0, 1 and 2", fds, err)
		}
		if environ, err := os.ReadFile(dir + "/environ"); err != nil || len(environ) != 0 {
			t.Errorf("environment: %q, %v", environ, err)
		}
	} else if _, err := os.ReadDir(dir + "/fd"); !errors.Is(err, os.ErrPermission) {
		t.Errorf("a locked process shows its descriptors to its own user: %v", err)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("at the end of its pipe: %v", err)
	}
}

func TestLockRefusesAnEnvironment(t *testing.T) {
	cmd := &exec.Cmd{Path: "/proc/self/exe", Args: []string{"locked:nothing"}, Env: []string{"SECRET=1"}}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "not locked: the environment is not empty") {
		t.Fatalf("%q, %v", out, err)
	}
}

// A worker that was not put where it belongs does not lock itself, so that it
// never gets a job.
func TestLockInsistsOnNamespaces(t *testing.T) {
	for name, c := range map[string]struct {
		flags uintptr
		want  string
	}{
		"none":         {0, "namespaces: not in a pid namespace of its own"},
		"without root": {syscall.CLONE_NEWUSER | syscall.CLONE_NEWPID, "namespaces: the root "},
	} {
		cmd := &exec.Cmd{Path: "/proc/self/exe", Args: []string{"required"}, Env: []string{}}
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: c.flags}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.HasPrefix(string(out), c.want) {
			t.Errorf("%s: %q, %v; want %q", name, out, err, c.want)
		}
	}
}

// Landlock alone, without the filter in the way: a process in a domain that
// may do nothing can neither open a file nor connect.
func TestRulesetCoversTheABI(t *testing.T) {
	if abi := LandlockABI(); abi < 1 {
		t.Fatal("this kernel has no Landlock; nothing of PiCloud runs on it")
	} else {
		t.Logf("Landlock ABI %d", abi)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	done := make(chan [2]error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its domain
		err := enterDomain(func(fd uintptr) error {
			if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
				return err
			}
			if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0); errno != 0 {
				return errno
			}
			return nil
		})
		if err != nil {
			done <- [2]error{err, err}
			return
		}
		_, openErr := unix.Open("/etc/passwd", unix.O_RDONLY, 0)
		s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		if err != nil {
			done <- [2]error{openErr, err}
			return
		}
		defer unix.Close(s)
		port := listener.Addr().(*net.TCPAddr).Port
		done <- [2]error{openErr, unix.Connect(s, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})}
	}()
	errs := <-done
	if !errors.Is(errs[0], unix.EACCES) {
		t.Errorf("opening a file: %v, want EACCES", errs[0])
	}
	if LandlockABI() >= 4 && !errors.Is(errs[1], unix.EACCES) {
		t.Errorf("connecting: %v, want EACCES", errs[1])
	}
}
