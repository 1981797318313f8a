package lua

import (
	"errors"
	"runtime"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/lua/bytecode"
	"picloud/worker/lua/syntax"
	"picloud/worker/wire"
)

// load gives a job's script as the VM runs it, the functions in it as yet without code
// if there is a form of it: see missing.
func (in *Interpreter) load(job *wire.Job) (proto *glua.FunctionProto, err error) {
	if len(job.Compiled) > 0 {
		proto, in.longest, err = bytecode.Decode(job.Compiled)
		if err == nil && proto.SourceName != in.chunk { // it stands in each error, of whatever length it is
			return nil, errors.New("the form is another script's")
		}
		return proto, err
	}
	if proto, err = syntax.Compile(job.Source, in.chunk, int(job.Limits.MaxExprDepth)); err == nil {
		in.longest = longestConstant(proto)
	}
	return proto, err
}

// missing adds a function's code, which is wanted for the first time. If there is
// none, the form is not one, and what has run of it is as if it had not.
func (in *Interpreter) missing(proto *glua.FunctionProto) {
	if len(proto.Code) > 0 {
		panic("an instruction leads behind the last") // or it would be done again for ever
	}
	if in.noForm = bytecode.Complete(proto); in.noForm != nil {
		runtime.Goexit()
	}
}

// formOf answers a Compile.
func formOf(proto *glua.FunctionProto) *wire.Result {
	form, err := bytecode.Encode(proto)
	if err != nil || len(form) > wire.MaxCompiled {
		form = nil
	}
	return &wire.Result{Status: wire.StatusOK, Compiled: form}
}
