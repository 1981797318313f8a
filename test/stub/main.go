// As in the worker's main: a zygote has no descriptors but its own.

//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
//go:debug decoratemappings=0

// Command stub is a worker program for the tests of package supervisor: copied
// under the name of a behaviour, it behaves so. Its workers do not lock themselves,
// but those that a zygote makes are locked by it. Like a worker it is small: a test
// binary would open descriptors of its own before it could become a zygote.
package main

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"picloud/worker/nursery"
	"picloud/worker/sandbox"
	"picloud/worker/wire"
	"picloud/worker/zygote"
)

func main() {
	switch os.Args[0] {
	case nursery.Name:
		os.Exit(nursery.Main())
	case zygote.Name:
		if behaviour(os.Args[1]) == "opens" { // as the runtime may
			if _, err := unix.Open("/", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
				os.Exit(1)
			}
		}
		os.Exit(stubZygote())
	}
	behave()
}

// stubZygote is a zygote whose workers are locked, and then behave.
func stubZygote() int {
	return zygote.Main(
		func() (zygote.Life, error) { return func(bool) int { behave(); return 0 }, nil },
		func(user *sandbox.User) (zygote.Locks, error) { return sandbox.LockZygote(user) })
}

// behave does what the program is named after.
func behave() { stub(behaviour(os.Args[0])) }

func behaviour(path string) string { return strings.TrimPrefix(filepath.Base(path), "stub-") }

// text is one that no other process has.
func text() string {
	var random [16]byte
	// not crypto/rand: it asks by the vDSO, which takes mappings that a locked
	// process may not make
	unix.RawSyscall(unix.SYS_GETRANDOM, uintptr(unsafe.Pointer(&random)), unsafe.Sizeof(random), 0)
	return strconv.QuoteToASCII(string(random[:]))
}

func stub(behaviour string) {
	switch behaviour {
	case "hangs": // before it is ready
		time.Sleep(time.Minute)
		return
	case "exits":
		return
	case "refuses":
		os.Stdout.Write(wire.Refused("there is no lock"))
		return
	case "babbles":
		io.WriteString(os.Stdout, "hello, I am no worker\n")
		time.Sleep(time.Minute)
		return
	case "fleeting": // is ready, and dies
		os.Stdout.Write(wire.Ready())
		return
	case "breaks off": // in the middle of its job
		os.Stdout.Write(wire.Ready())
		io.ReadFull(os.Stdin, make([]byte, 10))
		return
	case "hasty": // answers before it is asked
		os.Stdout.Write(wire.Ready())
		os.Stdout.Write(okResult("hasty"))
		time.Sleep(time.Minute)
		return
	}
	os.Stdout.Write(wire.Ready())
	_, payload, err := wire.Read(os.Stdin)
	if err != nil {
		return
	}
	job, err := wire.DecodeJob(payload)
	if err != nil {
		return
	}
	do(job)
}

func okResult(body string) []byte { return okResultTo("", body) }

func okResultTo(id, body string) []byte {
	frame, err := (&wire.Result{
		InvocationID: id, Status: wire.StatusOK, Operations: 7,
		Response: wire.Response{Status: 200, Body: []byte(body)},
	}).Encode()
	if err != nil {
		panic(err)
	}
	return frame
}

// formTo answers with a compiled form, which tells of what it is one.
func formTo(job *wire.Job) []byte {
	frame, err := (&wire.Result{
		InvocationID: job.InvocationID, Status: wire.StatusOK, Compiled: []byte("form of " + job.ScriptName + ": " + job.Source),
	}).Encode()
	if err != nil {
		panic(err)
	}
	return frame
}

// do does what a job's source names.
func do(job *wire.Job) {
	answer := okResultTo(job.InvocationID, text()) // no two are the same
	switch job.Source {
	case "answer":
		os.Stdout.Write(answer)
	case "sleep":
		time.Sleep(300 * time.Millisecond)
		os.Stdout.Write(answer)
	case "form": // of a Compile
		os.Stdout.Write(formTo(job))
	case "no room for a form":
		if job.Purpose == wire.Check {
			os.Stdout.Write(answer)
		}
	case "nothing":
	case "hang":
		time.Sleep(time.Minute)
	case "garbage":
		io.WriteString(os.Stdout, strings.Repeat("\x00\xff garbage", 1000))
	case "too much":
		os.Stdout.Write([]byte{byte(wire.KindResult), 0xff, 0xff, 0xff, 0x7f})
		io.WriteString(os.Stdout, strings.Repeat("x", 1<<20))
	case "cut off":
		os.Stdout.Write(answer[:len(answer)-3])
	case "twice":
		os.Stdout.Write(append(answer, answer...))
	case "answer and stay":
		os.Stdout.Write(answer)
		time.Sleep(time.Minute)
	case "another's answer":
		frame, err := (&wire.Result{InvocationID: "another", Status: wire.StatusOK, Response: wire.Response{Status: 200}}).Encode()
		if err != nil {
			panic(err)
		}
		os.Stdout.Write(frame)
	case "crumbs":
		for _, b := range okResult(strings.Repeat("x", 10_000)) {
			if _, err := os.Stdout.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	case "another frame":
		os.Stdout.Write(wire.Ready())
	case "log flood":
		line, _ := (&wire.Log{Level: wire.Info, Message: strings.Repeat("x", 1000)}).Encode()
		for {
			if _, err := os.Stdout.Write(line); err != nil {
				return
			}
		}
	case "log":
		line, _ := (&wire.Log{Level: wire.Warn, Message: "a line"}).Encode()
		os.Stdout.Write(append(line, answer...))
	case "kill": // the first process of a pid namespace cannot kill itself; a filter can
		deadly := []unix.SockFilter{ // of the runtime's own calls, none
			{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the number
			{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.SYS_GETPID},
			{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_KILL_PROCESS},
			{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		}
		unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		filter := &unix.SockFprog{Len: uint16(len(deadly)), Filter: &deadly[0]}
		unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(filter)), 0, 0)
		unix.RawSyscall(unix.SYS_GETPID, 0, 0, 0)
	case "last words":
		io.WriteString(os.Stderr, "panic: something\n")
		os.Exit(2)
	case "status 137": // looks like "killed for memory" to who believes in numbers
		os.Exit(137)
	case "limit":
		frame, _ := (&wire.Result{InvocationID: job.InvocationID, Status: wire.StatusLimitExceeded, Limit: wire.ResponseSize}).Encode()
		os.Stdout.Write(frame)
	case "claims memory": // a limit that is not a worker's to report
		frame, _ := (&wire.Result{InvocationID: job.InvocationID, Status: wire.StatusLimitExceeded, Limit: wire.ResponseSize}).Encode()
		frame[len(frame)-1] = 99
		os.Stdout.Write(frame)
	case "grow":
		var keep [][]byte
		for {
			b := make([]byte, 1<<20)
			for i := range b {
				b[i] = 1
			}
			keep = append(keep, b)
			_ = keep
		}
	}
}
