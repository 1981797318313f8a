package bytecode

import (
	"math/bits"

	glua "github.com/yuin/gopher-lua"
)

// maxPasses bounds how often an instruction is looked at, on average. One in a loop
// that empties registers is looked at twice, however deep its loops nest.
const maxPasses = 32

// flow follows all ways through a function at once, with what is known of the
// registers on each: where ways meet, what is known on all of them. It fails where
// an instruction reads a register that may be empty, or may not have the type that
// the VM takes for granted.
//
// At its beginning a function has nil in all registers it uses but the last, which
// gopher-lua loses in a tail call. A call, the end of a for loop, and what gives or
// takes a variable number of values leave the registers above their results
// empty: gopher-lua keeps no nil there. The variables that functions captured may
// not be among them, nor above a call's function, where the called one has its
// registers: whoever has the variable would read what is not its own.
type flow struct {
	frame
	live bool // the instruction can be reached
	open int  // where the values end that the instruction before gave, or begin if it gave as many as there are; else -1
	back int  // the first instruction that is to be looked at again

	before []int    // for every 64 instructions, how many jump targets there are before
	known  []uint64 // for every target, the frame's parts
	seen   []bool   // for every target, whether it can be reached
}

// run does the second pass over a function.
func (v *verifier) run() {
	code := v.p.Code
	v.labels()
	v.frame = frame{}
	for r := range int(v.p.NumUsedRegisters) - 1 {
		v.valued.add(r)
	}
	v.live, v.open = true, -1
	budget := maxPasses * len(code)
	for pc := 0; pc < len(code); {
		v.pc = pc
		if v.targets.has(pc) {
			if v.live {
				v.join(&v.frame, pc)
			}
			v.load(pc)
		}
		if !v.live {
			pc = v.targets.after(pc+1, len(code))
			continue
		}
		if budget--; budget < 0 {
			fail("a function's loops nest too deep")
		}
		v.back = len(code)
		pc += v.step(code[pc])
		if v.back < pc {
			// The way that goes on here is followed when this place is reached again.
			pc, v.live, v.open = v.back, false, -1
		}
	}
	v.require(!v.live, "the code ends")
}

// labels makes room for what is known at each jump target.
func (v *verifier) labels() {
	v.before = v.before[:0]
	n := 0
	for _, w := range v.targets.words {
		v.before = append(v.before, n)
		n += bits.OnesCount64(w)
	}
	v.seen = room(v.seen, n)
	v.known = room(v.known, n*v.width*len(v.parts()))
	clear(v.seen)
}

// room gives a slice of n elements, an old one if it has room for them.
func room[T any](old []T, n int) []T {
	if cap(old) >= n {
		return old[:n]
	}
	return make([]T, n)
}

// label gives a jump target's number, and what is known there.
func (v *verifier) label(pc int) (int, []uint64) {
	n := v.before[pc/64] + bits.OnesCount64(v.targets.words[pc/64]&(1<<(pc%64)-1))
	size := v.width * len(v.parts())
	return n, v.known[n*size : (n+1)*size]
}

// join adds a way to a jump target.
func (v *verifier) join(f *frame, to int) {
	n, known := v.label(to)
	changed := !v.seen[n]
	for i, part := range f.parts() {
		for j := range v.width {
			k := &known[i*v.width+j]
			met := *k & part[j]
			if part == &f.captured {
				met = *k | part[j]
			}
			if !v.seen[n] {
				met = part[j]
			}
			changed = changed || met != *k
			*k = met
		}
	}
	v.seen[n] = true
	if changed && to <= v.pc {
		v.back = min(v.back, to)
	}
}

// load goes on with what is known at a jump target.
func (v *verifier) load(pc int) {
	n, known := v.label(pc)
	v.live, v.open = v.seen[n], -1
	v.frame = frame{}
	for i, part := range v.parts() {
		copy(part[:v.width], known[i*v.width:])
	}
}

// step checks what an instruction reads and notes what it writes. It gives how far
// it is to the next one.
func (v *verifier) step(inst uint32) int {
	a, b, c := argA(inst), argB(inst), argC(inst)
	open := v.open
	v.open = -1
	switch opcode(inst) {
	case glua.OP_MOVE, glua.OP_MOVEN: // the moves behind the latter follow by themselves
		// The compiler copies the register of a call that gives nothing, in
		// local a = 1, (b and c()), and makes no use of the copy.
		v.require(v.valued.has(b) || b < int(v.p.NumUsedRegisters) && !v.captured.has(a), "its register may be empty")
		v.move(a, b)
	case glua.OP_LOADK:
		v.set(a)
		if _, ok := v.p.Constants[argBx(inst)].(glua.LString); ok {
			v.setText(a)
		}
	case glua.OP_LOADBOOL:
		v.set(a)
		if c == 1 {
			v.jump(v.pc + 2)
		}
	case glua.OP_LOADNIL:
		for r := a; r <= b; r++ {
			v.set(r)
		}
	case glua.OP_GETUPVAL, glua.OP_GETGLOBAL:
		v.set(a)
	case glua.OP_SETUPVAL, glua.OP_SETGLOBAL:
		v.reads(a)
	case glua.OP_GETTABLE, glua.OP_ADD, glua.OP_SUB, glua.OP_MUL, glua.OP_DIV, glua.OP_MOD, glua.OP_POW:
		v.reads(b)
		v.reads(c)
		v.set(a)
	case glua.OP_GETTABLEKS:
		v.reads(b)
		v.readsText(c)
		v.set(a)
	case glua.OP_SETTABLE:
		v.reads(a)
		v.reads(b)
		v.reads(c)
	case glua.OP_SETTABLEKS:
		v.reads(a)
		v.readsText(b)
		v.reads(c)
	case glua.OP_NEWTABLE:
		v.setTable(a)
	case glua.OP_SELF:
		v.reads(b)
		v.readsText(c)
		v.set(a)
		v.set(a + 1)
	case glua.OP_UNM, glua.OP_NOT, glua.OP_LEN:
		v.reads(b)
		v.set(a)
	case glua.OP_CONCAT:
		v.readsRange(b, c+1)
		v.set(a)
	case glua.OP_JMP:
		v.jump(destination(v.pc, inst))
	case glua.OP_EQ, glua.OP_LT, glua.OP_LE:
		v.reads(b)
		v.reads(c)
		return v.test(v.frame)
	case glua.OP_TEST:
		v.reads(a)
		return v.test(v.frame)
	case glua.OP_TESTSET:
		v.reads(b)
		taken := v.frame
		taken.move(a, b)
		return v.test(taken)
	case glua.OP_CALL:
		v.call(a, b, open)
		v.results(a, c)
	case glua.OP_TAILCALL:
		v.call(a, b, open)
		v.live = false
	case glua.OP_RETURN:
		v.readsSpan(a, b-1, open)
		v.live = false
	case glua.OP_FORPREP:
		v.readsRange(a, a+3)
		for r := a; r < a+3; r++ { // the interpreter makes numbers of strings here
			v.set(r)
		}
		v.jump(destination(v.pc, inst))
	case glua.OP_FORLOOP:
		v.readsRange(a, a+3)
		v.set(a)
		v.releases(a + 4)
		again := v.frame
		again.set(a + 3)
		again.truncate(a + 4) // the body needs no more
		v.join(&again, destination(v.pc, inst))
		v.empty(a + 1)
	case glua.OP_TFORLOOP:
		v.readsRange(a, a+3)
		v.results(a+3, c+1)
		again := v.frame
		again.set(a + 2)
		v.join(&again, destination(v.pc+1, v.p.Code[v.pc+1]))
		return 2
	case glua.OP_SETLIST:
		v.require(v.tables.has(a), "it may not have a table")
		if b == 0 {
			b = -1
		}
		v.readsSpan(a+1, b, open)
	case glua.OP_CLOSE:
		v.captured.removeFrom(a)
	case glua.OP_CLOSURE:
		v.set(a)
		n := int(v.p.FunctionPrototypes[argBx(inst)].NumUpvalues)
		for _, word := range v.p.Code[v.pc+1 : v.pc+1+n] {
			if opcode(word) == glua.OP_MOVE {
				v.reads(argB(word))
				v.capture(argB(word))
			}
		}
		return 1 + n
	case glua.OP_VARARG:
		v.results(a, b)
	}
	return 1
}

// jump goes to another place, and nowhere else.
func (v *verifier) jump(to int) {
	v.join(&v.frame, to)
	v.live = false
}

// test is for an instruction that does the jump behind it, with frame taken, or goes on
// behind that.
func (v *verifier) test(taken frame) int {
	next := v.p.Code[v.pc+1]
	if opcode(next) == glua.OP_JMP {
		v.join(&taken, destination(v.pc+1, next))
	} else {
		v.meet(&taken)
	}
	return 2
}

// meet is for two ways that lead to the same next instruction.
func (v *verifier) meet(other *frame) {
	theirs := other.parts()
	for i, part := range v.parts() {
		for j := range part {
			if part == &v.captured {
				part[j] |= theirs[i][j]
			} else {
				part[j] &= theirs[i][j]
			}
		}
	}
}

// call is for calling the function in a with b-1 arguments, or with those that the
// instruction before gave if b is 0.
func (v *verifier) call(a, b, open int) {
	v.reads(a)
	v.readsSpan(a+1, b-1, open)
}

// results is for what leaves c-1 values from a on, or an unknown number if c is 0, and
// nothing above.
func (v *verifier) results(a, c int) {
	v.empty(a)
	for r := a; r < a+c-1; r++ {
		v.set(r)
	}
	v.open = a + max(c-1, 0)
}

// empty is for what empties r and all registers above, or lets a called function use them.
func (v *verifier) empty(r int) {
	v.releases(r)
	v.truncate(r)
}

func (v *verifier) releases(r int) {
	v.require(!v.captured.anyFrom(r), "a captured variable loses its register")
}

// reads is for an operand that must have a value, which constants do.
func (v *verifier) reads(i int) {
	if i&isConstant == 0 && !v.valued.has(i) {
		v.fail("its register may be empty")
	}
}

// readsText is for an operand that must have a string. That a constant does, the first
// pass has checked.
func (v *verifier) readsText(i int) {
	if i&isConstant == 0 && !v.texts.has(i) {
		v.fail("its register may not have a string")
	}
}

func (v *verifier) readsRange(from, to int) {
	v.require(v.valued.hasRange(from, to), "its register may be empty")
}

// readsSpan is for n values from a register on, or for those up to where the instruction
// before ended if n is negative.
func (v *verifier) readsSpan(from, n, open int) {
	v.require(n >= 0 || open >= from, "nothing gives its values")
	if n < 0 {
		n = open - from
	}
	v.readsRange(from, from+n)
}
