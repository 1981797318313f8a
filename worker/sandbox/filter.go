package sandbox

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// filter is a seccomp program for one architecture.
type filter struct {
	audit uint32
	rules []rule
}

// Offsets into struct seccomp_data (linux/seccomp.h), little-endian.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
)

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func ret(action uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
}

func jumpIfEqual(k uint32, then, otherwise int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: k, Jt: uint8(then), Jf: uint8(otherwise)}
}

// assemble turns rules into BPF. The program kills the process for another
// architecture, for every number without a rule (those of x32 are numbers too)
// and for arguments outside a rule's checks.
func (f filter) assemble() []unix.SockFilter {
	program := []unix.SockFilter{
		load(offArch),
		jumpIfEqual(f.audit, 1, 0),
		ret(unix.SECCOMP_RET_KILL_PROCESS),
		load(offNumber),
	}
	for _, r := range f.rules {
		body := r.assemble()
		program = append(program, jumpIfEqual(r.number, 0, len(body)))
		program = append(program, body...)
	}
	return append(program, ret(unix.SECCOMP_RET_KILL_PROCESS))
}

// assemble gives what runs once the number has matched; it always returns.
func (r rule) assemble() []unix.SockFilter {
	var body []unix.SockFilter
	for _, c := range r.checks {
		low := uint32(offArgs + 8*c.arg)
		if c.high {
			body = append(body, load(low+4), jumpIfEqual(0, 1, 0), ret(unix.SECCOMP_RET_KILL_PROCESS))
		}
		body = append(body, load(low))
		if c.mask != anyBit {
			body = append(body, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: c.mask})
		}
		for i, v := range c.values {
			// on a match, over the values that are left and the kill
			body = append(body, jumpIfEqual(v, len(c.values)-i, 0))
		}
		body = append(body, ret(unix.SECCOMP_RET_KILL_PROCESS))
	}
	if r.errno != 0 {
		return append(body, ret(unix.SECCOMP_RET_ERRNO|r.errno))
	}
	return append(body, ret(unix.SECCOMP_RET_ALLOW))
}

// load puts the filter in force for all threads of the process.
func (f filter) load() error {
	return loadProgram(f.assemble(), unix.SECCOMP_FILTER_FLAG_TSYNC)
}

// loadProgram puts a program in force, for the calling thread or, with the flag
// for that, for all.
func loadProgram(program []unix.SockFilter, flags uintptr) error {
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	// with TSYNC a positive result is the id of a thread that could not follow
	tid, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&fprog)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	if tid != 0 {
		return fmt.Errorf("seccomp: thread %d did not take the filter", tid)
	}
	return nil
}
