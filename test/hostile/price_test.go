package hostile

import (
	"testing"
	"time"

	"picloud"
	"picloud/supervisor"
)

// price is what a plain script costs here and now, in CPU time.
type price struct {
	start     time.Duration // of a worker that does next to nothing
	operation time.Duration // of a plain loop
}

// operationsPerByte is what reading and compiling a byte of source is taken for.
const operationsPerByte = 20

// startsAllowed is how much longer than in the quickest case a worker's start may
// take on a busy machine, collecting the script's memory included.
const startsAllowed = 100

const countingLoop = "local n = 0 for i = 1, 250000 do n = n + 1 end return n"

// measure finds the price: the least of several runs, as other programs'
// work can only add to it.
func (w *workers) measure(t *testing.T) price {
	t.Helper()
	least := func(source string) (*supervisor.Usage, time.Duration) {
		var usage *supervisor.Usage
		for range 5 {
			r := w.invoke(source, defaults())
			if r.Outcome != picloud.OutcomeOK {
				t.Fatalf("%s: %v", r.Outcome, r.Err)
			}
			if usage == nil || r.Usage.CPU < usage.CPU {
				usage = r.Usage
			}
		}
		return usage, usage.CPU
	}
	_, start := least(plain)
	loop, cpu := least(countingLoop)
	if loop.Operations < 500_000 {
		t.Fatalf("the plain loop is %d operations", loop.Operations)
	}
	p := price{start: start, operation: (cpu - start) / time.Duration(loop.Operations)}
	if p.start <= 0 || p.operation <= 0 {
		t.Fatalf("this machine measures no CPU time: %+v", p)
	}
	return p
}

// of is what a plain loop of so many operations costs, the start left out, and
// what compiling the script is taken for. A worker that was killed could not say
// how many operations it used, -1: it is taken to have used all that it had.
func (p price) of(operations int64, s *script) time.Duration {
	if operations < 0 {
		operations = s.limits.MaxOperations
	}
	operations += int64(len(s.source)) * operationsPerByte
	return p.operation * time.Duration(operations)
}

// bound is the most CPU time that a script may take whose plain loop takes so
// much.
func (p price) bound(plain time.Duration, s *script) time.Duration {
	return startsAllowed*p.start + time.Duration(s.cost*float64(plain))
}
