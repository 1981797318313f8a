package lua

import (
	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/bytecode"
	"picloud/worker/lua/syntax"
	"picloud/worker/wire"
)

// load gives a job's script as the VM runs it.
func (in *Interpreter) load(job *wire.Job) (*glua.FunctionProto, error) {
	if len(job.Compiled) > 0 {
		return bytecode.Decode(job.Compiled)
	}
	return syntax.Compile(job.Source, in.chunk, int(job.Limits.MaxExprDepth))
}

// formOf answers a Compile.
func formOf(proto *glua.FunctionProto) *wire.Result {
	form, err := bytecode.Encode(proto)
	if err != nil || len(form) > wire.MaxCompiled {
		form = nil
	}
	return &wire.Result{Status: wire.StatusOK, Compiled: form}
}
