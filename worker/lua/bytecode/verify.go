package bytecode

import (
	"math/bits"

	glua "github.com/yuin/gopher-lua"
)

const (
	// maxRegisters is how many registers a function may use, by gopher-lua's
	// compiler. It does not count those that only closures are made in, and
	// those of a for loop's variables that are never used.
	maxRegisters = 200

	// addressable is how many registers an instruction can address.
	addressable = 256

	// isConstant is set in an operand that stands for a constant, not a register.
	isConstant = 256

	// zeroJump is what stands in a jump to the next instruction.
	zeroJump = 1<<17 - 1
)

func opcode(inst uint32) int { return int(inst >> 26) }
func argA(inst uint32) int   { return int(inst>>18) & 0xff }
func argB(inst uint32) int   { return int(inst & 0x1ff) }
func argC(inst uint32) int   { return int(inst>>9) & 0x1ff }
func argBx(inst uint32) int  { return int(inst & 0x3ffff) }

// destination is where a jump at pc leads, if that is in the code.
func destination(pc int, inst uint32) int { return pc + 1 + argBx(inst) - zeroJump }

// verify fails unless all functions of a script are safe to run.
func verify(main *glua.FunctionProto, source string) {
	if main.NumUpvalues != 0 {
		fail("the main function has upvalues")
	}
	v := &verifier{source: source}
	v.functions(main, 0)
}

// verifier goes over one function after the other. Its first pass, over all
// instructions, looks at each by itself; the second, in flow.go, at those that
// can be reached, in the order in which they are.
type verifier struct {
	source string
	p      *glua.FunctionProto
	pc     int

	width   int    // words of a register set that are used
	targets bitmap // instructions that are jumped to
	inner   bitmap // words that belong to the instruction before
	flow
}

func (v *verifier) functions(p *glua.FunctionProto, depth int) {
	if depth > maxNesting {
		fail("its functions nest too deep")
	}
	v.function(p)
	for _, child := range p.FunctionPrototypes {
		v.functions(child, depth+1)
	}
}

func (v *verifier) function(p *glua.FunctionProto) {
	v.p = p
	v.debug(p)
	verifyFront(p)
	v.width = (int(p.NumUsedRegisters) + 63) / 64
	v.targets.reset(len(p.Code))
	v.inner.reset(len(p.Code))
	for v.pc = 0; v.pc < len(p.Code); v.pc++ {
		v.instruction(p.Code[v.pc])
	}
	if len(p.Code) == 0 || opcode(p.Code[len(p.Code)-1]) != glua.OP_RETURN || v.inner.has(len(p.Code)-1) {
		fail("a function does not end with a return")
	}
	for i := range v.targets.words {
		if v.targets.words[i]&v.inner.words[i] != 0 {
			fail("a jump leads into an instruction")
		}
	}
	v.run()
}

// verifyFront checks what the VM makes a function's frame of.
func verifyFront(p *glua.FunctionProto) {
	if n := int(p.NumUsedRegisters); n < 2 || n <= int(p.NumParameters) || n > maxRegisters {
		fail("a function uses %d registers", n)
	}
	if p.IsVarArg != 0 && p.IsVarArg != glua.VarArgIsVarArg {
		fail("a function takes its arguments in an unknown way")
	}
}

// debug checks what error messages are made of.
func (v *verifier) debug(p *glua.FunctionProto) {
	ok := func(n int) bool { return n >= -1 && n <= maxNumber }
	if p.SourceName != v.source {
		fail("a function has another source")
	}
	if p.LineDefined < 0 || p.LastLineDefined < 0 || !ok(p.LineDefined) || !ok(p.LastLineDefined) {
		fail("a function's lines are none")
	}
	if len(p.DbgSourcePositions) != len(p.Code) {
		fail("there are not as many lines as instructions")
	}
	for _, line := range p.DbgSourcePositions {
		if line < 0 || !ok(line) {
			fail("an instruction's line is none")
		}
	}
	if len(p.DbgUpvalues) != int(p.NumUpvalues) {
		fail("there are not as many names as upvalues")
	}
	for _, l := range p.DbgLocals {
		if !ok(l.StartPc) || !ok(l.EndPc) {
			fail("a variable's scope is out of range")
		}
	}
	for _, c := range p.DbgCalls {
		if !ok(c.Pc) {
			fail("a call's place is out of range")
		}
	}
}

func (v *verifier) fail(what string) {
	fail("instruction %d of the function on line %d: %s", v.pc, v.p.LineDefined, what)
}

func (v *verifier) require(ok bool, what string) {
	if !ok {
		v.fail(what)
	}
}

// instruction checks an instruction by itself, and steps over the words that
// belong to it.
func (v *verifier) instruction(inst uint32) {
	a, b, c := argA(inst), argB(inst), argC(inst)
	switch opcode(inst) {
	case glua.OP_MOVE:
		v.destination(a)
		v.register(b)
	case glua.OP_MOVEN:
		v.destination(a)
		v.register(b)
		v.require(c < len(v.p.Code)-v.pc, "it goes on behind the code")
		for _, next := range v.p.Code[v.pc+1 : v.pc+1+c] {
			v.require(opcode(next) == glua.OP_MOVE, "it is not followed by moves")
		}
	case glua.OP_LOADK:
		v.destination(a)
		v.constant(argBx(inst))
	case glua.OP_LOADBOOL:
		v.destination(a)
		v.require(b <= 1 && c <= 1, "a truth value is none")
		if c == 1 {
			v.target(v.pc + 2)
		}
	case glua.OP_LOADNIL:
		v.require(a <= b && b < int(v.p.NumUsedRegisters), "its registers are none")
	case glua.OP_GETUPVAL:
		v.destination(a)
		v.upvalue(b)
	case glua.OP_SETUPVAL:
		v.upvalue(b)
	case glua.OP_GETGLOBAL:
		v.destination(a)
		v.text(argBx(inst))
	case glua.OP_SETGLOBAL:
		v.text(argBx(inst))
	case glua.OP_GETTABLE:
		v.destination(a)
		v.register(b)
		v.operand(c)
	case glua.OP_GETTABLEKS:
		v.destination(a)
		v.register(b)
		v.key(c)
	case glua.OP_SETTABLE:
		v.operand(b)
		v.operand(c)
	case glua.OP_SETTABLEKS:
		v.key(b)
		v.operand(c)
	case glua.OP_NEWTABLE:
		v.destination(a)
		// every item takes an instruction
		v.require(b+c < len(v.p.Code)-v.pc, "it makes room for more than can come")
	case glua.OP_SELF:
		v.destination(a + 1)
		v.register(b)
		v.key(c)
	case glua.OP_ADD, glua.OP_SUB, glua.OP_MUL, glua.OP_DIV, glua.OP_MOD, glua.OP_POW:
		v.destination(a)
		v.operand(b)
		v.operand(c)
	case glua.OP_UNM, glua.OP_NOT, glua.OP_LEN:
		v.destination(a)
		v.register(b)
	case glua.OP_CONCAT:
		v.destination(a)
		v.register(c)
		v.require(b < c, "it joins fewer than two values")
	case glua.OP_JMP:
		v.target(destination(v.pc, inst))
	case glua.OP_EQ, glua.OP_LT, glua.OP_LE:
		v.require(a <= 1, "a truth value is none")
		v.operand(b)
		v.operand(c)
		v.jumpFollows()
	case glua.OP_TEST:
		v.require(c <= 1, "a truth value is none")
		v.jumpFollows()
	case glua.OP_TESTSET:
		v.destination(a)
		v.register(b)
		v.require(c <= 1, "a truth value is none")
		v.jumpFollows()
	case glua.OP_CALL:
		v.require(a+b <= addressable && a+c-1 <= int(v.p.NumUsedRegisters), "its registers are none")
		if c == 0 {
			v.consumerFollows()
		}
	case glua.OP_TAILCALL:
		v.require(a+b <= addressable && c == 0, "its registers are none")
		v.require(opcode(v.next()) == glua.OP_RETURN, "no return follows")
	case glua.OP_RETURN:
		v.require(a+b-1 <= addressable, "its registers are none")
	case glua.OP_FORPREP:
		to := destination(v.pc, inst)
		v.target(to)
		v.require(opcode(v.p.Code[to]) == glua.OP_FORLOOP && argA(v.p.Code[to]) == a, "it does not lead to its loop")
	case glua.OP_FORLOOP:
		v.require(a+4 <= maxRegisters, "its registers are none")
		v.widen(a + 3)
		v.target(destination(v.pc, inst))
	case glua.OP_TFORLOOP:
		v.require(c >= 1 && a+3+c <= maxRegisters, "its registers are none")
		v.widen(a + 2 + c)
		v.require(opcode(v.next()) == glua.OP_JMP, "no jump follows")
		v.inner.set(v.pc + 1)
	case glua.OP_SETLIST:
		// The compiler would put the number of a list that does not fit in the next
		// word, but package syntax refuses constructors of that size.
		v.require(a+b < addressable && c >= 1, "its list is none")
	case glua.OP_CLOSE:
		v.require(a <= maxRegisters, "its register is none")
	case glua.OP_CLOSURE:
		v.widen(a)
		v.require(argBx(inst) < len(v.p.FunctionPrototypes), "its function is none")
		v.captures(int(v.p.FunctionPrototypes[argBx(inst)].NumUpvalues))
	case glua.OP_VARARG:
		v.require(v.p.IsVarArg != 0, "the function has no variable arguments")
		v.require(a+b-1 <= int(v.p.NumUsedRegisters), "its registers are none")
		if b == 0 {
			v.consumerFollows()
		}
	case glua.OP_NOP:
	default:
		v.fail("its opcode is none")
	}
}

// captures checks the words behind a closure, which say what its upvalues are.
func (v *verifier) captures(n int) {
	v.require(n < len(v.p.Code)-v.pc, "it goes on behind the code")
	for range n {
		v.pc++
		v.inner.set(v.pc)
		switch word := v.p.Code[v.pc]; opcode(word) {
		case glua.OP_MOVE:
			v.register(argB(word))
		case glua.OP_GETUPVAL:
			v.upvalue(argB(word))
		default:
			v.fail("it is no upvalue")
		}
	}
}

// destination is for a register that is written.
func (v *verifier) destination(r int) {
	v.require(r < int(v.p.NumUsedRegisters), "its destination is not in use")
}

// register is for one that is read. Whether there is a value in it is for the
// second pass.
func (v *verifier) register(r int) { v.require(r < addressable, "its register is none") }

// widen is for a register that the function does not count.
func (v *verifier) widen(r int) { v.width = max(v.width, r/64+1) }

func (v *verifier) constant(i int) { v.require(i < len(v.p.Constants), "its constant is none") }

// text is for a constant that is a string.
func (v *verifier) text(i int) {
	v.constant(i)
	_, ok := v.p.Constants[i].(glua.LString)
	v.require(ok, "its constant is no string")
}

// operand is for a register or a constant.
func (v *verifier) operand(i int) {
	if i&isConstant != 0 {
		v.constant(i &^ isConstant)
	}
}

// key is for a register or a constant with a string.
func (v *verifier) key(i int) {
	if i&isConstant != 0 {
		v.text(i &^ isConstant)
	}
}

func (v *verifier) upvalue(i int) { v.require(i < int(v.p.NumUpvalues), "its upvalue is none") }

func (v *verifier) target(pc int) {
	v.require(pc >= 0 && pc < len(v.p.Code), "it leads out of the code")
	v.targets.set(pc)
}

// next is the word behind the instruction.
func (v *verifier) next() uint32 {
	v.require(v.pc+1 < len(v.p.Code), "nothing follows")
	return v.p.Code[v.pc+1]
}

// jumpFollows is for a test, which steps over the next instruction or not. The
// compiler makes a jump to the next instruction one that does nothing.
func (v *verifier) jumpFollows() {
	op := opcode(v.next())
	v.require(op == glua.OP_JMP || op == glua.OP_NOP, "no jump follows")
	v.inner.set(v.pc + 1)
}

// consumerFollows is for an instruction that gives as many values as there are:
// the next one takes them.
func (v *verifier) consumerFollows() {
	next := v.next()
	switch opcode(next) {
	case glua.OP_CALL, glua.OP_TAILCALL, glua.OP_RETURN, glua.OP_SETLIST:
		v.require(argB(next) == 0, "nothing takes what it gives")
	default:
		v.fail("nothing takes what it gives")
	}
}

// bitmap has a bit for every instruction.
type bitmap struct {
	words []uint64
}

func (m *bitmap) reset(n int) {
	n = (n + 63) / 64
	if cap(m.words) < n {
		m.words = make([]uint64, n)
		return
	}
	m.words = m.words[:n]
	clear(m.words)
}

func (m *bitmap) set(i int)      { m.words[i/64] |= 1 << (i % 64) }
func (m *bitmap) has(i int) bool { return m.words[i/64]>>(i%64)&1 != 0 }

// after gives the first bit set from i on, n without one.
func (m *bitmap) after(i, n int) int {
	for w := i / 64; w < len(m.words); w++ {
		word := m.words[w]
		if w == i/64 {
			word &= ^uint64(0) << (i % 64)
		}
		if word != 0 {
			return w*64 + bits.TrailingZeros64(word)
		}
	}
	return n
}
