package e2e

import (
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"picloud/worker/sandbox"
	"picloud/worker/wire"
	"picloud/worker/zygote"
)

// copyOf is the zygote's side of locking where this process is a copy of one, else
// nil.
var copyOf *lateLocks

// lateLocks locks nothing: what a worker is before it locks itself is to be tested,
// too.
type lateLocks struct{ user *sandbox.User }

func (l *lateLocks) Worker() error {
	copyOf = l
	return unix.CloseRange(3, ^uint(0)>>1, 0)
}

// stubZygote is this test binary in a zygote's place.
func stubZygote() int {
	return zygote.Main(
		func() (zygote.Life, error) { return func(bool) int { stubWorker(); return 0 }, nil },
		func(user *sandbox.User) (zygote.Locks, error) {
			_, err := unix.Dup(0) // where a locked zygote has its Landlock ruleset
			return &lateLocks{user}, err
		})
}

// stubWorker is what this test binary does in a worker's place: it compiles
// everything, and runs a script as its name says.
func stubWorker() {
	os.Stdout.Write(wire.Ready())
	_, payload, err := wire.Read(os.Stdin)
	if err != nil {
		return
	}
	job, err := wire.DecodeJob(payload)
	if err != nil {
		return
	}
	answer, err := (&wire.Result{InvocationID: job.InvocationID, Status: wire.StatusOK, Response: wire.Response{Status: 200, Body: []byte("fine")}}).Encode()
	if err != nil {
		return
	}
	switch {
	case job.Purpose == wire.Run && job.ScriptName == "hostile":
		hostileWorker(job)
	case job.Purpose == wire.Check, job.ScriptName == "answers":
		os.Stdout.Write(answer)
	case job.ScriptName == "garbage":
		io.WriteString(os.Stdout, strings.Repeat("garbage ", 100_000))
	case job.ScriptName == "too-much":
		os.Stdout.Write(append([]byte{byte(wire.KindResult), 0xff, 0xff, 0xff, 0x7f}, make([]byte, 8<<20)...))
	case job.ScriptName == "twice":
		os.Stdout.Write(append(answer, answer...))
	case job.ScriptName == "stays":
		os.Stdout.Write(answer)
		time.Sleep(time.Minute)
	}
}

// Workers that answer garbage, too much or nothing: the caller gets 502, and
// nothing is left of them.
func TestStubWorkers(t *testing.T) {
	d := newDaemon(t)
	d.copyWorker("/proc/self/exe")
	d.startForTest()
	// this program is no lean worker: its cryptography alone keeps 32 MiB
	roomForTheStub := object{"memory_limit_mb": 128}
	for _, name := range []string{"answers", "garbage", "too-much", "twice", "stays", "nothing"} {
		d.deploy(name, "return 1", roomForTheStub)
	}
	d.atRest()
	before := d.resources()
	for range 3 {
		for _, name := range []string{"garbage", "too-much", "nothing"} {
			a := d.run(name)
			a.expect(t, 502, object{"code": "worker_killed"})
			if strings.Contains(a.body, "garbage ") {
				t.Errorf("what the worker wrote is shown to the caller: %s", a.body)
			}
		}
		for _, name := range []string{"answers", "twice", "stays"} {
			d.run(name).expect(t, 200, nil)
		}
	}
	d.atRest()
	d.backTo(before)
}
