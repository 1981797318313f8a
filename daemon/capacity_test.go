package daemon

import (
	"testing"

	"golang.org/x/sys/unix"

	"picloud"
)

// Whatever the number of open files is: workers have theirs, or the daemon does
// not start.
func TestMaxConnections(t *testing.T) {
	var usual unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &usual); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &usual)
	const workers, warm, queue = 8, 2, 256
	const reserve = 7*(workers+warm) + 96 + 32
	for files, want := range map[uint64]int{
		4096:                     workers + queue + 128,
		reserve + 100:            100,
		reserve + minConnections: minConnections,
		reserve:                  0,
		50:                       0,
	} {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: files, Max: usual.Max}); err != nil {
			t.Fatal(err)
		}
		got, err := maxConnections(workers, warm, queue)
		if got != want || (err != nil) != (want == 0) {
			t.Errorf("%d open files: %d connections, %v; want %d", files, got, err, want)
		}
		if err != nil && (picloud.ErrorCode(err) != picloud.CodeCannotStart || picloud.AsError(err).Hint == "") {
			t.Errorf("%d open files: %v", files, err)
		}
	}
}

func TestBodyBytes(t *testing.T) {
	for memory, want := range map[int64]int64{64 << 20: 8 << 20, 512 << 20: 32 << 20, 64 << 30: 256 << 20} {
		if got := bodyBytes(memory); got != want {
			t.Errorf("%d MiB: %d MiB for bodies, want %d", memory>>20, got>>20, want>>20)
		}
	}
}
