package supervisor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/sys/unix"
)

// auditLog hears from the kernel's audit log for which system call a seccomp
// filter has ended a process. The kernel tells nobody else: neither the process's
// wait status nor anything that is left of it says so. Only who has CAP_AUDIT_READ
// may listen, which an unprivileged daemon has not.
//
// It keeps the last records only and never blocks anyone. A nil *auditLog hears
// nothing.
type auditLog struct {
	socket *os.File
	ended  chan struct{}

	mu      sync.Mutex
	records map[int]auditRecord // by pid
	order   []int               // their pids, oldest first
	arrived chan struct{}       // closed and replaced with each record
}

// auditRecord is what a record of type AUDIT_SECCOMP says.
type auditRecord struct{ architecture, number uint64 }

// keptRecords is more than can end while one looks.
const keptRecords = 256

// listenToAudit joins the audit log's readers, or says why it may not.
func listenToAudit() (*auditLog, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_AUDIT)
	if err != nil {
		return nil, fmt.Errorf("socket(NETLINK_AUDIT): %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.AUDIT_NLGRP_READLOG}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	a := &auditLog{
		socket:  os.NewFile(uintptr(fd), "audit"),
		ended:   make(chan struct{}),
		records: map[int]auditRecord{},
		arrived: make(chan struct{}),
	}
	go a.listen()
	return a, nil
}

// listen ends with the socket. A record that was lost, because there were too
// many, is no reason to end.
func (a *auditLog) listen() {
	defer close(a.ended)
	message := make([]byte, 16<<10)
	for {
		n, err := a.socket.Read(message)
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return
		}
		if pid, record, ok := parseAudit(message[:max(0, n)]); ok {
			a.note(pid, record)
		}
	}
}

func (a *auditLog) note(pid int, r auditRecord) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.records[pid] = r
	if a.order = append(a.order, pid); len(a.order) > keptRecords {
		delete(a.records, a.order[0])
		a.order = a.order[1:]
	}
	close(a.arrived)
	a.arrived = make(chan struct{})
}

// systemCall names the call that the process pid was ended for, "" if that is not
// known. The record comes a little after the death, and is waited for so long.
func (a *auditLog) systemCall(pid int, wait time.Duration) string {
	if a == nil {
		return ""
	}
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for {
		a.mu.Lock()
		record, ok := a.records[pid]
		delete(a.records, pid) // the pid may come again
		arrived := a.arrived
		a.mu.Unlock()
		if ok {
			return record.String()
		}
		select {
		case <-arrived:
		case <-timeout.C:
			return ""
		}
	}
}

func (a *auditLog) close() {
	if a != nil {
		a.socket.Close()
		<-a.ended
	}
}

func (r auditRecord) String() string {
	const x32 = 0x40000000
	for _, known := range []*arch.Info{arch.X86_64, arch.AARCH64, arch.I386, arch.ARM} {
		if uint64(known.ID) != r.architecture {
			continue
		}
		number := r.number
		if known == arch.X86_64 && number >= x32 {
			known, number = arch.X32, number&^x32
		}
		if name, ok := known.SyscallNumbers[int(number)]; ok {
			return fmt.Sprintf("%s of %s", name, known.Name)
		}
		return fmt.Sprintf("number %d of %s", r.number, known.Name)
	}
	return fmt.Sprintf("number %d of architecture %#x", r.number, r.architecture)
}

// parseAudit reads one netlink message with a record of type AUDIT_SECCOMP, see
// audit_seccomp in the kernel's kernel/auditsc.c. What comes before sig= in it is
// partly of the process's choice, but the kernel writes it in hexadecimal where it
// has spaces or quotes.
func parseAudit(message []byte) (pid int, r auditRecord, ok bool) {
	const headerSize = unix.SizeofNlMsghdr
	const auditSeccomp = 1326
	if len(message) < headerSize || binary.NativeEndian.Uint16(message[4:]) != auditSeccomp {
		return 0, r, false
	}
	fields := regexp.MustCompile(` pid=(\d+) .* arch=([0-9a-f]+) syscall=(\d+) `).FindSubmatch(message[headerSize:])
	if fields == nil {
		return 0, r, false
	}
	pid, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return 0, r, false
	}
	if r.architecture, err = strconv.ParseUint(string(fields[2]), 16, 32); err != nil {
		return 0, r, false
	}
	if r.number, err = strconv.ParseUint(string(fields[3]), 10, 32); err != nil {
		return 0, r, false
	}
	return pid, r, true
}
