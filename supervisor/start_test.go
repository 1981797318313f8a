package supervisor

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"

	"picloud"
)

func TestWorkersThatCannotStart(t *testing.T) {
	for _, behaviour := range []string{"exits", "refuses", "babbles"} {
		t.Run(behaviour, func(t *testing.T) {
			fds := openFDs(t)
			_, err := Start(context.Background(), Config{
				Spawner: testSpawner(t, behaviour), Enclosures: testEnclosures(t),
				Workers: 1, Warm: 1, Queue: 1, Logger: zap.NewNop(),
			})
			if picloud.ErrorCode(err) != picloud.CodeCannotStart || picloud.AsError(err).Hint == "" {
				t.Fatalf("Start: %v", err)
			}
			if behaviour == "refuses" && !strings.Contains(err.Error(), "there is no lock") {
				t.Errorf("the worker's reason is lost: %v", err)
			}
			if left := children(t); len(left) > 0 {
				t.Errorf("processes left: %v", left)
			}
			if now := openFDs(t); now != fds {
				t.Errorf("%d descriptors open before, %d after", fds, now)
			}
		})
	}
}

func TestMissingBinary(t *testing.T) {
	_, err := newSpawner("/nonexistent/picloud-worker", testCredential())
	if picloud.ErrorCode(err) != picloud.CodeCannotStart || !strings.Contains(err.Error(), "/nonexistent/picloud-worker") {
		t.Fatal(err)
	}
}

// A program in a folder that only the daemon's user can get at is started all
// the same.
func TestProgramInAPrivateFolder(t *testing.T) {
	path := stubPath(t, "obeys")
	if err := os.Chmod(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	spawner, err := newSpawner(path, testCredential())
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(context.Background(), Config{
		Spawner: spawner, Enclosures: testEnclosures(t), Workers: 1, Warm: 1, Logger: zap.NewNop(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := s.Invoke(context.Background(), Invocation{Job: job("answer")}); r.Outcome != picloud.OutcomeOK {
		t.Errorf("%s, %v", r.Outcome, r.Err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
