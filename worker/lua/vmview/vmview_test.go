package vmview

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	glua "github.com/yuin/gopher-lua"
)

func TestVerify(t *testing.T) {
	if err := Verify(); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyNoticesEveryKindOfDifference(t *testing.T) {
	type real struct {
		A int
		b *int
	}
	type mirror struct {
		A int
		b *string `vm:"*int"`
	}
	if err := same(reflect.TypeFor[real](), reflect.TypeFor[mirror]()); err != nil {
		t.Fatalf("equal layouts: %v", err)
	}
	type renamed struct {
		A int
		c *int
	}
	type retyped struct {
		A uint
		b *int
	}
	type hiddenRetyped struct {
		A int
		b *string `vm:"*uint"`
	}
	type moved struct {
		b *int
		A int
	}
	type longer struct {
		A int
		b *int
		c int
	}
	for name, m := range map[string]reflect.Type{
		"another name":        reflect.TypeFor[renamed](),
		"another type":        reflect.TypeFor[retyped](),
		"another hidden type": reflect.TypeFor[hiddenRetyped](),
		"another offset":      reflect.TypeFor[moved](),
		"one field more":      reflect.TypeFor[longer](),
	} {
		if same(reflect.TypeFor[real](), m) == nil {
			t.Errorf("%s: not noticed", name)
		}
	}
	if same(nil, reflect.TypeFor[mirror]()) == nil {
		t.Error("a missing structure: not noticed")
	}
	if pointee(reflect.TypeFor[real](), "none") != nil || pointee(reflect.TypeFor[real](), "A") != nil {
		t.Error("pointee invents a type")
	}
}

// The instruction set is not private, but its numbers and its encoding are
// taken for granted wherever an instruction is looked at.
func TestInstructionEncoding(t *testing.T) {
	if glua.OP_MOVE != 0 || glua.OP_CALL != 31 || glua.OP_NOP != 41 {
		t.Errorf("opcodes are numbered differently: MOVE %d, CALL %d, NOP %d", glua.OP_MOVE, glua.OP_CALL, glua.OP_NOP)
	}
	L := glua.NewState(glua.Options{SkipOpenLibs: true})
	defer L.Close()
	fn, err := L.Load(strings.NewReader("local a, b, c; a = b[c]"), "x")
	if err != nil {
		t.Fatal(err)
	}
	want := uint32(glua.OP_GETTABLE<<26 | 0<<18 | 2<<9 | 1)
	for _, inst := range fn.Proto.Code {
		if inst == want {
			return
		}
	}
	t.Errorf("no instruction %#x in %#x", want, fn.Proto.Code)
}

func TestCompleteNoticesAnotherTable(t *testing.T) {
	own := func(*glua.LState, uint32, *Frame) int { return 0 }
	for want, table := range map[string][]instruction{
		"opcode 0 does nothing": make([]instruction, len(instructions)),
		"opcode 1 does nothing": {own, nil},
		"is gone":               {own, own},
	} {
		if err := complete(table); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A loop of one's own, with Execute for every instruction, runs all that a script
// runs: calls from Go, metamethods, coroutines.
func TestReplaceLoop(t *testing.T) {
	L := glua.NewState()
	defer L.Close()
	counts := map[int]int{}
	var loop, original Loop
	loop = func(L *glua.LState, base *Frame) {
		s := Of(L)
		if s.Frame().Fn.IsG {
			original(L, base)
			return
		}
		for {
			f := s.Frame()
			inst := f.Fn.Proto.Code[f.Pc]
			f.Pc++
			counts[int(inst>>26)]++
			if Execute(L, inst, base) {
				return
			}
		}
	}
	original = Of(L).ReplaceLoop(loop)
	L.SetGlobal("watched", L.NewFunction(func(L *glua.LState) int {
		thread, _ := L.NewThread()
		Of(thread).ReplaceLoop(loop)
		_, err, values := L.Resume(thread, L.CheckFunction(1))
		if err != nil {
			t.Error(err)
		}
		for _, v := range values {
			L.Push(v)
		}
		return len(values)
	}))
	if err := L.DoString(`
		local meta = {__add = function(a, b) return a.n * b end}
		local ok, product = pcall(function(o) return o + 3 end, setmetatable({n = 2}, meta))
		local words = ("a b"):gsub("%a", function(c) return c .. c end)
		local eight = 8
		local quotient = watched(function() return eight / 4 end)
		result = product .. words .. quotient .. select("#", string.byte("abc", 1, 3))
	`); err != nil {
		t.Fatal(err)
	}
	if got := L.GetGlobal("result").String(); got != "6aa bb23" {
		t.Errorf("got %q", got)
	}
	if counts[glua.OP_MUL] != 1 || counts[glua.OP_DIV] != 1 || counts[glua.OP_CONCAT] != 3 {
		t.Errorf("instructions seen, by opcode: %v", counts)
	}
	L.RemoveContext()
	clear(counts)
	if err := L.DoString("x = 1"); err != nil || len(counts) != 0 {
		t.Errorf("RemoveContext does not put gopher-lua's own loop back: %v, %v", err, counts)
	}
}

func TestRegisters(t *testing.T) {
	r := &Registers{array: make([]glua.LValue, 4), top: 1}
	r.Set(2, glua.LTrue)
	r.Set(0, glua.LFalse)
	if r.Top() != 3 || r.Peek(2) != glua.LTrue || r.Get(0) != glua.LFalse {
		t.Errorf("top %d, registers %v", r.Top(), r.array)
	}
	if r.Peek(1) != nil || r.Get(1) != glua.LNil {
		t.Error("a register that was never written is not nil")
	}
}

func TestTable(t *testing.T) {
	tb := &glua.LTable{Metatable: glua.LNil}
	v := TableOf(tb)
	for i := 1; i <= 5; i++ {
		tb.RawSetInt(i, glua.LNumber(i))
	}
	tb.RawSetInt(5, glua.LNil)
	tb.RawSetInt(4, glua.LNil)
	tb.RawSetString("a", glua.LTrue)
	tb.RawSetString("b", glua.LTrue)
	tb.RawSetH(glua.LNumber(-1), glua.LTrue)
	tb.RawSetString("a", glua.LNil)
	if v.ArrayLen() != 5 || v.TrailingNils() != 2 || v.MapLen() != 2 {
		t.Errorf("array %d, trailing nils %d, map %d", v.ArrayLen(), v.TrailingNils(), v.MapLen())
	}
	if !v.Knows(glua.LString("a")) || v.Knows(glua.LString("c")) || v.Knows(glua.LNil) {
		t.Error("Knows is wrong")
	}
	for _, d := range []struct {
		from, to glua.LValue
		want     int
	}{
		{glua.LNil, glua.LNumber(1), 1},
		{glua.LNumber(3), glua.LString("b"), 3}, // two nils, the dead "a", then "b"
		{glua.LNumber(-1), glua.LNil, 1},
		{glua.LNil, glua.LNil, 8},
		{glua.LNumber(99), glua.LNumber(1), 0},
	} {
		if got := v.Distance(d.from, d.to); got != d.want {
			t.Errorf("from %v to %v: %d, want %d", d.from, d.to, got, d.want)
		}
	}
}

func TestUpvaluesOutliveACaughtError(t *testing.T) {
	L := glua.NewState()
	defer L.Close()
	s := Of(L)
	var open []int
	L.SetGlobal("probe", L.NewFunction(func(L *glua.LState) int {
		f := s.Frame()
		if !f.Fn.IsG || f.Parent == nil || f.LocalBase < 0 || f.LocalBase >= len(s.Registers().array) {
			t.Error("the running frame is not the one that was called")
		}
		if s.Registers().Get(f.LocalBase) != glua.LNumber(7) || s.Registers().Top() != f.LocalBase+1 {
			t.Error("the argument is not in its register")
		}
		open = append(open, s.OpenUpvalues())
		return 0
	}))
	s.KeepUpvalues()
	if err := L.DoString(`
		local x, y, z = 1, 2, 3
		f = function() x = x + 1; y = y + 1; z = z + 1; return x, y, z end
		probe(7)
	`); err != nil {
		t.Fatal(err)
	}
	if len(open) != 1 || open[0] != 3 {
		t.Errorf("open upvalues: %v, want 3", open)
	}
	if s.OpenUpvalues() != 0 {
		t.Error("upvalues stay open after the function's end")
	}
}

func TestCloseUpvalues(t *testing.T) {
	L := glua.NewState()
	defer L.Close()
	s := Of(L)
	L.SetGlobal("closeSecond", L.NewFunction(func(L *glua.LState) int {
		s.CloseUpvalues(s.Frame().Parent.LocalBase + 1)
		return 0
	}))
	if err := L.DoString(`
		local a, b = 1, 2
		local function get() return a, b end
		closeSecond()
		a, b = 10, 20
		ra, rb = get()
	`); err != nil {
		t.Fatal(err)
	}
	if a, b := L.GetGlobal("ra"), L.GetGlobal("rb"); a != glua.LNumber(10) || b != glua.LNumber(2) {
		t.Errorf("got %v and %v: only the second variable was to be detached", a, b)
	}
}

func TestForget(t *testing.T) {
	L := glua.NewState()
	defer L.Close()
	table := L.NewTable()
	view := TableOf(table)
	for i := range 10 {
		table.RawSetString(fmt.Sprint("k", i), glua.LTrue)
		table.RawSet(glua.LNumber(-i), glua.LTrue)
	}
	for i := range 10 {
		if i != 3 {
			table.RawSetString(fmt.Sprint("k", i), glua.LNil)
			table.RawSet(glua.LNumber(-i), glua.LNil)
		}
	}
	if view.Keys() != 20 || view.MapLen() != 2 {
		t.Fatalf("%d keys, %d live: gopher-lua forgets by itself", view.Keys(), view.MapLen())
	}
	view.Forget()
	if view.Keys() != 2 || !view.Knows(glua.LString("k3")) || !view.Has(glua.LNumber(-3)) || view.Knows(glua.LString("k4")) || view.Has(glua.LNumber(-4)) {
		t.Fatalf("%d keys are left", view.Keys())
	}
	table.RawSetString("new", glua.LTrue)
	var order []string
	for k, _ := table.Next(glua.LNil); k != glua.LNil; k, _ = table.Next(k) {
		order = append(order, k.String())
	}
	if got := strings.Join(order, " "); got != "k3 -3 new" {
		t.Errorf("the keys are %s", got)
	}
}
