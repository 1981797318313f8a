package supervisor

import (
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"picloud"
)

// auditMessage is a netlink message as the kernel sends it to readers.
func auditMessage(kind uint16, text string) []byte {
	message := make([]byte, unix.SizeofNlMsghdr, unix.SizeofNlMsghdr+len(text))
	binary.NativeEndian.PutUint16(message[4:], kind)
	return append(message, text...)
}

func TestAuditRecords(t *testing.T) {
	const before = "audit(1795472743.194:725): auid=4294967295 uid=65534 gid=65534 ses=4294967295 pid=28159 "
	for _, c := range []struct {
		name    string
		message []byte
		want    string
	}{
		{"a call", auditMessage(1326, before+`comm="w" exe="/w" sig=31 arch=c000003e syscall=41 compat=0 ip=0x49f576 code=0x80000000`), "socket of x86_64"},
		{"by int 0x80", auditMessage(1326, before+`comm="w" exe="/w" sig=31 arch=40000003 syscall=20 compat=1 ip=0x0 code=0x80000000`), "getpid of i386"},
		{"of x32", auditMessage(1326, before+`comm="w" exe="/w" sig=31 arch=c000003e syscall=1073741863 compat=0 ip=0x0 code=0x80000000`), "getpid of x32"},
		{"of arm64", auditMessage(1326, before+`comm="w" exe="/w" sig=31 arch=c00000b7 syscall=198 compat=0 ip=0x0 code=0x80000000`), "socket of aarch64"},
		{"of arm64, with the mark of x32", auditMessage(1326, before+`comm="w" exe="/w" sig=31 arch=c00000b7 syscall=1073742022 compat=0 ip=0x0 code=0x80000000`), "number 1073742022 of aarch64"},
		{"of arm", auditMessage(1326, before+`comm="w" exe="/w" sig=31 arch=40000028 syscall=281 compat=1 ip=0x0 code=0x80000000`), "socket of arm"},
		{"of ARM's own", auditMessage(1326, before+`comm="w" exe="/w" sig=31 arch=40000028 syscall=983045 compat=1 ip=0x0 code=0x80000000`), "set_tls of arm"},
		{"of no name", auditMessage(1326, before+`comm="w" exe="/w" sig=31 arch=c000003e syscall=99999 compat=0 ip=0x0 code=0x80000000`), "number 99999 of x86_64"},
		{"another type", auditMessage(1300, before+`comm="w" exe="/w" sig=31 arch=c000003e syscall=41 compat=0`), ""},
		{"no call", auditMessage(1326, before+`comm="w" exe="/w" sig=31`), ""},
		{"a number too large", auditMessage(1326, before+`comm="w" exe="/w" sig=31 arch=c000003e syscall=99999999999999999999 compat=0`), ""},
		{"cut off", auditMessage(1326, "")[:10], ""},
		{"nothing", nil, ""},
	} {
		pid, record, ok := parseAudit(c.message)
		if ok != (c.want != "") || ok && (pid != 28159 || record.String() != c.want) {
			t.Errorf("%s: %d, %s, %t; want %q", c.name, pid, record, ok, c.want)
		}
	}
}

// It keeps no more than so many, waits no longer than it should, and does
// not take one process's record for another's.
func TestAuditLogIsBounded(t *testing.T) {
	a := &auditLog{records: map[int]auditRecord{}, arrived: make(chan struct{})}
	for pid := range 10 * keptRecords {
		a.note(pid, auditRecord{0xc000003e, 41})
	}
	if len(a.records) > keptRecords || len(a.order) > keptRecords {
		t.Errorf("%d records are kept", len(a.records))
	}
	if got := a.systemCall(0, time.Millisecond); got != "" {
		t.Errorf("an old one: %q", got)
	}
	go a.note(7, auditRecord{0xc000003e, 1})
	if got := a.systemCall(7, time.Minute); got != "write of x86_64" {
		t.Errorf("one that comes later: %q", got)
	}
	if got := a.systemCall(7, time.Millisecond); got != "" {
		t.Errorf("the same again: %q", got)
	}
	var none *auditLog
	if got := none.systemCall(7, time.Minute); got != "" {
		t.Errorf("without a log: %q", got)
	}
	none.close()
}

// The call that a worker was killed for has its name in the cause, which goes
// to the daemon's log, where the daemon may read the audit log; elsewhere the
// cause says where to look.
func TestKillingSystemCallIsNamed(t *testing.T) {
	s := start(t, "obeys", nil)
	r := s.Invoke(context.Background(), Invocation{Job: job("kill")})
	if r.Outcome != picloud.OutcomeWorkerKilled || r.Err.Cause == nil {
		t.Fatalf("%s, %v", r.Outcome, r.Err)
	}
	want := "getpid of "
	if kind == KindZygote { // a copy is locked before it behaves, and may not even load a filter
		want = "prctl of "
	}
	if s.audit == nil {
		t.Log("this process may not read the audit log")
		want = "type=1326 pid="
	}
	if cause := r.Err.Cause.Error(); !strings.Contains(cause, want) {
		t.Errorf("%s; want it to have %q", cause, want)
	}
}
