package supervisor

import (
	"context"
	"os"
	"testing"

	"picloud"
)

func TestWorkersNeverRunAsRoot(t *testing.T) {
	for name, newSpawner := range map[string]func(string, *Credential) (Spawner, error){
		"exec": NewExecSpawner, "nursery": NewNurserySpawner,
	} {
		if _, err := newSpawner("/bin/true", &Credential{UID: 0, GID: 65534}); err == nil {
			t.Errorf("%s: uid 0 was taken", name)
		}
		if _, err := newSpawner("/bin/true", &Credential{UID: 65534, GID: 0}); err == nil {
			t.Errorf("%s: gid 0 was taken", name)
		}
		if os.Geteuid() == 0 {
			if _, err := newSpawner("/bin/true", nil); err == nil {
				t.Errorf("%s: a root daemon's own user was taken", name)
			}
		}
	}
}

// Where there are no namespaces for workers, --isolation=degraded has them made
// without; the spawner for that keeps every other promise.
func TestWorkersWithoutNamespaces(t *testing.T) {
	s := start(t, "obeys", func(c *Config) {
		c.Spawner.Close()
		spawner, err := NewExecSpawner(stubPath(t, "obeys"), testCredential())
		if err != nil {
			t.Fatal(err)
		}
		c.Spawner = spawner
	})
	for _, source := range []string{"answer", "answer"} {
		if r := s.Invoke(context.Background(), Invocation{Job: job(source)}); r.Outcome != picloud.OutcomeOK {
			t.Errorf("%s, %v", r.Outcome, r.Err)
		}
	}
}
