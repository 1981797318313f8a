package supervisor

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestWiden(t *testing.T) {
	for bytes, want := range map[int]int{1: pipeSize, pipeSize: pipeSize, pipeSize + 1: 2 * pipeSize, 300_000: 512 << 10, 2 << 20: maxPipeSize} {
		r, w, err := pipe(writeEnd)
		if err != nil {
			t.Fatal(err)
		}
		widen(w, bytes)
		if got, err := unix.FcntlInt(r.Fd(), unix.F_GETPIPE_SZ, 0); err != nil || got != want {
			t.Errorf("for %d bytes the pipe holds %d, %v; want %d", bytes, got, err, want)
		}
		r.Close()
		widen(w, 2*bytes) // nobody reads it: no harm
		w.Close()
		widen(w, 2<<20)
	}
}
