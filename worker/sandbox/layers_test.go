//go:build !race

package sandbox

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// layers are those of Lock that deny something by themselves. Each is put in
// force with nothing else but what it itself asks for.
func layers() map[string]func() error {
	withoutNewPrivileges := func(layer func() error) func() error {
		return func() error {
			if err := allThreads(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
				return err
			}
			return layer()
		}
	}
	return map[string]func() error{
		"nothing":  func() error { return nil },
		"landlock": withoutNewPrivileges(denyFiles),
		"seccomp":  withoutNewPrivileges(installFilter),
		"rlimits":  func() error { return lowerResourceLimits(maxFDs) },
	}
}

// ways out of a process, with arguments of the test's: a TCP port, the name of
// an abstract socket, a pid, a file that it may write to.
func ways() map[string]func(argument string) error {
	return map[string]func(string) error{
		"read": func(path string) error {
			fd, err := unix.Open(path, unix.O_RDONLY, 0)
			if err == nil {
				unix.Close(fd)
			}
			return err
		},
		"write": func(path string) error {
			fd, err := unix.Open(path, unix.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = unix.Write(fd, []byte("x"))
			return err
		},
		"tcp": func(port string) error {
			s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
			if err != nil {
				return err
			}
			n, _ := strconv.Atoi(port)
			return unix.Connect(s, &unix.SockaddrInet4{Port: n, Addr: [4]byte{127, 0, 0, 1}})
		},
		"abstract": func(name string) error {
			s, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
			if err != nil {
				return err
			}
			return unix.Connect(s, &unix.SockaddrUnix{Name: "@" + name})
		},
		"signal": func(pid string) error {
			n, _ := strconv.Atoi(pid)
			return unix.Kill(n, unix.SIGCONT)
		},
		"descriptors": func(string) error {
			for range 100 {
				if _, err := unix.Dup(0); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// tryAlone is the process that puts one layer in force and tries one way.
func tryAlone(name string) {
	layer, way, _ := strings.Cut(name, ":")
	if err := layers()[layer](); err != nil {
		fmt.Println("not in force:", err)
		return
	}
	err := ways()[way](os.Args[1])
	text := "worked"
	if errno, ok := errors.AsType[unix.Errno](err); ok {
		text = unix.ErrnoName(errno)
	}
	unix.Write(1, []byte(text+"\n"))
}

// Each layer holds with the others off; and what is tried does work without
// any. The namespaces' own test is with the daemon that makes them.
func TestLayersAlone(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	_, port, err := net.SplitHostPort(tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprint("picloud-test-", os.Getpid())
	abstract, err := net.Listen("unix", "@"+name)
	if err != nil {
		t.Fatal(err)
	}
	defer abstract.Close()
	file, err := os.CreateTemp("", "picloud-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := file.Chmod(0o666); err != nil {
		t.Fatal(err)
	}
	// one that the process may signal: its own user's
	victim, stdin, _ := start(t, "wait")
	defer stdin.Close()

	abi, scopes := LandlockABI(), ruleset(LandlockABI(), landlockErrata()).Scoped
	if abi < 4 || scopes&unix.LANDLOCK_SCOPE_SIGNAL == 0 {
		t.Logf("Landlock of this kernel (ABI %d, scopes %#x) does not know all ways", abi, scopes)
	}
	from := func(has bool, answer string) string { // what a layer answers if this kernel has it
		if has {
			return answer
		}
		return "worked"
	}
	const killed = "killed by SIGSYS"
	for _, c := range []struct {
		way, argument              string
		landlock, seccomp, rlimits string
	}{
		{"read", "/etc/passwd", "EACCES", killed, "worked"},
		{"write", file.Name(), "EACCES", killed, "EFBIG"}, // Go ignores SIGXFSZ
		{"tcp", port, from(abi >= 4, "EACCES"), killed, "worked"},
		{"abstract", name, from(scopes&unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET != 0, "EPERM"), killed, "worked"},
		{"signal", strconv.Itoa(victim.Process.Pid), from(scopes&unix.LANDLOCK_SCOPE_SIGNAL != 0, "EPERM"), killed, "worked"},
		{"descriptors", "", "worked", killed, "EMFILE"},
	} {
		for layer, want := range map[string]string{
			"nothing": "worked", "landlock": c.landlock, "seccomp": c.seccomp, "rlimits": c.rlimits,
		} {
			cmd, _, pipe := startAs(t, "alone:"+layer+":"+c.way, c.argument)
			said, err := io.ReadAll(pipe)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.TrimSpace(string(said))
			if exit, ok := errors.AsType[*exec.ExitError](cmd.Wait()); ok {
				if status := exit.Sys().(syscall.WaitStatus); status.Signaled() {
					got = "killed by " + unix.SignalName(status.Signal())
				}
			}
			if got != want {
				t.Errorf("%s under %s alone: %q, want %q", c.way, layer, got, want)
			}
		}
	}
}
