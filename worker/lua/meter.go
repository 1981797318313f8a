package lua

import (
	"runtime"

	glua "github.com/yuin/gopher-lua"

	"picloud/limits"
	"picloud/worker/lua/vmview"
)

// What an operation is worth besides an instruction of the VM, where library
// functions and long instructions are charged. The rates keep one operation at
// some tens of nanoseconds.
const (
	bytesPerOp  = 64 // bytes read, compared, copied or made
	valuesPerOp = 4  // values copied: a value is 16 bytes
	stepsPerOp  = 4  // steps of the pattern matcher
	nilsPerOp   = 16 // empty slots of a table walked over

	opsPerCall    = 10  // a protected call, a resume
	opsPerError   = 100 // catching an error
	opsPerFormat  = 4   // converting a number to text
	opsPerNumeral = 16  // reading a text as a number, besides its bytes
	opsPerMatcher = 8   // preparing a pattern
	opsPerLogLine = 50

	// maxFreeKey is the length up to which hashing a key costs nothing extra.
	maxFreeKey = 256
)

// meter counts a script's operations, measures what it makes, and ends it when
// a limit is reached. The limit's name is sticky.
type meter struct {
	max  int64
	left int64
	over limits.Field // the limit that was reached, "" for none
	sizes
	garbage garbage
}

// begin sets the meter to a job's limits.
func (m *meter) begin(l limits.Limits, globals *glua.LTable) {
	*m = meter{max: l.MaxOperations, left: l.MaxOperations, sizes: newSizes(l, globals), garbage: newGarbage(l.MemoryLimitMB)}
}

// used is how many operations were charged; never more than the limit.
func (m *meter) used() int64 { return m.max - max(m.left, 0) }

// charge takes n operations before the work they stand for is done. It does
// not return if there are not so many left.
func (m *meter) charge(n int) {
	if n <= 0 {
		return
	}
	if int64(n) > m.left {
		m.left = 0
		m.exceed(limits.MaxOperations)
	}
	m.left -= int64(n)
}

func (m *meter) chargeBytes(n int)  { m.charge(n / bytesPerOp) }
func (m *meter) chargeValues(n int) { m.charge(n / valuesPerOp) }

// chargeKey charges for hashing a long key.
func (m *meter) chargeKey(key glua.LValue) {
	if s, ok := key.(glua.LString); ok && len(s) > maxFreeKey {
		m.charge(len(s) / bytesPerOp)
	}
}

// chargeGap charges for the nils that the VM puts between an array part's end
// and a key behind it.
func (m *meter) chargeGap(t *glua.LTable, key glua.LNumber) {
	if key > 0 && key < glua.LNumber(glua.MaxArrayIndex) {
		m.chargeValues(int(key) - vmview.TableOf(t).ArrayLen())
	}
}

// chargeLength charges for finding a table's length: nils at the end of the array
// part are walked over.
func (m *meter) chargeLength(t *glua.LTable) {
	m.charge(vmview.TableOf(t).TrailingNils() / nilsPerOp)
}

// exceed ends the script because of a limit. It ends the script's goroutine:
// deferred functions run, but recover gives them nil, so neither pcall nor
// xpcall nor a coroutine can stop it.
func (m *meter) exceed(limit limits.Field) {
	if m.over == "" {
		m.over = limit
	}
	runtime.Goexit()
}
