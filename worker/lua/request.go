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
	t := emptyObject()
	for _, f := range fields {
		t.RawSetString(f.name, f.value)
	}
	return t
}

// emptyObject is a table for which gopher-lua need not make room first: it would
// for 32 keys.
func emptyObject() *glua.LTable {
	var L glua.LState
	return L.CreateTable(0, 8)
}

// requestContext is the table ctx with those in it. It is built before there is a
// job, which then fills it in.
type requestContext struct{ ctx, request, query, headers, script *glua.LTable }

func newRequestContext() requestContext {
	c := requestContext{
		query:   emptyObject(),
		headers: emptyObject(),
		script: object(
			field{"name", glua.LString("")},
			field{"version", glua.LNumber(0)},
		),
	}
	c.request = object(
		field{"method", glua.LString("")},
		field{"path", glua.LString("")},
		field{"query", c.query},
		field{"headers", c.headers},
		field{"body", glua.LString("")},
	)
	c.ctx = object(
		field{"request", c.request},
		field{"script", c.script},
		field{"invocation_id", glua.LString("")},
	)
	return c
}

// fill puts a job's values into the fields.
func (c *requestContext) fill(job *wire.Job) {
	c.ctx.RawSetString("invocation_id", glua.LString(job.InvocationID))
	c.script.RawSetString("name", glua.LString(job.ScriptName))
	c.script.RawSetString("version", glua.LNumber(job.Version))
	r := &job.Request
	c.request.RawSetString("method", glua.LString(r.Method))
	c.request.RawSetString("path", glua.LString(r.Path))
	c.request.RawSetString("body", glua.LString(r.Body))
	for _, p := range r.Query {
		c.query.RawSetString(p.Name, glua.LString(p.Value))
	}
	for _, p := range r.Headers {
		c.headers.RawSetString(strings.ToLower(p.Name), glua.LString(p.Value))
	}
}
