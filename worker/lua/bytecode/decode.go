package bytecode

import (
	"encoding/binary"
	"math"
	"unsafe"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
)

// Decode gives the script that Encode was given, and the length of the longest string
// among its constants. Its strings refer to b, which must not be changed any more. Only
// the main function is complete.
func Decode(b []byte) (p *glua.FunctionProto, longest int, err error) {
	defer rescue(&err)
	if len(b) > maxSize {
		fail("it is too large")
	}
	if len(b) < len(header) || string(b[:len(header)]) != header {
		fail("it is none, or of another version")
	}
	r := reader{b[len(header):]}
	s := &script{longest: r.unsigned()}
	s.pool = r.bytes(r.unsigned())
	s.verifier.source = r.string(s.pool)
	main := &function{}
	main.front(&r, s, 0)
	if len(r.rest) > 0 {
		fail("something is left over")
	}
	if main.NumUpvalues != 0 {
		fail("the main function has upvalues")
	}
	main.complete()
	return &main.FunctionProto, s.longest, nil
}

// Complete adds to a function that Decode gave, or that is in one, what it takes to
// run it. After an error it must not be run; it may be complete already.
func Complete(p *glua.FunctionProto) (err error) {
	if isComplete(p) {
		return nil
	}
	defer func() {
		if err != nil {
			p.Code = nil
		}
	}()
	defer rescue(&err)
	(*function)(unsafe.Pointer(p)).complete()
	return nil
}

// isComplete tells whether a function has its code, of which there is some always.
func isComplete(p *glua.FunctionProto) bool { return len(p.Code) > 0 }

// script is what all functions of a script have in common, and the room for what they
// have each.
type script struct {
	pool     []byte
	longest  int
	verifier verifier

	words     slab[uint32]
	constants slab[glua.LValue]
	texts     slab[string] // the constants that are strings, "" for the others
	numbers   slab[glua.LNumber]
	lines     slab[int]
	locals    slab[glua.DbgLocalInfo]
	localRefs slab[*glua.DbgLocalInfo]
	calls     slab[glua.DbgCall]
	names     slab[string]
	functions slab[function]
	refs      slab[*glua.FunctionProto]
}

// slab is memory for many, of which each takes its part. The main function gets what
// it takes; for those that come one at a time later there is ever more room.
type slab[T any] struct {
	left []T
	size int // of the last
}

// maxSlab is how many there is room for at a time, unless one takes more.
const maxSlab = 512

func (r *slab[T]) take(n int) []T {
	if n == 0 {
		return []T{}
	}
	if n > len(r.left) {
		r.size = max(n, min(2*r.size, maxSlab))
		r.left = make([]T, r.size)
	}
	part := r.left[:n:n]
	r.left = r.left[n:]
	return part
}

// function is one that is read in two steps: its front with the function it is in,
// its rest when it is called.
type function struct {
	glua.FunctionProto // the first field: where it is, the function is
	script             *script
	rest               []byte
	depth              int
}

// functionSize is the fewest bytes that a function takes.
const functionSize = 2 + 4 + 1 + 6 + 4

// front reads what calling a function takes, which is done before it is complete.
func (f *function) front(r *reader, s *script, depth int) {
	if depth > maxNesting {
		fail("its functions nest too deep")
	}
	f.script, f.depth = s, depth
	f.SourceName = s.verifier.source
	f.LineDefined, f.LastLineDefined = r.unsigned(), r.unsigned()
	f.NumUpvalues, f.NumParameters, f.IsVarArg, f.NumUsedRegisters = r.byte(), r.byte(), r.byte(), r.byte()
	verifyFront(&f.FunctionProto)
	f.rest = r.bytes(r.unsigned())
}

// complete reads the rest, and fails unless the function is safe to run.
func (f *function) complete() {
	p := &f.FunctionProto
	r := &reader{f.rest}
	var c counts
	for _, n := range c.fields() {
		*n = r.unsigned()
	}
	n := len(r.rest)
	if c.instructions > n/4 || c.constants > n || c.numbers > c.constants || c.functions > n/functionSize ||
		c.locals > n/4 || c.calls > n/3 {
		fail("its counts cannot be right")
	}
	code := r.bytes(4 * c.instructions)
	p.Code = f.script.words.take(c.instructions)
	for i := range p.Code {
		p.Code[i] = binary.LittleEndian.Uint32(code[4*i:])
	}
	f.script.readConstants(p, r, c)
	p.DbgSourcePositions = f.script.lines.take(c.instructions)
	r.positions(p.DbgSourcePositions)
	f.script.readNames(p, r, c)
	functions := f.script.functions.take(c.functions)
	p.FunctionPrototypes = f.script.refs.take(c.functions)
	for i := range functions {
		functions[i].front(r, f.script, f.depth+1)
		p.FunctionPrototypes[i] = &functions[i].FunctionProto
	}
	if len(r.rest) > 0 {
		fail("something is left over")
	}
	f.script.verifier.function(p)
	f.rest = nil
}

func (s *script) readConstants(p *glua.FunctionProto, r *reader, c counts) {
	p.Constants = s.constants.take(c.constants)
	texts, numbers := s.texts.take(c.constants), s.numbers.take(c.numbers)
	vmview.FunctionOf(p).SetStringConstants(texts)
	for i := range p.Constants {
		switch r.byte() {
		case tagNil:
			p.Constants[i] = glua.LNil
		case tagFalse:
			p.Constants[i] = glua.LFalse
		case tagTrue:
			p.Constants[i] = glua.LTrue
		case tagNumber:
			if len(numbers) == 0 {
				fail("there are more numbers than it says")
			}
			numbers[0] = glua.LNumber(math.Float64frombits(binary.LittleEndian.Uint64(r.bytes(8))))
			p.Constants[i] = box(glua.LNumber(0), unsafe.Pointer(&numbers[0]))
			numbers = numbers[1:]
		case tagString:
			texts[i] = r.string(s.pool)
			if len(texts[i]) > s.longest {
				fail("a string is longer than the longest")
			}
			p.Constants[i] = box(glua.LString(""), unsafe.Pointer(&texts[i]))
		default:
			fail("a constant is of no type")
		}
	}
	if len(numbers) > 0 {
		fail("there are fewer numbers than it says")
	}
}

// readNames reads what error messages call variables and functions.
func (s *script) readNames(p *glua.FunctionProto, r *reader, c counts) {
	locals := s.locals.take(c.locals)
	p.DbgLocals = s.localRefs.take(c.locals)
	for i := range locals {
		locals[i] = glua.DbgLocalInfo{Name: r.string(s.pool), StartPc: r.signed(0), EndPc: r.signed(0)}
		p.DbgLocals[i] = &locals[i]
	}
	p.DbgCalls = s.calls.take(c.calls)
	pc := 0
	for i := range p.DbgCalls {
		name := r.string(s.pool)
		pc = r.signed(pc)
		p.DbgCalls[i] = glua.DbgCall{Name: name, Pc: pc}
	}
	p.DbgUpvalues = s.names.take(int(p.NumUpvalues))
	for i := range p.DbgUpvalues {
		p.DbgUpvalues[i] = r.string(s.pool)
	}
}

// box gives a value of kind's type that stands at a place which is never changed. Go
// would copy each to a place of its own. An interface is two words, of which the
// second one points to the value, as gopher-lua's own allocator of numbers relies on.
func box(kind glua.LValue, place unsafe.Pointer) glua.LValue {
	(*[2]unsafe.Pointer)(unsafe.Pointer(&kind))[1] = place
	return kind
}

// positions reads the lines of as many instructions.
func (r *reader) positions(lines []int) {
	line := 0
	for len(lines) > 0 {
		n := r.unsigned()
		line = r.signed(line)
		if n == 0 || n > len(lines) {
			fail("there are not as many lines as instructions")
		}
		for i := range lines[:n] {
			lines[i] = line
		}
		lines = lines[n:]
	}
}
