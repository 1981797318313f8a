package daemon

import (
	"fmt"
	"math"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"picloud"
)

// Descriptors that connections may not take, so that workers can be started
// whatever strangers do.
const (
	descriptorsPerWorker = 7  // two pipes, a process, a cgroup and two of its files, and what starting one takes for a moment
	descriptorsElsewhere = 96 // the database, listeners, the log, the Go runtime

	// spareConnections are for those that ask nothing at the moment, and for
	// /readyz and its like.
	spareConnections = 128
	// adminConnections is apart, so that strangers cannot keep the
	// administrator out.
	adminConnections = 32
	// minConnections is the fewest that are worth a start.
	minConnections = 16
)

// maxConnections is how many public connections there may be: as many as can
// have a request that runs or waits, and some, if there are descriptors for
// them.
func maxConnections(workers, warm, queue int) (int, error) {
	var files unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &files); err != nil {
		return 0, err
	}
	reserve := uint64(descriptorsPerWorker*(workers+warm) + descriptorsElsewhere + adminConnections)
	if files.Cur < reserve+minConnections {
		return 0, &picloud.Error{
			Code:    picloud.CodeCannotStart,
			Message: fmt.Sprintf("%d open files are too few for %d workers", files.Cur, workers+warm),
			Hint: fmt.Sprintf("allow %d or more (LimitNOFILE= of the service, ulimit -n in a shell), or run fewer --workers",
				reserve+minConnections),
		}
	}
	return int(min(uint64(workers+queue+spareConnections), files.Cur-reserve)), nil
}

// bodyBytes is what the bodies of all requests and answers together may take of
// the machine's memory.
func bodyBytes(memory int64) int64 { return min(max(memory/16, 8<<20), 256<<20) }

// boundHeap has the garbage collector work harder near the part of the machine's
// memory that workers may not have, instead of letting garbage double what is
// used; unless GOMEMLIMIT says something else.
func boundHeap(memory int64) {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memory / 4)
	}
}
