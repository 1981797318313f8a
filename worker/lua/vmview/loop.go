package vmview

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	_ "unsafe" // for go:linkname

	glua "github.com/yuin/gopher-lua"
)

// Loop executes instructions of a thread until the function returns that was
// running when it was called, or the thread yields. That function may be a
// library function. base is its frame, nil for a thread's first function.
type Loop func(L *glua.LState, base *Frame)

// ReplaceLoop makes the thread use another loop, and gives the one it had.
// LState.SetContext and LState.RemoveContext put gopher-lua's own back.
//
// gopher-lua's own loop has a place to stop at each instruction, the context's
// Done method, but asking it costs more than most instructions do, and it cannot
// tell the VM that an instruction is done already.
func (s *State) ReplaceLoop(loop Loop) (old Loop) {
	old, s.mainLoop = s.mainLoop, loop
	return old
}

type instruction func(L *glua.LState, inst uint32, base *Frame) int

// instructions is gopher-lua's own table of what each opcode does. It is filled
// when that package is initialised and never changes.
//
//go:linkname instructions github.com/yuin/gopher-lua.jumpTable
var instructions [glua.OP_NOP + 1]instruction

// Execute does one instruction, as gopher-lua's own loop does: the instruction
// is inst, its opcode stands in the uppermost six bits, the running frame's Pc is
// behind it already. The loop is to return if ended is true.
func Execute(L *glua.LState, inst uint32, base *Frame) (ended bool) {
	return instructions[inst>>26](L, inst, base) == 1
}

// Version is the version of gopher-lua that all this is known for: also what
// cannot be compared at run time, which is the signature of an instruction and
// what each instruction does.
const Version = "v1.1.2"

// complete reports what is wrong with a table of instructions. The source files
// that the linker noted bear the module's version, unless it was vendored.
func complete(table []instruction) error {
	for op, f := range table {
		if f == nil {
			return fmt.Errorf("opcode %d does nothing", op)
		}
	}
	f := runtime.FuncForPC(reflect.ValueOf(table[0]).Pointer())
	if !strings.HasPrefix(f.Name(), "github.com/yuin/gopher-lua.") {
		return errors.New("its table of instructions is gone")
	}
	file, _ := f.FileLine(f.Entry())
	if _, rest, ok := strings.Cut(file, "gopher-lua@"); ok && !strings.HasPrefix(rest, Version+"/") {
		return fmt.Errorf("it was built from %s", rest)
	}
	return nil
}
