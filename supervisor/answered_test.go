//go:build !race

package supervisor

import (
	"errors"
	"os"
	"testing"
	"time"

	"picloud/worker/wire"
)

// A worker that has answered is there until the supervisor ends it, which first
// reads what it has used. One that ended by itself would take that with it.
func TestAnsweredWorkerWaits(t *testing.T) {
	make := NewNurserySpawner
	if kind == KindZygote {
		make = NewZygoteSpawner
	}
	s, err := make(realWorker(t), testCredential())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := s.Spawn(-1, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		p.Kill()
		p.Wait()
		p.closePipes()
	}()
	j := job("one")
	j.Source = "return 'done'"
	frame, err := j.Encode()
	if err != nil {
		t.Fatal(err)
	}
	p.Answers.SetReadDeadline(time.Now().Add(2 * startTimeout))
	if kind, _, err := wire.Read(p.Answers); err != nil || kind != wire.KindReady {
		t.Fatalf("%q, %v", kind, err)
	}
	if _, err := p.Jobs.Write(frame); err != nil {
		t.Fatal(err)
	}
	if kind, _, err := wire.Read(p.Answers); err != nil || kind != wire.KindResult {
		t.Fatalf("%q, %v", kind, err)
	}
	p.Answers.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	if n, err := p.Answers.Read(frame); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("after its answer: %d bytes, %v", n, err)
	}
}
