//go:build race

package supervisor

// stubMemoryMB is no limit at all: the race detector, which is in the stubs too,
// maps far more than any worker may. The tests of the limit are left out with it.
const stubMemoryMB = 1 << 20

// manyCalls is fewer here: a stub with the race detector in it takes a second to
// start, and a call waits for ten at most.
const manyCalls = 8

// kinds is the one way that is left.
func kinds() []Kind { return []Kind{KindExec} }

// newSpawner makes no namespaces here: with the race detector in them stubs are
// linked dynamically, and in the empty root there is nothing to link them with.
func newSpawner(path string, c *Credential) (Spawner, error) { return NewExecSpawner(path, c) }
