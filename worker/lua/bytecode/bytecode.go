// Package bytecode gives a compiled script as bytes, so that it need not be
// scanned, parsed and compiled again, and makes the script of such bytes,
// which may come from anyone.
//
// It promises that Decode(Encode(p)) is p in all that the VM, the interpreter and
// error messages look at: code, constants to the last bit, lines, names. Whatever
// Decode accepts is safe to run as if it came from the compiler: no instruction
// reads outside of its function's code, constants, upvalues and functions, or a
// register that has no value or not the type the VM takes for granted; see
// flow for how that is proven. Encode refuses what Decode would refuse. Decode
// takes memory in proportion to its input and time in proportion to the code, times
// the depth of its loops.
//
// It never panics, runs nothing, keeps no state, and never says who made the
// bytes: whether they belong to a source is for the caller to know.
//
// Both fail with an *Error, and with nothing else. Bytes of another format or
// for another version of gopher-lua are refused like any others: whoever gets
// that error compiles the source again.
//
// The format, in which a number is a varint (encoding/binary), with the sign in the
// lowest bit where it can be negative:
//
//	header, with the format's and gopher-lua's version
//	totals over all functions: the fields of totals, in order
//	code of all functions, 4 bytes an instruction, little-endian
//	number constants of all functions, 8 bytes each, IEEE 754, little-endian
//	pool, the bytes of all strings
//	name of the source
//	the main function, and within each function the functions in it
//
// A string is a place in the pool and a length.
package bytecode

import (
	"math"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
)

// header is what the bytes begin with. The number is the format's and changes with it.
const header = "picloud bytecode 1, gopher-lua " + vmview.Version + "\n"

const (
	// maxSize is how many bytes there may be: every length and every place fits
	// in an int of 32 bits.
	maxSize = math.MaxInt32 / 16

	// maxNesting is how deep functions may stand in each other below the main
	// one: max_expr_depth's maximum, of which each function takes one.
	maxNesting = 1000

	// maxNumber bounds lines and places in the code.
	maxNumber = math.MaxInt32
)

// Error says what is wrong with a script or its bytes.
type Error struct {
	Message string
}

func (e *Error) Error() string { return "bytecode: " + e.Message }

// totals say how much there is in all functions together, so that room for it is
// made at once.
type totals struct {
	functions    int
	instructions int
	numbers      int
	pool         int // bytes
	constants    int
	locals       int
	calls        int
	upvalues     int
}

// fields gives the totals in the order in which they stand in the bytes.
func (t *totals) fields() [8]*int {
	return [...]*int{&t.functions, &t.instructions, &t.numbers, &t.pool, &t.constants, &t.locals, &t.calls, &t.upvalues}
}

// add counts a function and those in it.
func (t *totals) add(p *glua.FunctionProto) {
	t.functions++
	t.instructions += len(p.Code)
	t.constants += len(p.Constants)
	for _, c := range p.Constants {
		if _, ok := c.(glua.LNumber); ok {
			t.numbers++
		}
	}
	t.locals += len(p.DbgLocals)
	t.calls += len(p.DbgCalls)
	t.upvalues += len(p.DbgUpvalues)
	for _, child := range p.FunctionPrototypes {
		t.add(child)
	}
}

// What a constant begins with in the bytes. The value of a number stands with all
// others, that of a string follows.
const (
	tagNil = iota
	tagFalse
	tagTrue
	tagNumber
	tagString
)
