package lua

import "runtime"

// bytesPerValue is the size of a value in a table's sequence.
const bytesPerValue = 16

// garbage bounds what a script's large strings and sequences leave behind.
//
// Go's collector marks while the script goes on, and takes for alive what is made
// meanwhile. A script can make them faster than one processor marks, and then each
// collection finds as much alive as there is room for below the process's memory limit,
// however little the script keeps; the limit is soft, and soon the kernel ends the
// process. A collection that the script waits for finds alive what is.
type garbage struct {
	made  int // bytes of them since the last such collection
	every int // bytes after which there is one
}

// newGarbage has a collection for every quarter of a process's memory.
func newGarbage(memoryLimitMB int64) garbage { return garbage{every: int(memoryLimitMB) << 20 / 4} }

// chargeMade charges for a string of n bytes that is about to be made.
func (m *meter) chargeMade(n int) {
	m.chargeBytes(n)
	m.garbage.add(n)
}

func (g *garbage) add(bytes int) {
	if g.made += bytes; g.made >= g.every {
		g.made = 0
		runtime.GC()
	}
}
