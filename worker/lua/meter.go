package lua

import (
	"runtime"

	"picloud/limits"
)

// What the library's work costs, in units of work for one operation. An
// operation is one instruction of the virtual machine, some tens of
// nanoseconds.
const (
	bytesCopied    = 256  // bytes moved in one piece
	bytesLooked    = 32   // bytes looked at one by one
	valuesMoved    = 32   // values copied in one piece
	valuesLooked   = 8    // table elements looked at one by one
	threadCost     = 400  // operations for a new coroutine: its stacks are made at once
	protectedCost  = 20   // operations for a pcall or a resume
	shortString    = 64   // bytes up to which comparing and hashing is part of the instruction
	textOfANumber  = 24   // bytes, at most
	hardNumber     = 256  // operations for a decimal number that is hard to read
	longDivision   = 2100 // bits of the longest quotient of two numbers
	divisionBits   = 4    // bits of a quotient
	smallValueList = 64   // values up to which moving them is part of the instruction
)

// meter counts one script's operations and ends it when a limit is reached.
type meter struct {
	limit   int64
	left    int64        // negative: the limit was reached
	reached limits.Field // the first limit that was reached; it stays
}

// used is how many operations were used up.
func (m *meter) used() int64 { return m.limit - max(m.left, 0) }

// reach ends the script. It must be called on the script's goroutine and does
// not return: Goexit runs the deferred functions with nothing to recover, so
// neither pcall nor coroutine.resume can hold it up.
func (m *meter) reach(limit limits.Field) {
	if m.reached == "" {
		m.reached = limit
	}
	runtime.Goexit()
}

// charge takes n operations for work about to be done. A negative n, which only
// an overflow can give, takes everything.
func (m *meter) charge(n int) {
	if n < 0 || int64(n) > m.left {
		m.left = -1
		m.reach(limits.MaxOperations)
	}
	m.left -= int64(n)
}

// copying charges for moving n bytes.
func (m *meter) copying(n int) { m.charge(n / bytesCopied) }

// looking charges for looking at n bytes one by one.
func (m *meter) looking(n int) { m.charge(n / bytesLooked) }

// values charges for pushing n values.
func (m *meter) values(n int) { m.charge(n / valuesLooked) }
