package bytecode

import (
	"encoding/binary"
	"math"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
)

// Encode gives a compiled script's bytes. It fails for a script that Decode would
// not accept, which the compiler does not make, except where it is known to be wrong:
// a closure that outlives a break out of the block whose variable it captured.
func Encode(p *glua.FunctionProto) (b []byte, err error) {
	defer rescue(&err)
	verify(p, p.SourceName)
	e := &encoder{places: map[string]int{}}
	var t totals
	t.add(p)
	e.code = make([]byte, 0, 4*t.instructions)
	e.numbers = make([]byte, 0, 8*t.numbers)
	e.string(p.SourceName)
	e.function(p)
	t.pool = len(e.pool)

	b = append(make([]byte, 0, len(header)+64+len(e.code)+len(e.numbers)+len(e.pool)+len(e.rest)), header...)
	for _, n := range t.fields() {
		b = binary.AppendUvarint(b, uint64(*n))
	}
	b = append(b, e.code...)
	b = append(b, e.numbers...)
	b = append(b, e.pool...)
	b = append(b, e.rest...)
	if len(b) > maxSize {
		fail("it is too large")
	}
	return b, nil
}

// encoder writes the parts of the format that all functions have in common, and the
// rest, in which the functions follow each other.
type encoder struct {
	code    []byte
	numbers []byte
	pool    []byte
	places  map[string]int // of strings in the pool
	rest    []byte
}

func (e *encoder) function(p *glua.FunctionProto) {
	e.unsigned(p.LineDefined)
	e.unsigned(p.LastLineDefined)
	e.rest = append(e.rest, p.NumUpvalues, p.NumParameters, p.IsVarArg, p.NumUsedRegisters)
	for _, n := range []int{len(p.Code), len(p.Constants), len(p.FunctionPrototypes), len(p.DbgLocals), len(p.DbgCalls)} {
		e.unsigned(n)
	}
	for _, inst := range p.Code {
		e.code = binary.LittleEndian.AppendUint32(e.code, inst)
	}
	e.constants(p)
	e.positions(p.DbgSourcePositions)
	for _, l := range p.DbgLocals {
		e.string(l.Name)
		e.signed(l.StartPc)
		e.signed(l.EndPc)
	}
	pc := 0
	for _, c := range p.DbgCalls {
		e.string(c.Name)
		e.signed(c.Pc - pc)
		pc = c.Pc
	}
	for _, name := range p.DbgUpvalues {
		e.string(name)
	}
	for _, child := range p.FunctionPrototypes {
		e.function(child)
	}
}

func (e *encoder) constants(p *glua.FunctionProto) {
	texts := vmview.FunctionOf(p).StringConstants()
	if len(texts) != len(p.Constants) {
		fail("a function has %d constants, but %d as strings", len(p.Constants), len(texts))
	}
	for i, c := range p.Constants {
		text := ""
		switch c := c.(type) {
		case *glua.LNilType:
			e.rest = append(e.rest, tagNil)
		case glua.LBool:
			if c {
				e.rest = append(e.rest, tagTrue)
			} else {
				e.rest = append(e.rest, tagFalse)
			}
		case glua.LNumber:
			e.rest = append(e.rest, tagNumber)
			e.numbers = binary.LittleEndian.AppendUint64(e.numbers, math.Float64bits(float64(c)))
		case glua.LString:
			e.rest = append(e.rest, tagString)
			text = string(c)
			e.string(text)
		default:
			fail("a constant is a %T", c)
		}
		if texts[i] != text {
			fail("constant %d is another one as a string", i)
		}
	}
}

// positions writes the lines of all instructions: how many in a row have the same one, and
// how far it is from the one before.
func (e *encoder) positions(lines []int) {
	last := 0
	for i := 0; i < len(lines); {
		from := i
		for i < len(lines) && lines[i] == lines[from] {
			i++
		}
		e.unsigned(i - from)
		e.signed(lines[from] - last)
		last = lines[from]
	}
}

func (e *encoder) string(s string) {
	place, ok := e.places[s]
	if !ok {
		place = len(e.pool)
		e.places[s] = place
		e.pool = append(e.pool, s...)
	}
	e.unsigned(place)
	e.unsigned(len(s))
}

func (e *encoder) unsigned(n int) { e.rest = binary.AppendUvarint(e.rest, uint64(n)) }

func (e *encoder) signed(n int) { e.rest = binary.AppendVarint(e.rest, int64(n)) }
