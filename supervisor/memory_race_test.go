//go:build race

package supervisor

// stubMemoryMB is no limit at all: the race detector, which is in the stubs too,
// maps far more than any worker may. The tests of the limit are left out with it.
const stubMemoryMB = 1 << 20
