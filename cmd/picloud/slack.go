package main

import (
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// timerSlack is how much later than asked for the kernel may wake the daemon,
// see PR_SET_TIMERSLACK in prctl(2). While calls come, the Go runtime's monitor wakes
// up every 20 µs and the kernel's usual slack of 50 µs; that alone is a quarter of
// what the daemon uses. Nothing in PiCloud is timed to less than a millisecond.
const timerSlack = time.Millisecond

// slacken executes the program once more, as the same process, if it has less
// timer slack: a thread has the slack of the one that made it, and the monitor is
// made before main. It returns if there is nothing to do, or if that fails.
func slacken() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	slack, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil || time.Duration(slack) >= timerSlack {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack.Nanoseconds()), 0, 0, 0); err != nil {
		return err
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	return unix.Exec(program, os.Args, os.Environ())
}
