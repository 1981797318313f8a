package lua

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	glua "github.com/yuin/gopher-lua"

	"picloud/limits"
	"picloud/worker/lua/bytecode"
	"picloud/worker/lua/syntax"
	"picloud/worker/wire"
)

// runBytecode runs a compiled script in an interpreter of its own.
func runBytecode(t testing.TB, b []byte, j *wire.Job) (r *wire.Result, broken bool) {
	t.Helper()
	p, longest, err := bytecode.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	in, err := New()
	if err != nil {
		t.Fatal(err)
	}
	in.chunk, in.longest = p.SourceName, longest
	in.prepare(j, p, func(*wire.Log) {})
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				in.broken = true
			}
		}()
		r = in.run(p)
	}()
	<-done
	switch {
	case in.noForm != nil:
		return refused(wire.Run, in.noForm), false
	case in.over != "":
		r = &wire.Result{Status: wire.StatusLimitExceeded, Limit: in.over}
	case in.broken || r == nil:
		return nil, true
	}
	r.Operations = in.used()
	return r, false
}

// FuzzBytecode runs whatever Decode accepts.
func FuzzBytecode(f *testing.F) {
	for _, source := range mutants {
		b, err := bytecode.Encode(compiledScript(f, source))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, _, err := bytecode.Decode(b)
		if err != nil || len(p.SourceName) > 100 {
			return
		}
		if _, broken := runBytecode(t, b, job("", small)); broken {
			t.Error("the VM fails")
		}
	})
}

// Bytes changed one at a time are refused or safe, too.
func TestChangedBytesAreRefusedOrSafe(t *testing.T) {
	for name, source := range mutants {
		if name == "far constants" { // large, and nothing new
			continue
		}
		b, err := bytecode.Encode(compiledScript(t, source))
		if err != nil {
			t.Fatal(err)
		}
		accepted := 0
		for i, old := range b {
			for _, n := range []byte{0, old + 1, old - 1, old ^ 0x80, old ^ 4, 0xff} {
				changed := slices.Clone(b)
				changed[i] = n
				if _, _, err := bytecode.Decode(changed); err != nil {
					continue
				}
				accepted++
				if _, broken := runBytecode(t, changed, job("", small)); broken {
					t.Errorf("%s: the VM fails with %d for %d at %d", name, n, old, i)
				}
			}
		}
		if accepted == 0 || accepted == 6*len(b) {
			t.Errorf("%s: %d of %d changes were accepted", name, accepted, 6*len(b))
		}
	}
}

// A function's code is looked at when it is called. If it is none the script is refused
// then, whatever it does to go on; one that is not called does not matter.
func TestFormThatTurnsOutToBeNone(t *testing.T) {
	const source = `local function wrong() return "wrong" end
		if ctx.request.query.call then pcall(wrong) coroutine.wrap(wrong)() end
		return "right"`
	b, err := bytecode.Encode(compiledScript(t, source))
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := bytecode.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := bytecode.Complete(p.FunctionPrototypes[0]); err != nil {
		t.Fatal(err)
	}
	var code []byte
	for _, inst := range p.FunctionPrototypes[0].Code {
		code = binary.LittleEndian.AppendUint32(code, inst)
	}
	at := bytes.Index(b, code)
	copy(b[at:], []byte{0xff, 0xff, 0xff, 0xff})
	for called, want := range map[bool]wire.Status{false: wire.StatusOK, true: wire.StatusInvalidScript} {
		j := job("")
		j.ScriptName, j.Source, j.Compiled = "test", "", b
		if called {
			j.Request.Query = []wire.Pair{{Name: "call", Value: "yes"}}
		}
		in, err := New()
		if err != nil {
			t.Fatal(err)
		}
		if r := in.Do(j, func(*wire.Log) {}); r.Status != want {
			t.Errorf("called: %t: %s, want %v", called, show(r), want)
		}
	}
}

func compiledScript(t testing.TB, source string) *glua.FunctionProto {
	t.Helper()
	if _, err := New(); err != nil { // the compiler is told by it not to make "arg" tables
		t.Fatal(err)
	}
	p, err := syntax.Compile(source, "test", 200)
	if err != nil {
		t.Fatalf("%v\n%s", err, source)
	}
	return p
}

// A script does the same whether it comes from its source or its bytecode.
func TestBytecodeDoesWhatItsSourceDoes(t *testing.T) {
	for seed := range uint64(80) {
		source := newProgram(seed).String()
		b, err := bytecode.Encode(compiledScript(t, source))
		if err != nil {
			t.Fatalf("program %d: %v", seed, err)
		}
		want := run(t, source)
		got, broken := runBytecode(t, b, job(""))
		if broken || show(got) != show(want) || got.Operations != want.Operations {
			t.Errorf("program %d: %v, from its source %s", seed, got, show(want))
		}
	}
}

// mutants are the scripts of which every part is changed in turn. They use all
// that an instruction can do with a wrong operand: closures that are called when
// their variables are out of scope, calls with as many values as there are, keys and
// lists in registers.
var mutants = map[string]string{
	"closures": `local g, h local function up(a) return function() a = a + 1 return a end end
		for i = 1, 3 do local x = i g = function() x = x + 1 return x end h = up(x) g() h() end
		do local y = {1, 2} h = function() y = {y[1]} return y end h() end
		local function fact(n) if n <= 1 then return 1 end return n * fact(n - 1) end
		return {g(), h()[1], fact(5)}`,
	"values": `local function f(...) return ... end local function n(...) return select("#", ...) end
		local a, b = f(1, 2) local t = {f(1, 2), f(3, 4), x = 5, f(6, 7)} local u = {...}
		t.y, t.z = f(n(f(), f(1, 2))), (f(8)) return f(t, n((f(1, 2))), unpack(t))`,
	"loops": `local s = 0 for i = 1, 5 do for k, v in pairs({1, 2, i}) do s = s + k * v if s > 50 then break end end end
		while s > 10 do s = s - 7 end repeat local m = s s = s - 1 until m < 3
		local i = 1 ::top:: if i < 4 then i = i + 1 goto top end return s .. "/" .. i .. s`,
	"objects": `local C = {} C.__index = C C.__add = function(a, b) return a.v + b.v end function C:get(x) return self.v, x end
		local o = setmetatable({v = 3, [1] = "one", nested = {k = {l = 1}}}, C) o.v = o:get(1) + 1 o.nested.k.l = #o
		local a = o and o.v or nil local b = not a local c = a == 4 and "yes" or 5 b = a < 5 c = "x" <= "y"
		return {o + o, a, b, c, -a, #"abc", a % 3 ^ 2 / 4, o.nested.k.l}`,
	"coroutines": `local co = coroutine.wrap(function(...) local x = ... while true do x = coroutine.yield(x, ...) end end)
		local ok, e = pcall(function() local z = co(1) z = co(2) local t = nil return t.x end)
		local a, b, c = co(3) return {a, b, c, ok, e, pcall(error, {1})}`,
	"far constants": manyKeys,
}

var manyKeys = func() string {
	s := "local t = {k270 = {k271 = 1}}\n"
	for i := range 260 {
		s += fmt.Sprintf("t.k%d = %d\n", i, i)
	}
	return s + `t.k261, t.k270.k272 = t.k270.k271, t.k5 function t:k280(x) return self.k270, x end return {t:k280(t.k261), t.k270.k272}`
}()

// small are limits that let no mutant run for long.
func small(j *wire.Job) {
	for f, n := range map[limits.Field]int64{
		limits.MaxOperations: 3000, limits.MaxCallLevels: 20,
		limits.MaxStringSize: 2000, limits.MaxArraySize: 500, limits.MaxMapSize: 500,
	} {
		j.Limits.Set(f, n)
	}
}

// Whatever of a changed script is accepted runs like any other: the VM does not
// fail.
func TestChangedBytecodeIsRefusedOrSafe(t *testing.T) {
	for name, source := range mutants {
		t.Run(name, func(t *testing.T) {
			p := compiledScript(t, source)
			accepted, refused := 0, 0
			try := func(what string) {
				b, err := bytecode.Encode(p)
				if err != nil {
					refused++
					return
				}
				accepted++
				if _, broken := runBytecode(t, b, job("", small)); broken {
					t.Errorf("the VM fails with %s", what)
				}
			}
			mutate(p, try)
			t.Logf("%d accepted, %d refused", accepted, refused)
			if accepted == 0 || refused < accepted/10 {
				t.Error("the changes say nothing")
			}
		})
	}
}

// mutate changes every part of a function and of those in it, one at a time, and
// calls try with each change made.
func mutate(p *glua.FunctionProto, try func(what string)) {
	const most = 150 // instructions of a long function, its last
	for pc := max(0, len(p.Code)-most); pc < len(p.Code); pc++ {
		old := p.Code[pc]
		for _, change := range changes(p, pc, old) {
			p.Code[pc] = change
			try(fmt.Sprintf("instruction %d of line %d: %d %d %d %d for %d %d %d %d", pc, p.LineDefined,
				change>>26, change>>18&255, change&511, change>>9&511, old>>26, old>>18&255, old&511, old>>9&511))
		}
		p.Code[pc] = old
	}
	for _, field := range []*uint8{&p.NumUpvalues, &p.NumParameters, &p.IsVarArg, &p.NumUsedRegisters} {
		old := *field
		for _, n := range []uint8{0, 1, 2, 3, 4, old - 1, old + 1, 199, 200, 201, 255} {
			*field = n
			try(fmt.Sprintf("a number in the function of line %d: %d for %d", p.LineDefined, n, old))
		}
		*field = old
	}
	names := p.DbgUpvalues
	p.DbgUpvalues = append(names[:len(names):len(names)], "more")
	p.NumUpvalues++
	try(fmt.Sprintf("an upvalue more in the function of line %d", p.LineDefined))
	p.DbgUpvalues = names
	p.NumUpvalues--
	for i, child := range p.FunctionPrototypes {
		for _, other := range p.FunctionPrototypes {
			p.FunctionPrototypes[i] = other
			try(fmt.Sprintf("another function for that of line %d", child.LineDefined))
		}
		p.FunctionPrototypes[i] = child
		mutate(child, try)
	}
}

// changes are other instructions for the one at pc.
func changes(p *glua.FunctionProto, pc int, inst uint32) []uint32 {
	var list []uint32
	for op := uint32(0); op < 64; op++ {
		list = append(list, inst&(1<<26-1)|op<<26)
	}
	registers := uint32(p.NumUsedRegisters)
	around := func(n, most uint32) []uint32 {
		return []uint32{0, 1, 2, 3, n - 2, n - 1, n + 1, n + 2, registers - 1, registers, registers + 3,
			255, 256, 257, 256 + uint32(len(p.Constants)), most}
	}
	for _, n := range around(inst>>18&255, 255) {
		list = append(list, inst&^(255<<18)|n&255<<18)
	}
	for _, n := range around(inst>>9&511, 511) {
		list = append(list, inst&^(511<<9)|n&511<<9)
	}
	for _, n := range around(inst&511, 511) {
		list = append(list, inst&^511|n&511)
	}
	const zero = 1<<17 - 1
	for _, d := range []int{-pc - 2, -pc - 1, -pc, -3, -2, -1, 0, 1, 2, 3, len(p.Code) - pc - 2, len(p.Code) - pc - 1, len(p.Code) - pc} {
		list = append(list, inst&^(1<<18-1)|uint32(zero+d)&(1<<18-1))
	}
	// anything at all, with operands that exist
	r := rand.New(rand.NewPCG(uint64(pc), uint64(inst)))
	for range 20 {
		a, b, c := r.Uint32N(registers), r.Uint32N(registers+1), r.Uint32N(registers+1)
		if r.IntN(3) == 0 {
			c = 256 + r.Uint32N(uint32(len(p.Constants)+1))
		}
		list = append(list, r.Uint32N(42)<<26|a<<18|c&511<<9|b)
	}
	return list
}

// What a SETLIST that no compiler writes fills with nils is charged for.
func TestGapOfAListIsCharged(t *testing.T) {
	abc := func(op, a, b, c int) uint32 { return uint32(op<<26 | a<<18 | c<<9 | b) }
	p := compiledScript(t, "return 1")
	p.NumUsedRegisters = 4
	p.Code = []uint32{
		abc(glua.OP_LOADBOOL, 1, 1, 0), abc(glua.OP_NEWTABLE, 0, 0, 0),
		abc(glua.OP_SETLIST, 0, 1, 199), abc(glua.OP_RETURN, 0, 1, 0),
	}
	p.DbgSourcePositions = make([]int, len(p.Code))
	b, err := bytecode.Encode(p)
	if err != nil {
		t.Fatal(err)
	}
	r, broken := runBytecode(t, b, job(""))
	if least := int64(198 * glua.FieldsPerFlush / valuesPerOp); broken || r.Operations < least {
		t.Errorf("%s, %d operations, at least %d expected", show(r), r.Operations, least)
	}
}

// A form has the name of its script, which stands in each error.
func TestFormOfAnotherScript(t *testing.T) {
	in, err := New()
	if err != nil {
		t.Fatal(err)
	}
	compiled := in.Do(job("return 1", func(j *wire.Job) { j.Purpose, j.ScriptName = wire.Compile, "one" }), func(*wire.Log) {})
	for name, want := range map[string]wire.Status{"one": wire.StatusOK, "two": wire.StatusInvalidScript, "": wire.StatusInvalidScript} {
		in, err := New()
		if err != nil {
			t.Fatal(err)
		}
		r := in.Do(job("", func(j *wire.Job) { j.ScriptName, j.Compiled = name, compiled.Compiled }), func(*wire.Log) {})
		if r.Status != want {
			t.Errorf("as %q: %s", name, show(r))
		}
	}
}
