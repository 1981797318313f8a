//go:build !race

package supervisor

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"picloud/worker/wire"
)

// BenchmarkSpawn makes real workers until they are ready. Beside the time it
// gives the processor's, of daemon, worker and what makes it together, and the
// share of memory that an idle worker has (PSS). A daemon that holds memory shows what
// a copy of its page tables would cost.
func BenchmarkSpawn(b *testing.B) {
	path := realWorker(b)
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
				p, err := s.Spawn(-1, false)
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
			b.ReportMetric(idlePSS(b, s), "pss-kB/worker")
			s.Close()
			b.ReportMetric((cpuMicroseconds(b)-before)/float64(b.N), "cpu-µs/op")
		})
	}
	_ = held[0]
}

// idlePSS is the proportional set size of each of a pool's worth of idle workers,
// in kB; 0 where this process may not see it.
func idlePSS(b *testing.B, s Spawner) float64 {
	const pool = 16
	sum := 0
	var workers []*Process
	for range pool {
		p, err := s.Spawn(-1, false)
		if err != nil {
			b.Fatal(err)
		}
		if _, _, err := wire.Read(p.Answers); err != nil {
			b.Fatal(err)
		}
		workers = append(workers, p)
	}
	for _, p := range workers {
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.Pid))
		if err != nil {
			b.Log(err)
			break
		}
		for line := range strings.Lines(string(rollup)) {
			if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "Pss:" {
				kB, _ := strconv.Atoi(fields[1])
				sum += kB
			}
		}
	}
	for _, p := range workers {
		p.Kill()
		p.Wait()
		p.closePipes()
	}
	return float64(sum) / pool
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
