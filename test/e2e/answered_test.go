package e2e

import (
	"errors"
	"os"
	"testing"
	"time"

	"picloud/limits"
	"picloud/supervisor"
	"picloud/worker/wire"
)

// A worker that has answered is there until the supervisor ends it, which first
// reads what it has used. One that ended by itself would take that with it.
func TestAnsweredWorkerWaits(t *testing.T) {
	d := newDaemon(t)
	user := &supervisor.Credential{UID: 65534, GID: 65534}
	for kind, make := range map[supervisor.Kind]func(string, *supervisor.Credential) (supervisor.Spawner, error){
		supervisor.KindExec: supervisor.NewNurserySpawner, supervisor.KindZygote: supervisor.NewZygoteSpawner,
	} {
		t.Run(string(kind), func(t *testing.T) {
			s, err := make(d.worker, user)
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
				p.Jobs.Close()
				p.Answers.Close()
			}()
			job := &wire.Job{Purpose: wire.Run, InvocationID: "one", ScriptName: "one", Source: "return 'done'", Limits: limits.Defaults()}
			frame, err := job.Encode()
			if err != nil {
				t.Fatal(err)
			}
			p.Answers.SetReadDeadline(time.Now().Add(patience(30 * time.Second)))
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
		})
	}
}
