package supervisor

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestWiden(t *testing.T) {
	size := func(p *os.File) int {
		t.Helper()
		n, err := unix.FcntlInt(p.Fd(), unix.F_GETPIPE_SZ, 0)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, bytes := range []int{1, 60_000, 70_000, 300_000, maxPipeSize, 2 << 20} {
		r, w, err := pipe(writeEnd)
		if err != nil {
			t.Fatal(err)
		}
		usual := size(r) // 16 pages, of whatever size
		widen(w, bytes)
		if got := size(r); got < min(bytes, maxPipeSize) || got > max(usual, maxPipeSize) || bytes <= usual && got != usual {
			t.Errorf("for %d bytes a pipe of %d holds %d", bytes, usual, got)
		}
		r.Close()
		widen(w, 2*bytes) // nobody reads it: no harm
		w.Close()
		widen(w, 2<<20)
	}
}
