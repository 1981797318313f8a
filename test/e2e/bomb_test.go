package e2e

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// bombs use up what there is, as much as they get. They stay for a moment
// with it, so that neighbours can be asked how they are.
func bombs() map[string]attack {
	const aWhile = 300 * time.Millisecond
	return map[string]attack{
		"fork-bomb": func(args) string {
			for n := 0; ; n++ {
				pid, _, errno := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0)
				if errno != 0 {
					time.Sleep(aWhile)
					return fmt.Sprintf("%s after %d", unix.ErrnoName(errno), n)
				}
				for pid == 0 { // every child a bomb
					unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0)
				}
				if n > 100_000 {
					return "worked"
				}
			}
		},
		"thread-bomb": func(args) string { // by the runtime's own means, which a locked worker has
			for range 10_000 {
				go func() {
					runtime.LockOSThread()
					unix.Nanosleep(&unix.Timespec{Sec: 60}, nil)
				}()
			}
			time.Sleep(time.Minute)
			return "worked"
		},
		"heap-bomb": func(args) string {
			var keep [][]byte
			for range 4096 {
				keep = append(keep, touched(make([]byte, 1<<20)))
			}
			return fmt.Sprint("worked: ", len(keep))
		},
		"stack-bomb": func(args) string { return fmt.Sprint("worked: ", deep(1<<24)) },
		"mapped-bomb": func(args) string {
			for range 4096 {
				page, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
				if err != nil {
					return result(err)
				}
				touched(page)
			}
			return "worked"
		},
		"pipe-bomb": func(args) string {
			return flood(func() error {
				var p [2]int
				if err := unix.Pipe2(p[:], unix.O_NONBLOCK); err != nil {
					return err
				}
				unix.FcntlInt(uintptr(p[1]), unix.F_SETPIPE_SZ, 1<<20)
				fill(p[1])
				return nil
			})
		},
		"socket-bomb": func(args) string {
			return flood(func() error {
				p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
				if err != nil {
					return err
				}
				fill(p[0])
				fill(p[1])
				return nil
			})
		},
		"descriptor-flood": func(args) string {
			return flood(func() error { _, err := unix.Dup(0); return err })
		},
		"output-flood": func(args) string {
			block := make([]byte, 1<<16)
			for {
				if _, err := os.Stdout.Write(block); err != nil {
					return result(err)
				}
			}
		},
	}
}

// flood repeats until there is an error, and stays a moment with what it has.
func flood(more func() error) string {
	for n := 0; ; n++ {
		if err := more(); err != nil {
			time.Sleep(300 * time.Millisecond)
			return fmt.Sprintf("%s after %d", result(err), n)
		}
		if n > 1_000_000 {
			return "worked"
		}
	}
}

// fill writes until there is no room.
func fill(fd int) {
	block := make([]byte, 1<<16)
	for {
		if _, err := unix.Write(fd, block); err != nil {
			return
		}
	}
}

func touched(memory []byte) []byte {
	for i := 0; i < len(memory); i += 4096 {
		memory[i] = 1
	}
	return memory
}

func deep(n int) int {
	var pad [256]byte
	if n == 0 {
		return 0
	}
	pad[n%256] = 1
	return deep(n-1) + int(pad[0])
}
