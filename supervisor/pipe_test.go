package supervisor

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"testing/iotest"
	"time"

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
		conn, err := w.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		widen(conn, bytes)
		if got := size(r); got < min(bytes, maxPipeSize) || got > max(usual, maxPipeSize) || bytes <= usual && got != usual {
			t.Errorf("for %d bytes a pipe of %d holds %d", bytes, usual, got)
		}
		r.Close()
		widen(conn, 2*bytes) // nobody reads it: no harm
		w.Close()
		widen(conn, 2<<20)
	}
}

// Whatever the sizes of the parts, and however little is read at a time, all of them
// come in their order.
func TestSend(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		r, w, err := pipe(writeEnd)
		if err != nil {
			t.Fatal(err)
		}
		var parts [][]byte
		for range random.IntN(5) {
			part := make([]byte, random.IntN(1<<random.IntN(22)))
			for i := range part {
				part[i] = byte(random.Uint32())
			}
			parts = append(parts, part)
		}
		want := bytes.Join(parts, nil)
		sent := make(chan error)
		go func() {
			err := send(w, parts...)
			w.Close()
			sent <- err
		}()
		got, err := io.ReadAll(iotest.HalfReader(r))
		if failed := <-sent; err != nil || failed != nil || !bytes.Equal(got, want) {
			t.Fatalf("of %d bytes come %d, %v, %v", len(want), len(got), err, failed)
		}
		r.Close()
	}
}

func TestSendFails(t *testing.T) {
	head, large := []byte("head"), make([]byte, 2<<20)
	r, w, err := pipe(writeEnd)
	if err != nil {
		t.Fatal(err)
	}
	w.SetWriteDeadline(time.Now().Add(20 * time.Millisecond))
	if err := send(w, head, large); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("nobody reads: %v", err)
	}
	w.SetWriteDeadline(time.Time{})
	r.Close()
	if err := send(w, head, large); !errors.Is(err, unix.EPIPE) {
		t.Errorf("nobody can read: %v", err)
	}
	w.Close()
	if err := send(w, head); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("to a closed pipe: %v", err)
	}
}
