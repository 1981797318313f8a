package bytecode

import (
	"encoding/binary"
	"math"
	"unsafe"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
)

// Decode gives the script that Encode was given. Its strings refer to b, which
// must not be changed any more.
func Decode(b []byte) (p *glua.FunctionProto, err error) {
	defer rescue(&err)
	if len(b) > maxSize {
		fail("it is too large")
	}
	if len(b) < len(header) || string(b[:len(header)]) != header {
		fail("it is none, or of another version")
	}
	d := &decoder{reader: reader{b[len(header):]}}
	d.begin()
	main := &take(&d.functions, 1)[0]
	d.function(main, 0)
	d.end()
	verify(main, d.source)
	return main, nil
}

// decoder has what is left of the room for all functions, of which each takes
// its part.
type decoder struct {
	reader
	code    []byte
	numbers []byte
	pool    []byte
	source  string

	functions []glua.FunctionProto
	children  []*glua.FunctionProto
	words     []uint32
	positions []int
	constants []glua.LValue
	texts     []string // the constants that are strings, "" for the others
	values    []glua.LNumber
	locals    []glua.DbgLocalInfo
	localRefs []*glua.DbgLocalInfo
	calls     []glua.DbgCall
	upvalues  []string
}

// The fewest bytes that each of these takes, besides what stands in front.
const (
	functionSize = 2 + 4 + 5
	localSize    = 4
	callSize     = 3
	upvalueSize  = 2
)

// begin reads what stands in front of the functions and makes room for them, if as much
// as the totals say can follow.
func (d *decoder) begin() {
	var t totals
	for _, n := range t.fields() {
		*n = d.unsigned()
	}
	if t.instructions > len(d.rest)/4 || t.numbers > len(d.rest)/8 {
		fail("it ends too early")
	}
	d.code = d.bytes(4 * t.instructions)
	d.numbers = d.bytes(8 * t.numbers)
	d.pool = d.bytes(t.pool)
	d.source = d.string(d.pool)
	n := len(d.rest)
	if t.functions < 1 || t.functions > n/functionSize || t.constants > n || t.numbers > t.constants ||
		t.locals > n/localSize || t.calls > n/callSize || t.upvalues > n/upvalueSize {
		fail("its totals cannot be right")
	}
	d.functions = make([]glua.FunctionProto, t.functions)
	d.children = make([]*glua.FunctionProto, t.functions-1)
	d.words = make([]uint32, t.instructions)
	for i := range d.words {
		d.words[i] = binary.LittleEndian.Uint32(d.code[4*i:])
	}
	d.positions = make([]int, t.instructions)
	d.constants = make([]glua.LValue, t.constants)
	d.texts = make([]string, t.constants)
	d.values = make([]glua.LNumber, t.numbers)
	for i := range d.values {
		d.values[i] = glua.LNumber(math.Float64frombits(binary.LittleEndian.Uint64(d.numbers[8*i:])))
	}
	d.locals = make([]glua.DbgLocalInfo, t.locals)
	d.localRefs = make([]*glua.DbgLocalInfo, t.locals)
	d.calls = make([]glua.DbgCall, t.calls)
	d.upvalues = make([]string, t.upvalues)
}

// end fails if there is more than the functions took.
func (d *decoder) end() {
	if len(d.rest)+len(d.functions)+len(d.words)+len(d.constants)+len(d.values)+len(d.locals)+len(d.calls)+len(d.upvalues) > 0 {
		fail("something is left over")
	}
}

// take cuts a function's part off what is left.
func take[T any](left *[]T, n int) []T {
	if n > len(*left) {
		fail("the functions have more than the totals say")
	}
	part := (*left)[:n:n]
	*left = (*left)[n:]
	return part
}

func (d *decoder) function(p *glua.FunctionProto, depth int) {
	if depth > maxNesting {
		fail("its functions nest too deep")
	}
	p.SourceName = d.source
	p.LineDefined, p.LastLineDefined = d.unsigned(), d.unsigned()
	p.NumUpvalues, p.NumParameters, p.IsVarArg, p.NumUsedRegisters = d.byte(), d.byte(), d.byte(), d.byte()
	instructions, constants, children := d.unsigned(), d.unsigned(), d.unsigned()
	locals, calls := d.unsigned(), d.unsigned()
	p.Code = take(&d.words, instructions)
	p.Constants = take(&d.constants, constants)
	p.FunctionPrototypes = take(&d.children, children)
	p.DbgSourcePositions = take(&d.positions, instructions)
	p.DbgLocals = take(&d.localRefs, locals)
	p.DbgCalls = take(&d.calls, calls)
	p.DbgUpvalues = take(&d.upvalues, int(p.NumUpvalues))
	d.readConstants(p)
	d.readPositions(p.DbgSourcePositions)
	for i := range p.DbgLocals {
		l := &take(&d.locals, 1)[0]
		*l = glua.DbgLocalInfo{Name: d.string(d.pool), StartPc: d.signed(0), EndPc: d.signed(0)}
		p.DbgLocals[i] = l
	}
	pc := 0
	for i := range p.DbgCalls {
		name := d.string(d.pool)
		pc = d.signed(pc)
		p.DbgCalls[i] = glua.DbgCall{Name: name, Pc: pc}
	}
	for i := range p.DbgUpvalues {
		p.DbgUpvalues[i] = d.string(d.pool)
	}
	for i := range p.FunctionPrototypes {
		child := &take(&d.functions, 1)[0]
		p.FunctionPrototypes[i] = child
		d.function(child, depth+1)
	}
}

func (d *decoder) readConstants(p *glua.FunctionProto) {
	texts := take(&d.texts, len(p.Constants))
	vmview.FunctionOf(p).SetStringConstants(texts)
	for i := range p.Constants {
		switch d.byte() {
		case tagNil:
			p.Constants[i] = glua.LNil
		case tagFalse:
			p.Constants[i] = glua.LFalse
		case tagTrue:
			p.Constants[i] = glua.LTrue
		case tagNumber:
			p.Constants[i] = box(glua.LNumber(0), unsafe.Pointer(&take(&d.values, 1)[0]))
		case tagString:
			texts[i] = d.string(d.pool)
			p.Constants[i] = box(glua.LString(""), unsafe.Pointer(&texts[i]))
		default:
			fail("a constant is of no type")
		}
	}
}

// box gives a value of kind's type that stands at a place which is never changed. Go
// would copy each to a place of its own. An interface is two words, of which the
// second one points to the value, as gopher-lua's own allocator of numbers relies on.
func box(kind glua.LValue, place unsafe.Pointer) glua.LValue {
	(*[2]unsafe.Pointer)(unsafe.Pointer(&kind))[1] = place
	return kind
}

func (d *decoder) readPositions(lines []int) {
	line := 0
	for len(lines) > 0 {
		n := d.unsigned()
		line = d.signed(line)
		if n == 0 || n > len(lines) {
			fail("there are not as many lines as instructions")
		}
		for i := range lines[:n] {
			lines[i] = line
		}
		lines = lines[n:]
	}
}
