package lua

import (
	"errors"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/bytecode"
	"picloud/worker/lua/syntax"
	"picloud/worker/wire"
)

// load gives a job's script as the VM runs it.
func (in *Interpreter) load(job *wire.Job) (*glua.FunctionProto, error) {
	if len(job.Compiled) > 0 {
		proto, err := bytecode.Decode(job.Compiled)
		if err == nil && proto.SourceName != in.chunk { // it stands in each error, of whatever length it is
			return nil, errors.New("the form is another script's")
		}
		return proto, err
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
