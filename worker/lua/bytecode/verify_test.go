package bytecode

import (
	"strings"
	"testing"

	glua "github.com/yuin/gopher-lua"
)

func abc(op, a, b, c int) uint32 { return uint32(op<<26 | a<<18 | c<<9 | b) }
func abx(op, a, bx int) uint32   { return uint32(op<<26 | a<<18 | bx) }
func jump(op, a, by int) uint32  { return abx(op, a, zeroJump+by) }

// What must be refused, each after the instructions that make it possible. The
// function has six registers, the constants "text" and 1, and two functions in it:
// the second takes two upvalues.
func TestVerifyRefuses(t *testing.T) {
	const text, number = isConstant, isConstant + 1
	open := abc(glua.OP_CALL, 1, 1, 0)
	captured := []uint32{abx(glua.OP_CLOSURE, 0, 1), abc(glua.OP_MOVE, 0, 2, 0), abc(glua.OP_MOVE, 0, 0, 0)}
	for _, c := range []struct {
		want string
		code []uint32
	}{
		{"opcode is none", []uint32{abc(glua.OP_NOP+1, 0, 0, 0)}},
		{"opcode is none", []uint32{^uint32(0)}},
		{"destination", []uint32{abc(glua.OP_MOVE, 6, 0, 0)}},
		{"destination", []uint32{abc(glua.OP_SELF, 5, 0, text)}},
		{"register is none", []uint32{abc(glua.OP_MOVE, 0, 256, 0)}},
		{"register is none", []uint32{abc(glua.OP_NOT, 0, 256, 0)}},
		{"register is none", []uint32{abc(glua.OP_GETTABLE, 0, 256, 0)}},
		{"register is none", []uint32{abc(glua.OP_CONCAT, 0, 0, 256)}},
		{"may be empty", []uint32{abc(glua.OP_NOT, 0, 6, 0)}},
		{"may be empty", []uint32{abc(glua.OP_NOT, 0, 5, 0)}}, // lost in a tail call
		{"may be empty", []uint32{abc(glua.OP_ADD, 0, 0, 200)}},
		{"may be empty", []uint32{abc(glua.OP_MOVE, 0, 7, 0)}},
		{"may be empty", []uint32{abc(glua.OP_CALL, 2, 1, 1), abc(glua.OP_NOT, 0, 2, 0)}},
		{"may be empty", []uint32{abc(glua.OP_CALL, 1, 1, 3), abc(glua.OP_NOT, 0, 3, 0)}},
		{"may be empty", []uint32{abc(glua.OP_VARARG, 1, 2, 0), abc(glua.OP_NOT, 0, 2, 0)}},
		{"may be empty", []uint32{abc(glua.OP_CALL, 4, 3, 1)}},
		{"may be empty", []uint32{abc(glua.OP_CONCAT, 0, 4, 5)}},
		{"may be empty", []uint32{abc(glua.OP_RETURN, 4, 3, 0)}},
		{"may be empty", []uint32{abc(glua.OP_TEST, 0, 0, 0), jump(glua.OP_JMP, 0, 1), abc(glua.OP_CALL, 2, 1, 1), abc(glua.OP_NOT, 0, 3, 0)}},
		{"may be empty", []uint32{abc(glua.OP_TESTSET, 5, 0, 0), jump(glua.OP_JMP, 0, 0), abc(glua.OP_NOT, 0, 5, 0)}},
		{"may be empty", []uint32{abc(glua.OP_NOT, 0, 3, 0), abc(glua.OP_CALL, 2, 1, 1), jump(glua.OP_JMP, 0, -3)}},
		{"may be empty", []uint32{jump(glua.OP_FORPREP, 0, 0), jump(glua.OP_FORLOOP, 0, -1), abc(glua.OP_NOT, 0, 1, 0)}},
		{"may be empty", []uint32{abc(glua.OP_TFORLOOP, 0, 0, 1), jump(glua.OP_JMP, 0, 0), abc(glua.OP_NOT, 0, 4, 0)}},
		{"constant is none", []uint32{abx(glua.OP_LOADK, 0, 2)}},
		{"constant is none", []uint32{abc(glua.OP_EQ, 0, 0, isConstant+2), jump(glua.OP_JMP, 0, 0)}},
		{"constant is none", []uint32{abx(glua.OP_GETGLOBAL, 0, 2)}},
		{"constant is no string", []uint32{abx(glua.OP_GETGLOBAL, 0, 1)}},
		{"constant is no string", []uint32{abx(glua.OP_SETGLOBAL, 0, 1)}},
		{"constant is no string", []uint32{abc(glua.OP_GETTABLEKS, 0, 0, number)}},
		{"constant is no string", []uint32{abc(glua.OP_SETTABLEKS, 0, number, 0)}},
		{"constant is no string", []uint32{abc(glua.OP_SELF, 0, 0, number)}},
		{"may not have a string", []uint32{abc(glua.OP_GETTABLEKS, 0, 0, 1)}},
		{"may not have a string", []uint32{abx(glua.OP_LOADK, 1, 1), abc(glua.OP_SETTABLEKS, 0, 1, 0)}},
		{"may not have a string", []uint32{abx(glua.OP_LOADK, 2, 0), captured[0], captured[1], captured[2], abc(glua.OP_GETTABLEKS, 0, 0, 2)}},
		{"may not have a string", []uint32{captured[0], captured[1], captured[2], abx(glua.OP_LOADK, 2, 0), abc(glua.OP_GETTABLEKS, 0, 0, 2)}},
		{"may not have a string", []uint32{abx(glua.OP_LOADK, 2, 0), jump(glua.OP_FORPREP, 0, 0), jump(glua.OP_FORLOOP, 0, 0), abc(glua.OP_GETTABLEKS, 0, 0, 2)}},
		{"may not have a table", []uint32{abc(glua.OP_SETLIST, 0, 1, 1)}},
		{"may not have a table", []uint32{abc(glua.OP_NEWTABLE, 0, 0, 0), abc(glua.OP_TEST, 1, 0, 0), jump(glua.OP_JMP, 0, 1), abc(glua.OP_LOADNIL, 0, 0, 0), abc(glua.OP_SETLIST, 0, 1, 1)}},
		{"list is none", []uint32{abc(glua.OP_NEWTABLE, 0, 0, 0), abc(glua.OP_SETLIST, 0, 1, 0)}},
		{"room for more", []uint32{abc(glua.OP_NEWTABLE, 0, 300, 300)}},
		{"upvalue is none", []uint32{abc(glua.OP_GETUPVAL, 0, 0, 0)}},
		{"upvalue is none", []uint32{abc(glua.OP_SETUPVAL, 0, 0, 0)}},
		{"upvalue is none", []uint32{captured[0], captured[1], abc(glua.OP_GETUPVAL, 0, 0, 0)}},
		{"no upvalue", []uint32{captured[0], captured[1], abc(glua.OP_NOP, 0, 0, 0)}},
		{"function is none", []uint32{abx(glua.OP_CLOSURE, 0, 2)}},
		{"goes on behind", []uint32{captured[0]}},
		{"goes on behind", []uint32{abc(glua.OP_MOVEN, 0, 0, 9)}},
		{"not followed by moves", []uint32{abc(glua.OP_MOVEN, 0, 0, 1)}},
		{"loses its register", append(captured[:3:3], abc(glua.OP_CALL, 1, 1, 1))},
		{"loses its register", append(captured[:3:3], abc(glua.OP_VARARG, 1, 2, 0))},
		{"loses its register", append(captured[:3:3], abc(glua.OP_TFORLOOP, 0, 0, 1), jump(glua.OP_JMP, 0, 0), abc(glua.OP_CALL, 0, 1, 1))},
		{"loses its register", append(captured[:3:3], jump(glua.OP_FORPREP, 0, 0), jump(glua.OP_FORLOOP, 0, -1))},
		{"may be empty", append(captured[:3:3], abc(glua.OP_CALL, 4, 1, 1), abc(glua.OP_MOVE, 2, 4, 0))},
		{"leads out", []uint32{jump(glua.OP_JMP, 0, 9)}},
		{"leads out", []uint32{jump(glua.OP_JMP, 0, -2)}},
		{"leads out", []uint32{abc(glua.OP_LOADBOOL, 0, 0, 1)}},
		{"leads out", []uint32{jump(glua.OP_FORLOOP, 0, -9)}},
		{"to its loop", []uint32{jump(glua.OP_FORPREP, 0, 0)}},
		{"to its loop", []uint32{jump(glua.OP_FORPREP, 0, 0), jump(glua.OP_FORLOOP, 1, -1)}},
		{"into an instruction", append(captured[:3:3], jump(glua.OP_JMP, 0, -2))},
		{"into an instruction", []uint32{abc(glua.OP_TEST, 0, 0, 0), jump(glua.OP_JMP, 0, 0), jump(glua.OP_JMP, 0, -2)}},
		{"no jump follows", []uint32{abc(glua.OP_TEST, 0, 0, 0)}},
		{"no jump follows", []uint32{abc(glua.OP_TFORLOOP, 0, 0, 1)}},
		{"no return follows", []uint32{abc(glua.OP_TAILCALL, 0, 1, 0), abc(glua.OP_NOP, 0, 0, 0)}},
		{"truth value", []uint32{abc(glua.OP_LOADBOOL, 0, 2, 0)}},
		{"truth value", []uint32{abc(glua.OP_EQ, 2, 0, 0), jump(glua.OP_JMP, 0, 0)}},
		{"truth value", []uint32{abc(glua.OP_TEST, 0, 0, 2), jump(glua.OP_JMP, 0, 0)}},
		{"registers are none", []uint32{abc(glua.OP_LOADNIL, 0, 6, 0)}},
		{"registers are none", []uint32{abc(glua.OP_LOADNIL, 1, 0, 0)}},
		{"registers are none", []uint32{abc(glua.OP_CALL, 0, 1, 8)}},
		{"registers are none", []uint32{abc(glua.OP_CALL, 0, 511, 1)}},
		{"registers are none", []uint32{abc(glua.OP_VARARG, 0, 8, 0)}},
		{"registers are none", []uint32{abc(glua.OP_RETURN, 0, 511, 0)}},
		{"registers are none", []uint32{abc(glua.OP_TAILCALL, 0, 1, 2), abc(glua.OP_RETURN, 0, 0, 0)}},
		{"registers are none", []uint32{jump(glua.OP_FORLOOP, 197, -1)}},
		{"registers are none", []uint32{abc(glua.OP_TFORLOOP, 0, 0, 198), jump(glua.OP_JMP, 0, 0)}},
		{"registers are none", []uint32{abc(glua.OP_TFORLOOP, 0, 0, 0), jump(glua.OP_JMP, 0, 0)}},
		{"register is none", []uint32{abc(glua.OP_CLOSE, 201, 0, 0)}},
		{"fewer than two", []uint32{abc(glua.OP_CONCAT, 0, 1, 1)}},
		{"nothing takes", []uint32{open, abc(glua.OP_NOP, 0, 0, 0)}},
		{"nothing takes", []uint32{abc(glua.OP_VARARG, 0, 0, 0), abc(glua.OP_CALL, 0, 1, 1)}},
		{"nothing gives", []uint32{abc(glua.OP_CALL, 0, 0, 1)}},
		{"nothing gives", []uint32{abc(glua.OP_RETURN, 0, 0, 0)}},
		{"may be empty", []uint32{open, abc(glua.OP_CALL, 1, 0, 1)}},
		{"nothing gives", []uint32{open, abc(glua.OP_RETURN, 2, 0, 0)}},
		{"nothing gives", []uint32{abc(glua.OP_TEST, 0, 0, 0), jump(glua.OP_JMP, 0, 1), open, abc(glua.OP_CALL, 0, 0, 1)}},
	} {
		if err := encodeCode(t, c.code); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%x: %v, want %s", c.code, err, c.want)
		}
	}
}

// encodeCode gives what Encode says of a function with the code and a return
// behind it.
func encodeCode(t *testing.T, code []uint32) error {
	t.Helper()
	p, err := compile(`local a, b return function() end, function() return a, b end`)
	if err != nil {
		t.Fatal(err)
	}
	p.NumUsedRegisters = 6
	p.Constants = []glua.LValue{glua.LString("text"), glua.LNumber(1)}
	setTexts(p)
	p.Code = append(code[:len(code):len(code)], abc(glua.OP_RETURN, 0, 1, 0))
	p.DbgSourcePositions = make([]int, len(p.Code))
	_, err = Encode(p)
	return err
}

func TestVerifyAccepts(t *testing.T) {
	for name, code := range map[string][]uint32{
		"nothing":                  nil,
		"a closure above the rest": {abx(glua.OP_CLOSURE, 250, 0), abc(glua.OP_NOT, 0, 250, 0)},
		"a variable that is closed": {abx(glua.OP_CLOSURE, 0, 1), abc(glua.OP_MOVE, 0, 2, 0), abc(glua.OP_MOVE, 0, 3, 0),
			abc(glua.OP_CLOSE, 2, 0, 0), abc(glua.OP_CALL, 0, 1, 1)},
		"a copy of nothing":        {abc(glua.OP_CALL, 0, 1, 1), abc(glua.OP_MOVE, 1, 0, 0)},
		"a call in brackets":       {abc(glua.OP_CALL, 0, 1, 2), abc(glua.OP_RETURN, 0, 0, 0)},
		"a key in a register":      {abx(glua.OP_LOADK, 1, 0), abc(glua.OP_MOVE, 2, 1, 0), abc(glua.OP_GETTABLEKS, 0, 0, 2)},
		"a jump that is none":      {abc(glua.OP_EQ, 0, 0, 1), abc(glua.OP_NOP, 0, 0, 0)},
		"a loop that ends nowhere": {jump(glua.OP_JMP, 0, -1)},
		"what cannot be reached":   {abc(glua.OP_RETURN, 0, 1, 0), abc(glua.OP_NOT, 0, 200, 0)},
	} {
		if err := encodeCode(t, code); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
