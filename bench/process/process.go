// Package process reads from /proc what a server and all that descends from it
// use: CPU time, memory, and how often their threads go to sleep.
//
// It promises to count each process once, also one that ended before it was
// looked at, provided that its parent has waited for it. What the kernel does in
// threads of its own on behalf of a process, such as taking down its network
// namespace, is nobody's in /proc and is not counted. What cannot be read because a
// process has just ended is left out; what may not be read is an error.
package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// tick is that of /proc's times on every Linux: sysconf(_SC_CLK_TCK) is 100.
const tick = 10 * time.Millisecond

// Process is one of a tree.
type Process struct {
	PID      int
	Name     string        // of its first thread
	children time.Duration // CPU time of those it has waited for, and of theirs
}

// Tree gives the process root and its descendants, root first.
func Tree(root int) ([]Process, error) {
	dirs, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	all := map[int]Process{}
	childrenOf := map[int][]int{}
	for _, dir := range dirs {
		pid, err := strconv.Atoi(dir.Name())
		if err != nil {
			continue
		}
		p, parent, err := stat(pid)
		if err != nil {
			continue // it has ended
		}
		all[pid] = p
		childrenOf[parent] = append(childrenOf[parent], pid)
	}
	if _, ok := all[root]; !ok {
		return nil, fmt.Errorf("process %d has ended", root)
	}
	pids := []int{root}
	for i := 0; i < len(pids); i++ {
		pids = append(pids, childrenOf[pids[i]]...)
	}
	tree := make([]Process, 0, len(pids))
	for _, pid := range pids {
		tree = append(tree, all[pid])
	}
	return tree, nil
}

// stat reads /proc/PID/stat, see proc_pid_stat(5).
func stat(pid int) (p Process, parent int, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return p, 0, err
	}
	_, after, _ := strings.Cut(string(text), "(")
	end := strings.LastIndexByte(after, ')') // the name may hold anything
	if end < 0 {
		return p, 0, fmt.Errorf("/proc/%d/stat is %q", pid, text)
	}
	fields := strings.Fields(after[end+1:]) // from the third on: the state
	if len(fields) < 15 {
		return p, 0, fmt.Errorf("/proc/%d/stat is %q", pid, text)
	}
	var n [3]int64
	for i, field := range []int{4, 16, 17} { // ppid, cutime, cstime
		if n[i], err = strconv.ParseInt(fields[field-3], 10, 64); err != nil {
			return p, 0, err
		}
	}
	return Process{pid, after[:end], time.Duration(n[1]+n[2]) * tick}, int(n[0]), nil
}

// CPU is the user and system time of a server and all that ever descended from
// it, exact for those that live and to a tick for the sum of each one's ended
// children.
func CPU(root int) (time.Duration, error) {
	tree, err := Tree(root)
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, p := range tree {
		sum += p.children
		// the CPU clock of all threads of a process, see clock_getcpuclockid(3)
		// and MAKE_PROCESS_CPUCLOCK in the kernel's posix-timers.h
		var t unix.Timespec
		if err := unix.ClockGettime(int32(^p.PID<<3|2), &t); err == nil { // else it has ended
			sum += time.Duration(t.Nano())
		}
	}
	return sum, nil
}

// PSS is the memory of a process in bytes, its share of what others have too:
// Pss in /proc/PID/smaps_rollup.
func PSS(pid int) (int64, error) {
	kilobytes, err := field(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Pss")
	return kilobytes << 10, err
}

// Sleeps is how often the threads of a server and its descendants have gone to
// sleep by themselves, by thread: voluntary_ctxt_switches in proc_pid_status(5).
func Sleeps(root int) (map[string]int64, error) {
	tree, err := Tree(root)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for _, p := range tree {
		files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", p.PID))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			n, err := field(file, "voluntary_ctxt_switches")
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) {
				continue
			}
			if err != nil {
				return nil, err
			}
			counts[p.Name+" "+file] = n
		}
	}
	return counts, nil
}

// field reads a number from a file of lines "Name: number unit".
func field(file, name string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		if words := strings.Fields(value); key == name && len(words) > 0 {
			return strconv.ParseInt(words[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no %s", file, name)
}
