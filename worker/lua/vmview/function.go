package vmview

import (
	"unsafe"

	glua "github.com/yuin/gopher-lua"
)

// Function mirrors FunctionProto: a compiled function.
type Function struct {
	SourceName         string
	LineDefined        int
	LastLineDefined    int
	NumUpvalues        uint8
	NumParameters      uint8
	IsVarArg           uint8
	NumUsedRegisters   uint8
	Code               []uint32
	Constants          []glua.LValue
	FunctionPrototypes []*glua.FunctionProto

	DbgSourcePositions []int
	DbgLocals          []*glua.DbgLocalInfo
	DbgCalls           []glua.DbgCall
	DbgUpvalues        []string

	stringConstants []string
}

// FunctionOf gives the view of a compiled function.
func FunctionOf(p *glua.FunctionProto) *Function { return (*Function)(unsafe.Pointer(p)) }

// StringConstants are the constants once more, for the instructions whose
// constant is a string for sure: those that are strings, and "" for the others.
func (f *Function) StringConstants() []string { return f.stringConstants }

// SetStringConstants gives a function that was not made by gopher-lua's compiler what
// StringConstants is to give. There has to be one for every constant.
func (f *Function) SetStringConstants(list []string) { f.stringConstants = list }
