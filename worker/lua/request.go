package lua

import (
	"strings"

	glua "github.com/yuin/gopher-lua"

	"picloud/worker/wire"
)

// field is a table's key with its value. Tables are filled from lists of them,
// never from a Go map: a script that goes over a table must see the same order
// on every run.
type field struct {
	name  string
	value glua.LValue
}

func object(fields ...field) *glua.LTable {
	t := &glua.LTable{Metatable: glua.LNil}
	for _, f := range fields {
		t.RawSetString(f.name, f.value)
	}
	return t
}

// requestContext makes the table ctx.
func requestContext(job *wire.Job) *glua.LTable {
	r := job.Request
	return object(
		field{"request", object(
			field{"method", glua.LString(r.Method)},
			field{"path", glua.LString(r.Path)},
			field{"query", pairs(r.Query, func(name string) string { return name })},
			field{"headers", pairs(r.Headers, strings.ToLower)},
			field{"body", glua.LString(r.Body)},
		)},
		field{"script", object(
			field{"name", glua.LString(job.ScriptName)},
			field{"version", glua.LNumber(job.Version)},
		)},
		field{"invocation_id", glua.LString(job.InvocationID)},
	)
}

func pairs(list []wire.Pair, name func(string) string) *glua.LTable {
	t := &glua.LTable{Metatable: glua.LNil}
	for _, p := range list {
		t.RawSetString(name(p.Name), glua.LString(p.Value))
	}
	return t
}
