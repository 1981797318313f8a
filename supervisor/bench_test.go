//go:build !race

package supervisor

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"picloud/worker/wire"
)

// BenchmarkSpawn makes real workers until they are ready. Beside the time it
// gives the processor's, of daemon, nursery and worker together. A daemon that
// holds memory shows what a copy of its page tables would cost.
func BenchmarkSpawn(b *testing.B) {
	path := filepath.Join(b.TempDir(), "picloud-worker")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "picloud/cmd/picloud-worker")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	held := make([]byte, 50<<20)
	for i := range held {
		held[i] = 1
	}
	for name, newSpawner := range map[string]func(string, *Credential) (Spawner, error){
		"without namespaces": NewExecSpawner, "exec": NewNurserySpawner, "zygote": NewZygoteSpawner,
	} {
		b.Run(name, func(b *testing.B) {
			before := cpuMicroseconds(b)
			s, err := newSpawner(path, testCredential())
			if err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for range b.N {
				p, err := s.Spawn(-1)
				if err != nil {
					b.Fatal(err)
				}
				if kind, payload, err := wire.Read(p.Answers); err != nil || kind != wire.KindReady {
					b.Fatalf("%v %q, %v", kind, payload, err)
				}
				p.Kill()
				p.Wait()
				p.closePipes()
			}
			b.StopTimer()
			s.Close()
			b.ReportMetric((cpuMicroseconds(b)-before)/float64(b.N), "cpu-µs/op")
		})
	}
	_ = held[0]
}

// cpuMicroseconds is what this process and those it has waited for have used.
func cpuMicroseconds(b *testing.B) float64 {
	sum := 0.0
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		sum += float64(u.Utime.Nano()+u.Stime.Nano()) / 1e3
	}
	return sum
}
