package bytecode

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	glua "github.com/yuin/gopher-lua"
)

func encoded(t testing.TB, source string) []byte {
	t.Helper()
	p, err := compile(source)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryBeginningIsRefused(t *testing.T) {
	for name, source := range constructs {
		b := encoded(t, source)
		for n := range b {
			if _, err := decodeAll(b[:n:n]); err == nil {
				t.Fatalf("%s: the first %d bytes of %d are accepted", name, n, len(b))
			}
		}
		if _, err := decodeAll(append(slices.Clone(b), 0)); err == nil {
			t.Errorf("%s: a byte more is accepted", name)
		}
	}
}

func TestOtherVersionsAreRefused(t *testing.T) {
	b := encoded(t, "return 1")
	for i := range header {
		changed := slices.Clone(b)
		changed[i]++
		if _, err := decodeAll(changed); err == nil || !strings.Contains(err.Error(), "version") {
			t.Errorf("byte %d of the header: %v", i, err)
		}
	}
}

// Counts that cannot be right cost nothing.
func TestCountsAreBounded(t *testing.T) {
	for i := range (&counts{}).fields() {
		for _, n := range []uint64{500, 1 << 10, 1 << 20, maxNumber, maxNumber + 1, 1 << 40, 1<<64 - 1} {
			var body []byte
			for j := range (&counts{}).fields() {
				if j == i {
					body = binary.AppendUvarint(body, n)
				} else {
					body = append(body, 1)
				}
			}
			body = append(body, make([]byte, 1000)...)
			b := append([]byte(header), 0, 0, 0, 0, 0, 0, 0, 0, 0, 2) // nothing in front, and a main function
			b = append(binary.AppendUvarint(b, uint64(len(body))), body...)
			before := allocated()
			_, err := decodeAll(b)
			if used := allocated() - before; err == nil || used > bytesPerByte*uint64(len(b)) {
				t.Errorf("count %d is %d: %v, and %d bytes are taken", i, n, err, used)
			}
		}
	}
}

// A function has no code before it is complete, and none after it could not be. The
// main one has.
func TestCompleteOnlyWhatIsAskedFor(t *testing.T) {
	b := encoded(t, `local function f() return function() return "inner" end end return f, function() return 2.5 end`)
	main, longest, err := Decode(b)
	if err != nil || longest != len("inner") || !isComplete(main) {
		t.Fatalf("%v, the longest string has %d bytes", err, longest)
	}
	f, other := main.FunctionPrototypes[0], main.FunctionPrototypes[1]
	if isComplete(f) || isComplete(other) || f.NumUsedRegisters == 0 {
		t.Error("a function that nobody asked for is complete, or cannot be called")
	}
	if err := Complete(f); err != nil || !isComplete(f) || isComplete(f.FunctionPrototypes[0]) || isComplete(other) {
		t.Errorf("%v: one is complete, and nothing else", err)
	}
	code := f.Code
	if err := Complete(f); err != nil || &f.Code[0] != &code[0] {
		t.Errorf("%v: it is completed a second time", err)
	}
	b[len(b)-1] ^= 0x7f // the last name of the last function's
	if err := Complete(other); err == nil || isComplete(other) {
		t.Errorf("%v: what is wrong is complete", err)
	}
}

// A function's frame is made before the function is complete.
func TestFrontsAreCheckedAtOnce(t *testing.T) {
	b := encoded(t, `return function(a, ...) return ... end`)
	p, _, err := Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	f := p.FunctionPrototypes[0]
	at := bytes.Index(b, []byte{f.NumUpvalues, f.NumParameters, f.IsVarArg, f.NumUsedRegisters})
	for want, change := range map[string][4]byte{
		"uses 1 registers":   {0, 0, f.IsVarArg, 1},
		"uses 3 registers":   {0, 3, f.IsVarArg, 3},
		"uses 201 registers": {0, 1, f.IsVarArg, 201},
		"in an unknown way":  {0, 1, 0xff, f.NumUsedRegisters},
	} {
		changed := slices.Clone(b)
		copy(changed[at:], change[:])
		if _, _, err := Decode(changed); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestLongestStringIsTold(t *testing.T) {
	b := encoded(t, `return function() return "123456789" end`)
	b[len(header)]--
	main, longest, err := Decode(b)
	if err != nil || longest != 8 {
		t.Fatal(longest, err)
	}
	if err := Complete(main.FunctionPrototypes[0]); err == nil || !strings.Contains(err.Error(), "longest") {
		t.Error(err)
	}
}

// nested gives functions in each other, so many below the main one.
func nested(depth int) *glua.FunctionProto {
	main, err := compile("return")
	if err != nil {
		panic(err)
	}
	for p := main; depth > 0; depth-- {
		child := *main
		child.FunctionPrototypes = nil
		p.FunctionPrototypes = []*glua.FunctionProto{&child}
		p = &child
	}
	return main
}

func TestNestingIsBounded(t *testing.T) {
	b, err := Encode(nested(maxNesting))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decodeAll(b); err != nil {
		t.Error(err)
	}
	if _, err := Encode(nested(maxNesting + 1)); err == nil || !strings.Contains(err.Error(), "nest") {
		t.Errorf("one more: %v", err)
	}
	// It is refused while it is read, before anything else is looked at.
	err = func() (err error) {
		defer rescue(&err)
		new(function).front(&reader{}, &script{}, maxNesting+1)
		return nil
	}()
	if err == nil || !strings.Contains(err.Error(), "nest") {
		t.Errorf("one more, decoded: %v", err)
	}
}

func TestConstantsOfEveryType(t *testing.T) {
	p, err := compile("return 1")
	if err != nil {
		t.Fatal(err)
	}
	p.Constants = append(p.Constants, glua.LNil, glua.LTrue, glua.LFalse, glua.LString(""), glua.LString("\x00\xff"))
	for _, n := range []float64{0, negativeZero, nan, otherNaN, infinity, -infinity, 5e-324} {
		p.Constants = append(p.Constants, glua.LNumber(n))
	}
	setTexts(p)
	b, err := Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	back, err := decodeAll(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := differs(p, back); d != "" {
		t.Error(d)
	}
}

func TestEncodeRefuses(t *testing.T) {
	for want, change := range map[string]func(p *glua.FunctionProto){
		"constant is a *lua.LTable": func(p *glua.FunctionProto) {
			p.Constants = append(p.Constants, &glua.LTable{})
			setTexts(p)
		},
		"as strings":             func(p *glua.FunctionProto) { p.Constants = append(p.Constants, glua.LNil) },
		"another one":            func(p *glua.FunctionProto) { p.Constants[0] = glua.LString("changed") },
		"another source":         func(p *glua.FunctionProto) { p.FunctionPrototypes[0].SourceName = "other" },
		"main function has":      func(p *glua.FunctionProto) { p.NumUpvalues, p.DbgUpvalues = 1, []string{"x"} },
		"names as upvalues":      func(p *glua.FunctionProto) { p.FunctionPrototypes[0].DbgUpvalues = nil },
		"as many lines":          func(p *glua.FunctionProto) { p.DbgSourcePositions = p.DbgSourcePositions[1:] },
		"instruction's line":     func(p *glua.FunctionProto) { p.DbgSourcePositions[0] = -1 },
		"lines are none":         func(p *glua.FunctionProto) { p.LineDefined = -1 },
		"scope is out of range":  func(p *glua.FunctionProto) { p.DbgLocals[0].EndPc = -2 },
		"place is out of range":  func(p *glua.FunctionProto) { p.DbgCalls[0].Pc = -2 },
		"end with a return":      func(p *glua.FunctionProto) { p.Code[len(p.Code)-1] = uint32(glua.OP_NOP) << 26 },
		"uses 1 registers":       func(p *glua.FunctionProto) { p.NumUsedRegisters = 1 },
		"uses 201 registers":     func(p *glua.FunctionProto) { p.NumUsedRegisters = 201 },
		"arguments in an unknow": func(p *glua.FunctionProto) { p.IsVarArg |= glua.VarArgHasArg },
	} {
		p, err := compile(`local a = {1} local function f() return a, "text" end print(f())`)
		if err != nil {
			t.Fatal(err)
		}
		change(p)
		if b, err := Encode(p); err == nil || b != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
