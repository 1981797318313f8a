package lua

import (
	lua "github.com/yuin/gopher-lua"

	"picloud/worker/wire"
)

// requestContext makes the global ctx.
func (in *Interpreter) requestContext(job *wire.Job) *lua.LTable {
	request := in.state.NewTable()
	request.RawSetString("method", lua.LString(job.Request.Method))
	request.RawSetString("path", lua.LString(job.Request.Path))
	request.RawSetString("query", in.pairsTable(job.Request.Query))
	request.RawSetString("headers", in.pairsTable(job.Request.Headers))
	request.RawSetString("body", lua.LString(job.Request.Body))

	script := in.state.NewTable()
	script.RawSetString("name", lua.LString(job.ScriptName))
	script.RawSetString("version", lua.LNumber(job.Version))

	ctx := in.state.NewTable()
	ctx.RawSetString("request", request)
	ctx.RawSetString("script", script)
	ctx.RawSetString("invocation_id", lua.LString(job.InvocationID))
	return ctx
}

func (in *Interpreter) pairsTable(pairs []wire.Pair) *lua.LTable {
	t := in.state.NewTable()
	for _, p := range pairs {
		t.RawSetString(p.Name, lua.LString(p.Value))
	}
	return t
}
