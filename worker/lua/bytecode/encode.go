package bytecode

import (
	"encoding/binary"
	"math"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/vmview"
)

// Encode gives a compiled script's bytes. It fails for a script that Decode or Complete
// would not accept, which the compiler does not make, except where it is known to be wrong:
// a closure that outlives a break out of the block whose variable it captured. It takes
// time in proportion to the code, times how deep functions stand in each other.
func Encode(p *glua.FunctionProto) (b []byte, err error) {
	defer rescue(&err)
	verify(p, p.SourceName)
	e := &encoder{places: map[string]int{}}
	e.string(p.SourceName)
	e.function(p)

	b = append(make([]byte, 0, len(header)+16+len(e.pool)+len(e.rest)), header...)
	b = binary.AppendUvarint(b, uint64(e.longest))
	b = binary.AppendUvarint(b, uint64(len(e.pool)))
	b = append(b, e.pool...)
	b = append(b, e.rest...)
	if len(b) > maxSize {
		fail("it is too large")
	}
	return b, nil
}

// encoder writes the pool, and what follows it.
type encoder struct {
	longest int
	pool    []byte
	places  map[string]int // of strings in the pool
	rest    []byte
}

func (e *encoder) function(p *glua.FunctionProto) {
	e.unsigned(p.LineDefined)
	e.unsigned(p.LastLineDefined)
	e.rest = append(e.rest, p.NumUpvalues, p.NumParameters, p.IsVarArg, p.NumUsedRegisters)
	front := e.rest
	e.rest = nil
	e.body(p)
	body := e.rest
	e.rest = binary.AppendUvarint(front, uint64(len(body)))
	e.rest = append(e.rest, body...)
}

func (e *encoder) body(p *glua.FunctionProto) {
	c := countsOf(p)
	for _, n := range c.fields() {
		e.unsigned(*n)
	}
	for _, inst := range p.Code {
		e.rest = binary.LittleEndian.AppendUint32(e.rest, inst)
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
			e.rest = binary.LittleEndian.AppendUint64(e.rest, math.Float64bits(float64(c)))
		case glua.LString:
			e.rest = append(e.rest, tagString)
			text = string(c)
			e.longest = max(e.longest, len(text))
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
