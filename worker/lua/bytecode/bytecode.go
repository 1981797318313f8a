// Package bytecode gives a compiled script as bytes, so that it need not be
// scanned, parsed and compiled again, and makes the script of such bytes,
// which may come from anyone.
//
// A function that is never called costs next to nothing: Decode gives the main one,
// and those in it as yet without code. Complete adds that when one is called first.
//
// It promises that what Decode(Encode(p)) gives, once complete, is p in all that the
// VM, the interpreter and error messages look at: code, constants to the last bit,
// lines, names. Whatever Decode and Complete accept is safe to run as if it came from
// the compiler: no instruction reads outside of its function's code, constants,
// upvalues and functions, or a register that has no value or not the type the VM takes
// for granted; see flow for how that is proven. Encode refuses what they would refuse.
// Both take memory in proportion to their input, and time in proportion to the code,
// times the depth of its loops.
//
// It never panics, runs nothing, keeps no state, and never says who made the
// bytes: whether they belong to a source is for the caller to know.
//
// All fail with an *Error, and with nothing else. Bytes of another format or
// for another version of gopher-lua are refused like any others: whoever gets
// that error compiles the source again.
//
// The format, in which a number is a varint (encoding/binary), with the sign in the
// lowest bit where it can be negative:
//
//	header, with the format's and gopher-lua's version
//	length of the longest string among the constants
//	size of the pool
//	pool, the bytes of all strings
//	name of the source
//	the main function
//
// and of each function
//
//	what calling it takes: lines, numbers of upvalues, parameters and registers
//	size of the rest
//	counts: the fields of counts, in order
//	code, 4 bytes an instruction, little-endian
//	constants: a tag, and behind that of a number 8 bytes, IEEE 754, little-endian
//	lines of the instructions, names of variables, calls and upvalues
//	the functions in it
//
// A string is a place in the pool and a length.
package bytecode

import (
	"math"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/wire"
)

// header is what the bytes begin with.
const header = wire.CompiledFormat + "\n"

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

// counts say how much of each a function has.
type counts struct {
	instructions int
	constants    int
	numbers      int // among the constants
	functions    int
	locals       int
	calls        int
}

// fields gives the counts in the order in which they stand in the bytes.
func (c *counts) fields() [6]*int {
	return [...]*int{&c.instructions, &c.constants, &c.numbers, &c.functions, &c.locals, &c.calls}
}

func countsOf(p *glua.FunctionProto) counts {
	c := counts{
		instructions: len(p.Code), constants: len(p.Constants), functions: len(p.FunctionPrototypes),
		locals: len(p.DbgLocals), calls: len(p.DbgCalls),
	}
	for _, constant := range p.Constants {
		if _, ok := constant.(glua.LNumber); ok {
			c.numbers++
		}
	}
	return c
}

// What a constant begins with in the bytes.
const (
	tagNil = iota
	tagFalse
	tagTrue
	tagNumber
	tagString
)
